/** The path_* functions of WASI preview 1. */
import { requireNode } from './descriptors.ts'
import { Errno, fail } from './errno.ts'
import type { WasiFunctions, WasiHost } from './host.ts'
import type { DirectoryNode, FsNode } from './nodes.ts'
import { writeStat } from './records.ts'
import { DIRECTORY_RIGHTS, FILE_RIGHTS, FdFlag, OpenFlag, Right } from './rights.ts'
import { type Walked, walk } from './walk.ts'

const FOLLOW = 1
const encoder = new TextEncoder()

export function pathFunctions (host: WasiHost): WasiFunctions {
  const { memory, descriptors, fs } = host
  const find = (fd: number, right: bigint, path: number, length: number, follow = false): Walked =>
    walk(requireNode(descriptors.get(fd, right)), memory.path(path, length), follow)
  const existing = (walked: Walked): FsNode => walked.node ?? fail(Errno.NOENT)

  return {
    path_create_directory: (fd: number, path: number, length: number) => {
      const { parent, name, node } = find(fd, Right.PATH_CREATE_DIRECTORY, path, length)
      if (node !== undefined) fail(Errno.EXIST)
      fs.createDirectory(parent, name)
    },
    path_filestat_get: (fd: number, flags: number, path: number, length: number, result: number) => {
      writeStat(memory, result, existing(find(fd, Right.PATH_FILESTAT_GET, path, length, (flags & FOLLOW) !== 0)))
    },
    path_filestat_set_times: (fd: number, flags: number, path: number, length: number, accessed: bigint, modified: bigint, timeFlags: number) => {
      fs.setTimes(existing(find(fd, Right.PATH_FILESTAT_SET_TIMES, path, length, (flags & FOLLOW) !== 0)), accessed, modified, timeFlags)
    },
    path_link: (fromFd: number, flags: number, from: number, fromLength: number, toFd: number, to: number, toLength: number) => {
      descriptors.get(fromFd, Right.PATH_LINK_SOURCE)
      descriptors.get(toFd, Right.PATH_LINK_TARGET)
      if ((flags & FOLLOW) !== 0) fail(Errno.INVAL)
      const source = find(fromFd, Right.PATH_LINK_SOURCE, from, fromLength)
      const target = find(toFd, Right.PATH_LINK_TARGET, to, toLength)
      const node = existing(source)
      if (source.slash && node.kind !== 'directory') fail(Errno.NOTDIR)
      if (target.node !== undefined) fail(Errno.EXIST)
      if (node.kind === 'directory') fail(Errno.PERM)
      if (target.slash) fail(Errno.NOENT)
      target.parent.entries.set(target.name, node)
      node.links++
    },
    path_open: (fd: number, flags: number, path: number, length: number, openFlags: number, rights: bigint, inheriting: bigint, fdFlags: number, result: number) => {
      const opened = open(host, fd, (flags & FOLLOW) !== 0, memory.path(path, length), openFlags, BigInt.asUintN(64, rights), BigInt.asUintN(64, inheriting), fdFlags)
      memory.setU32(result, opened)
    },
    path_readlink: (fd: number, path: number, length: number, buffer: number, size: number, result: number) => {
      const node = existing(find(fd, Right.PATH_READLINK, path, length))
      if (node.kind !== 'symlink') return fail(Errno.INVAL)
      const text = encoder.encode(node.target).subarray(0, size >>> 0)
      memory.bytes(buffer, text.length).set(text)
      memory.setU32(result, text.length)
    },
    path_remove_directory: (fd: number, path: number, length: number) => {
      const { parent, name, node } = find(fd, Right.PATH_REMOVE_DIRECTORY, path, length)
      if (node === undefined) return fail(Errno.NOENT)
      if (node.kind !== 'directory') return fail(Errno.NOTDIR)
      if (name === '.' || name === '..') fail(Errno.INVAL)
      if (node.entries.size > 0) fail(Errno.NOTEMPTY)
      parent.entries.delete(name)
      fs.drop(node)
    },
    path_rename: (fromFd: number, from: number, fromLength: number, toFd: number, to: number, toLength: number) => {
      descriptors.get(fromFd, Right.PATH_RENAME_SOURCE)
      descriptors.get(toFd, Right.PATH_RENAME_TARGET)
      rename(host, find(fromFd, Right.PATH_RENAME_SOURCE, from, fromLength), find(toFd, Right.PATH_RENAME_TARGET, to, toLength))
    },
    path_symlink: (target: number, targetLength: number, fd: number, path: number, length: number) => {
      const text = memory.path(target, targetLength)
      if (text === '') fail(Errno.NOENT)
      if (text.startsWith('/')) fail(Errno.PERM)
      const { parent, name, node, slash } = find(fd, Right.PATH_SYMLINK, path, length)
      if (node !== undefined) fail(Errno.EXIST)
      if (slash) fail(Errno.NOENT)
      fs.createLink(parent, name, text)
    },
    path_unlink_file: (fd: number, path: number, length: number) => {
      const { parent, name, node, slash } = find(fd, Right.PATH_UNLINK_FILE, path, length)
      if (node === undefined) return fail(Errno.NOENT)
      if (node.kind === 'directory') fail(Errno.ISDIR)
      if (slash) fail(Errno.NOTDIR)
      parent.entries.delete(name)
      fs.drop(node)
    },
  }
}

