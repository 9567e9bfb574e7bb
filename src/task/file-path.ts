/** Paths of files in a program's root: relative, with `/` between names that are neither empty nor dots. */
import { MAX_FILE_NAME_BYTES, MAX_FILE_PATH_BYTES, MAX_FILE_PATH_DEPTH } from '../limits.ts'

/** The path without the `/` or `./` that people write in front. */
export function relativePath (path: string): string {
  return path.replace(/^(?:\.?\/)+/, '')
}

/** What keeps `path` from naming a file, as the part of a message behind "found"; undefined when it can. */
export function filePathFault (path: string): string | undefined {
  if (path === '') return 'no name'
  const bytes = Buffer.byteLength(path)
  if (bytes > MAX_FILE_PATH_BYTES) return `a path of ${bytes} bytes, allowed: ${MAX_FILE_PATH_BYTES}`
  if (/\p{Cc}/u.test(path)) return 'a control character in a path'
  if (path.includes('\\')) return 'a backslash in a path, allowed: / between folders'
  const names = path.split('/')
  if (names.includes('..')) return 'a path with "..", allowed: paths below the program\'s root'
  if (names.includes('') || names.includes('.')) return 'a path with an empty name or "."'
  if (names.some((name) => Buffer.byteLength(name) > MAX_FILE_NAME_BYTES)) return `a name of more than ${MAX_FILE_NAME_BYTES} bytes in a path`
  return names.length > MAX_FILE_PATH_DEPTH ? `a path of ${names.length} names, allowed: ${MAX_FILE_PATH_DEPTH}` : undefined
}

/** Says of the first of `paths` that is there twice, or is also a folder on the way to another, what is wrong. */
export function pathConflict (paths: readonly string[]): { index: number, problem: string } | undefined {
  const files = new Set<string>()
  for (const [index, path] of paths.entries()) {
    if (files.has(path)) return { index, problem: 'a path that another file has' }
    files.add(path)
  }
  const index = paths.findIndex((path) => foldersOf(path).some((folder) => files.has(folder)))
  return index < 0 ? undefined : { index, problem: 'a path through another file, which is no folder' }
}

function foldersOf (path: string): string[] {
  const names = path.split('/')
  return names.slice(1).map((_, count) => names.slice(0, count + 1).join('/'))
}
