/** Resolves paths below a directory descriptor; nothing leads above it, through links neither. */
import { Errno, fail } from './errno.ts'
import type { DirectoryNode, FsNode } from './nodes.ts'

const MAX_LINKS_FOLLOWED = 32
const MAX_NAME_LENGTH = 255

export interface Walked {
  parent: DirectoryNode
  /** Last name of the path; `.` and `..` for the directories they stand for. */
  name: string
  /** Undefined when there is nothing of this name. */
  node: FsNode | undefined
  /** The path ends with a slash: it must name a directory. */
  slash: boolean
}

const segments = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.')

/** `follow`: a symbolic link at the end stands for its target. */
export function walk (top: FsNode, path: string, follow: boolean): Walked {
  if (path.startsWith('/')) fail(Errno.PERM)
  if (path === '') fail(Errno.NOENT)
  if (top.kind !== 'directory') fail(Errno.NOTDIR)
  const slash = path.endsWith('/')
  const above: DirectoryNode[] = []
  let rest = segments(path)
  let current: DirectoryNode = top
  let found: Walked = { parent: top, name: '.', node: top, slash }
  let followed = 0

  while (true) {
    const name = rest.shift()
    if (name === undefined) break
    const last = rest.length === 0
    if (name === '..') {
      current = above.pop() ?? fail(Errno.PERM)
      found = { parent: above.at(-1) ?? current, name, node: current, slash }
      continue
    }
    if (name.length > MAX_NAME_LENGTH) fail(Errno.NAMETOOLONG)
    const node = current.entries.get(name)
    found = { parent: current, name, node, slash }
    if (node === undefined) {
      if (!last) fail(Errno.NOENT)
      return found
    }
    if (node.kind === 'symlink' && (!last || follow)) {
      if (++followed > MAX_LINKS_FOLLOWED) fail(Errno.LOOP)
      if (node.target.startsWith('/')) fail(Errno.PERM)
      rest = [...segments(node.target), ...rest]
      if (rest.length === 0) found = { parent: current, name: '.', node: current, slash }
      continue
    }
    if (last) break
    if (node.kind !== 'directory') fail(node.kind === 'symlink' ? Errno.LOOP : Errno.NOTDIR)
    above.push(current)
    current = node
  }
  if (slash && found.node?.kind === 'file') fail(Errno.NOTDIR)
  return found
}