function open (host: WasiHost, fd: number, follow: boolean, path: string, flags: number, rights: bigint, inheriting: bigint, fdFlags: number): number {
  const { fs, descriptors } = host
  const through = descriptors.get(fd, Right.PATH_OPEN)
  if ((fdFlags & FdFlag.UNSUPPORTED) !== 0) fail(Errno.NOTSUP)
  const walked = walk(requireNode(through), path, follow)
  const create = (flags & OpenFlag.CREAT) !== 0
  const directory = (flags & OpenFlag.DIRECTORY) !== 0
  const truncate = (flags & OpenFlag.TRUNC) !== 0
  if (create && directory) fail(Errno.INVAL)
  if (truncate && (through.rights & Right.PATH_FILESTAT_SET_SIZE) === 0n) fail(Errno.NOTCAPABLE)

  let { node } = walked
  if (node === undefined) {
    if (!create) fail(Errno.NOENT)
    if (walked.slash) fail(Errno.ISDIR)
    if ((through.rights & Right.PATH_CREATE_FILE) === 0n) fail(Errno.NOTCAPABLE)
    node = fs.createFile(walked.parent, walked.name)
  } else {
    if (create && (flags & OpenFlag.EXCL) !== 0) fail(Errno.EXIST)
    if (node.kind === 'symlink') fail(directory ? Errno.NOTDIR : Errno.LOOP)
    if (directory && node.kind !== 'directory') fail(Errno.NOTDIR)
    if (node.kind === 'directory' && (truncate || create || (rights & Right.FD_WRITE) !== 0n)) fail(Errno.ISDIR)
    if (truncate && node.kind === 'file') fs.resize(node, 0)
  }
  const base = node.kind === 'directory' ? DIRECTORY_RIGHTS : FILE_RIGHTS
  const inherited = node.kind === 'directory' ? DIRECTORY_RIGHTS | FILE_RIGHTS : FILE_RIGHTS
  return descriptors.add({
    target: node, position: 0, flags: fdFlags, rights: rights & through.inheriting & base, inheriting: inheriting & through.inheriting & inherited,
  })
}

function rename ({ fs }: WasiHost, source: Walked, target: Walked): void {
  const moved = source.node ?? fail(Errno.NOENT)
  if ((source.slash || target.slash) && moved.kind !== 'directory') fail(Errno.NOTDIR)
  if (source.name === '.' || source.name === '..') fail(Errno.INVAL)
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
