/** The files of a task in a program's root: placed there before it starts, read when it has ended. */
import { CorebrumError } from '../../errors.ts'
import type { GuestFile } from '../abi/guest.ts'
import { WasiError } from './errno.ts'
import { type DirectoryNode, type FileNode, type FileSystem, nodeSize } from './nodes.ts'
import { walk } from './walk.ts'

/** Names that a message lists of what a root holds. */
const LISTED_FILES = 20
const LISTED_PATH_CHARS = 100

/** Puts files below the root, with the folders on their way. Throws ERR_INPUT when one has no place or there is no room. */
export function placeFiles (fs: FileSystem, files: readonly GuestFile[]): void {
  for (const { path, bytes } of files) {
    try {
      placeFile(fs, path, bytes)
    } catch (thrown) {
      if (!(thrown instanceof WasiError)) throw thrown
      throw new CorebrumError('ERR_INPUT', `the file ${JSON.stringify(path)} of ${bytes.length} bytes does not fit into the program's root beside the others`)
    }
  }
}

function placeFile (fs: FileSystem, path: string, bytes: Uint8Array): void {
  const folders = path.split('/')
  const name = folders.pop() ?? ''
  let parent = fs.root
  for (const folder of folders) {
    const node = parent.entries.get(folder) ?? fs.createDirectory(parent, folder)
    if (node.kind !== 'directory') throw new CorebrumError('ERR_INPUT', `the file ${JSON.stringify(path)} has no place: ${JSON.stringify(folder)} is a file`)
    parent = node
  }
  if (parent.entries.has(name)) throw new CorebrumError('ERR_INPUT', `the file ${JSON.stringify(path)} is there already`)
  fs.createFile(parent, name, bytes)
}

/** What the file holds, through links too; undefined where there is none. A view, good for as long as the call's outputs are. */
export function readFile (fs: FileSystem, path: string): Uint8Array | undefined {
  const file = findFile(fs, path)
  return file?.data.subarray(0, file.length)
}

function findFile (fs: FileSystem, path: string): FileNode | undefined {
  try {
    const { node } = walk(fs.root, path, true)
    return node?.kind === 'file' ? node : undefined
  } catch (thrown) {
    if (thrown instanceof WasiError) return undefined
    throw thrown
  }
}

/** Bytes of all files that can be reached; one with two names counts once. */
export function sizeOfFiles (fs: FileSystem): number {
  if (fs.root.entries.size === 0) return 0
  const files = new Set<FileNode>()
  visit(fs.root, (_path, file) => { files.add(file) })
  return [...files].reduce((sum, file) => sum + nodeSize(file), 0)
}

/** The files of a root in words, for a message. */
export function describeFiles (fs: FileSystem): string {
  const paths: string[] = []
  visit(fs.root, (path) => { paths.push(path) })
  if (paths.length === 0) return 'there are no files'
  const listed = paths.sort().slice(0, LISTED_FILES).join(', ')
  return `there ${paths.length === 1 ? 'is' : 'are'} ${listed}${paths.length > LISTED_FILES ? `, and ${paths.length - LISTED_FILES} more` : ''}`
}

/** A program can nest folders as deep as it has nodes: this keeps its own stack, and cuts long paths. */
function visit (root: DirectoryNode, see: (path: string, file: FileNode) => void): void {
  const open: Array<{ directory: DirectoryNode, prefix: string }> = [{ directory: root, prefix: '' }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const [name, node] of next.directory.entries) {
      const path = `${next.prefix}${name}`.slice(0, LISTED_PATH_CHARS)
      if (node.kind === 'file') see(path, node)
      else if (node.kind === 'directory') open.push({ directory: node, prefix: `${path}/` })
    }
  }
}
