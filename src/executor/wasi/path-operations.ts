/** What programs do with paths, below a node that stands for a directory of theirs; each throws WasiError. No descriptors, no rights. */
import { Errno, fail } from './errno.ts'
import type { DirectoryNode, FileSystem, FsNode } from './nodes.ts'
import { type Walked, walk } from './walk.ts'

export interface OpenHow {
  follow: boolean
  create: boolean
  directory: boolean
  exclusive: boolean
  truncate: boolean
  /** The program wants to write. */
  write: boolean
  mayCreate: boolean
  mayTruncate: boolean
}

export function existing (top: FsNode, path: string, follow: boolean): FsNode {
  return walk(top, path, follow).node ?? fail(Errno.NOENT)
}

export function makeDirectory (fs: FileSystem, top: FsNode, path: string): void {
  const { parent, name, node } = walk(top, path, false)
  if (node !== undefined) fail(Errno.EXIST)
  fs.createDirectory(parent, name)
}

/** Opens or makes a file, or opens a directory. A file is held until `FileSystem.letGo`. */
export function openPath (fs: FileSystem, top: FsNode, path: string, how: OpenHow): FsNode {
  const node = findOrMake(fs, top, path, how)
  if (node.kind === 'file') fs.hold(node)
  return node
}

function findOrMake (fs: FileSystem, top: FsNode, path: string, how: OpenHow): FsNode {
  const { parent, name, node, slash } = walk(top, path, how.follow)
  if (how.create && how.directory) fail(Errno.INVAL)
  if (how.truncate && !how.mayTruncate) fail(Errno.NOTCAPABLE)
  if (node === undefined) {
    if (!how.create) fail(Errno.NOENT)
    if (slash) fail(Errno.ISDIR)
    if (!how.mayCreate) fail(Errno.NOTCAPABLE)
    return fs.createFile(parent, name)
  }
  if (how.create && how.exclusive) fail(Errno.EXIST)
  if (node.kind === 'symlink') fail(how.directory ? Errno.NOTDIR : Errno.LOOP)
  if (how.directory && node.kind !== 'directory') fail(Errno.NOTDIR)
  if (node.kind === 'directory' && (how.truncate || how.create || how.write)) fail(Errno.ISDIR)
  if (how.truncate && node.kind === 'file') fs.resize(node, 0)
  return node
}

export function readLink (top: FsNode, path: string): string {
  const node = existing(top, path, false)
  return node.kind === 'symlink' ? node.target : fail(Errno.INVAL)
}

/** One more name for a file. */
export function linkPath (fromTop: FsNode, from: string, toTop: FsNode, to: string): void {
  const source = walk(fromTop, from, false)
  const target = walk(toTop, to, false)
  const node = source.node ?? fail(Errno.NOENT)
  if (source.slash && node.kind !== 'directory') fail(Errno.NOTDIR)
  if (target.node !== undefined) fail(Errno.EXIST)
  if (node.kind === 'directory') fail(Errno.PERM)
  if (target.slash) fail(Errno.NOENT)
  target.parent.entries.set(target.name, node)
  node.links++
}

/** A link to a path; absolute ones lead nowhere and are refused. */
export function makeLink (fs: FileSystem, target: string, top: FsNode, path: string): void {
  if (target === '') fail(Errno.NOENT)
  if (target.startsWith('/')) fail(Errno.PERM)
  const { parent, name, node, slash } = walk(top, path, false)
  if (node !== undefined) fail(Errno.EXIST)
  if (slash) fail(Errno.NOENT)
  fs.createLink(parent, name, target)
}

export function removeDirectory (fs: FileSystem, top: FsNode, path: string): void {
  const { parent, name, node } = walk(top, path, false)
  if (node === undefined) return fail(Errno.NOENT)
  if (node.kind !== 'directory') return fail(Errno.NOTDIR)
  if (name === '.' || name === '..') fail(Errno.INVAL)
  if (node.entries.size > 0) fail(Errno.NOTEMPTY)
  parent.entries.delete(name)
  fs.drop(node)
}

export function unlinkFile (fs: FileSystem, top: FsNode, path: string): void {
  const { parent, name, node, slash } = walk(top, path, false)
  if (node === undefined) return fail(Errno.NOENT)
  if (node.kind === 'directory') return fail(Errno.ISDIR)
  if (slash) fail(Errno.NOTDIR)
  parent.entries.delete(name)
  fs.drop(node)
}

export function renamePath (fs: FileSystem, fromTop: FsNode, from: string, toTop: FsNode, to: string): void {
  move(fs, walk(fromTop, from, false), walk(toTop, to, false))
}

function move (fs: FileSystem, source: Walked, target: Walked): void {
  const moved = source.node ?? fail(Errno.NOENT)
  if ((source.slash || target.slash) && moved.kind !== 'directory') fail(Errno.NOTDIR)
  if ([source.name, target.name].some((name) => name === '.' || name === '..')) fail(Errno.INVAL)
  if (moved === target.node) return
  if (moved.kind === 'directory' && isWithin(target.parent, moved)) fail(Errno.INVAL)
  if (target.node !== undefined) {
    requireReplaceable(moved, target.node)
    fs.drop(target.node)
  }
  source.parent.entries.delete(source.name)
  target.parent.entries.set(target.name, moved)
  if (moved.kind === 'directory') moved.parent = target.parent
}

function requireReplaceable (moved: FsNode, replaced: FsNode): void {
  if (moved.kind !== 'directory') {
    if (replaced.kind === 'directory') fail(Errno.ISDIR)
    return
  }
  if (replaced.kind !== 'directory') return fail(Errno.NOTDIR)
  if (replaced.entries.size > 0) fail(Errno.NOTEMPTY)
}

/** True when `directory` is `ancestor` or lies below it. */
function isWithin (directory: DirectoryNode, ancestor: DirectoryNode): boolean {
  for (let current = directory; ; current = current.parent) {
    if (current === ancestor) return true
    if (current.parent === current) return false
  }
}
