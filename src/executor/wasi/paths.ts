/** The path_* functions of WASI preview 1. */
import { requireNode } from './descriptors.ts'
import { Errno, fail } from './errno.ts'
import type { WasiFunctions, WasiHost } from './host.ts'
import type { FsNode } from './nodes.ts'
import { existing, linkPath, makeDirectory, makeLink, openPath, readLink, removeDirectory, renamePath, unlinkFile } from './path-operations.ts'
import { writeStat } from './records.ts'
import { DIRECTORY_RIGHTS, FILE_RIGHTS, FdFlag, OpenFlag, Right } from './rights.ts'

const FOLLOW = 1
const encoder = new TextEncoder()

export function pathFunctions (host: WasiHost): WasiFunctions {
  const { memory, descriptors, fs } = host
  const top = (fd: number, right: bigint): FsNode => requireNode(descriptors.get(fd, right))

  return {
    path_create_directory: (fd: number, path: number, length: number) => {
      makeDirectory(fs, top(fd, Right.PATH_CREATE_DIRECTORY), memory.path(path, length))
    },
    path_filestat_get: (fd: number, flags: number, path: number, length: number, result: number) => {
      writeStat(memory, result, existing(top(fd, Right.PATH_FILESTAT_GET), memory.path(path, length), (flags & FOLLOW) !== 0))
    },
    path_filestat_set_times: (fd: number, flags: number, path: number, length: number, accessed: bigint, modified: bigint, timeFlags: number) => {
      fs.setTimes(existing(top(fd, Right.PATH_FILESTAT_SET_TIMES), memory.path(path, length), (flags & FOLLOW) !== 0), accessed, modified, timeFlags)
    },
    path_link: (fromFd: number, flags: number, from: number, fromLength: number, toFd: number, to: number, toLength: number) => {
      descriptors.get(fromFd, Right.PATH_LINK_SOURCE)
      descriptors.get(toFd, Right.PATH_LINK_TARGET)
      if ((flags & FOLLOW) !== 0) fail(Errno.INVAL)
      linkPath(top(fromFd, Right.PATH_LINK_SOURCE), memory.path(from, fromLength), top(toFd, Right.PATH_LINK_TARGET), memory.path(to, toLength))
    },
    path_open: (fd: number, flags: number, path: number, length: number, openFlags: number, rights: bigint, inheriting: bigint, fdFlags: number, result: number) => {
      const opened = open(host, fd, (flags & FOLLOW) !== 0, memory.path(path, length), openFlags, BigInt.asUintN(64, rights), BigInt.asUintN(64, inheriting), fdFlags)
      memory.setU32(result, opened)
    },
    path_readlink: (fd: number, path: number, length: number, buffer: number, size: number, result: number) => {
      const target = readLink(top(fd, Right.PATH_READLINK), memory.path(path, length))
      const text = encoder.encode(target).subarray(0, size >>> 0)
      memory.bytes(buffer, text.length).set(text)
      memory.setU32(result, text.length)
    },
    path_remove_directory: (fd: number, path: number, length: number) => {
      removeDirectory(fs, top(fd, Right.PATH_REMOVE_DIRECTORY), memory.path(path, length))
    },
    path_rename: (fromFd: number, from: number, fromLength: number, toFd: number, to: number, toLength: number) => {
      descriptors.get(fromFd, Right.PATH_RENAME_SOURCE)
      descriptors.get(toFd, Right.PATH_RENAME_TARGET)
      renamePath(fs, top(fromFd, Right.PATH_RENAME_SOURCE), memory.path(from, fromLength), top(toFd, Right.PATH_RENAME_TARGET), memory.path(to, toLength))
    },
    path_symlink: (target: number, targetLength: number, fd: number, path: number, length: number) => {
      makeLink(fs, memory.path(target, targetLength), top(fd, Right.PATH_SYMLINK), memory.path(path, length))
    },
    path_unlink_file: (fd: number, path: number, length: number) => {
      unlinkFile(fs, top(fd, Right.PATH_UNLINK_FILE), memory.path(path, length))
    },
  }
}

function open ({ fs, descriptors }: WasiHost, fd: number, follow: boolean, path: string, flags: number, rights: bigint, inheriting: bigint, fdFlags: number): number {
  const through = descriptors.get(fd, Right.PATH_OPEN)
  if ((fdFlags & FdFlag.UNSUPPORTED) !== 0) fail(Errno.NOTSUP)
  const node = openPath(fs, requireNode(through), path, {
    follow,
    create: (flags & OpenFlag.CREAT) !== 0,
    directory: (flags & OpenFlag.DIRECTORY) !== 0,
    exclusive: (flags & OpenFlag.EXCL) !== 0,
    truncate: (flags & OpenFlag.TRUNC) !== 0,
    write: (rights & Right.FD_WRITE) !== 0n,
    mayCreate: (through.rights & Right.PATH_CREATE_FILE) !== 0n,
    mayTruncate: (through.rights & Right.PATH_FILESTAT_SET_SIZE) !== 0n,
  })
  const base = node.kind === 'directory' ? DIRECTORY_RIGHTS : FILE_RIGHTS
  const inherited = node.kind === 'directory' ? DIRECTORY_RIGHTS | FILE_RIGHTS : FILE_RIGHTS
  try {
    return descriptors.add({
      target: node, position: 0, flags: fdFlags, rights: rights & through.inheriting & base, inheriting: inheriting & through.inheriting & inherited,
    })
  } catch (thrown) {
    if (node.kind === 'file') fs.letGo(node)
    throw thrown
  }
}
