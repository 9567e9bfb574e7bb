/** The fd_* functions of WASI preview 1. */
import { type Descriptor, requireFile, toOffset } from './descriptors.ts'
import { Errno, fail } from './errno.ts'
import type { WasiFunctions, WasiHost } from './host.ts'
import { readDirectory, writeStat } from './records.ts'
import { FdFlag, FileType, Right } from './rights.ts'

const LAST_ADVICE = 5

export function fdFunctions (host: WasiHost): WasiFunctions {
  const { memory, descriptors, fs } = host
  return {
    fd_advise: (fd: number, offset: bigint, length: bigint, advice: number) => {
      const descriptor = descriptors.get(fd, Right.FD_ADVISE)
      if (descriptor.target.kind === 'directory') fail(Errno.BADF)
      if (advice >>> 0 > LAST_ADVICE) fail(Errno.INVAL)
      requireFile(descriptor)
      toOffset(offset)
      toOffset(length)
    },
    fd_allocate: (fd: number, offset: bigint, length: bigint) => {
      const file = requireFile(descriptors.get(fd, Right.FD_ALLOCATE))
      const end = toOffset(offset) + toOffset(length)
      if (end > file.length) fs.resize(file, end)
    },
    fd_close: (fd: number) => descriptors.close(fd),
    fd_datasync: (fd: number) => { descriptors.get(fd, Right.FD_DATASYNC) },
    fd_sync: (fd: number) => { descriptors.get(fd, Right.FD_SYNC) },
    fd_fdstat_get: (fd: number, result: number) => {
      const descriptor = descriptors.get(fd)
      const view = memory.view(result, 24)
      memory.bytes(result, 24).fill(0)
      view.setUint8(0, fileType(descriptor))
      view.setUint16(2, descriptor.flags, true)
      view.setBigUint64(8, descriptor.rights, true)
      view.setBigUint64(16, descriptor.inheriting, true)
    },
    fd_fdstat_set_flags: (fd: number, flags: number) => {
      const descriptor = descriptors.get(fd, Right.FD_FDSTAT_SET_FLAGS)
      if ((flags & ~FdFlag.ALL) !== 0) fail(Errno.INVAL)
      if ((flags & FdFlag.UNSUPPORTED) !== 0) fail(Errno.NOTSUP)
      descriptor.flags = flags
    },
    fd_fdstat_set_rights: (fd: number, rights: bigint, inheriting: bigint) => {
      const descriptor = descriptors.get(fd)
      const base = BigInt.asUintN(64, rights)
      const inherited = BigInt.asUintN(64, inheriting)
      if ((base & ~descriptor.rights) !== 0n || (inherited & ~descriptor.inheriting) !== 0n) fail(Errno.NOTCAPABLE)
      descriptor.rights = base
      descriptor.inheriting = inherited
    },
    fd_filestat_get: (fd: number, result: number) => writeStat(memory, result, descriptors.get(fd, Right.FD_FILESTAT_GET).target),
    fd_filestat_set_size: (fd: number, size: bigint) => {
      fs.resize(requireFile(descriptors.get(fd, Right.FD_FILESTAT_SET_SIZE)), toOffset(size))
    },
    fd_filestat_set_times: (fd: number, accessed: bigint, modified: bigint, flags: number) => {
      const { target } = descriptors.get(fd, Right.FD_FILESTAT_SET_TIMES)
      if (target.kind === 'stream') fail(Errno.INVAL)
      else fs.setTimes(target, accessed, modified, flags)
    },
    fd_pread: (fd: number, vectors: number, count: number, offset: bigint, result: number) => {
      const file = requireFile(descriptors.get(fd, Right.FD_READ))
      memory.setU32(result, fs.read(file, toOffset(offset), memory.vectors(vectors, count)))
    },
    fd_pwrite: (fd: number, vectors: number, count: number, offset: bigint, result: number) => {
      const descriptor = descriptors.get(fd, Right.FD_WRITE)
      const file = requireFile(descriptor)
      const start = (descriptor.flags & FdFlag.APPEND) !== 0 ? file.length : toOffset(offset)
      memory.setU32(result, writeAll(host, descriptor, memory.vectors(vectors, count), start))
    },
    fd_prestat_get: (fd: number, result: number) => {
      const name = descriptors.get(fd).preopened ?? fail(Errno.BADF)
      memory.setU32(result, 0)
      memory.setU32((result >>> 0) + 4, name.length)
    },
    fd_prestat_dir_name: (fd: number, path: number, length: number) => {
      const name = descriptors.get(fd).preopened ?? fail(Errno.BADF)
      if (length >>> 0 < name.length) fail(Errno.NAMETOOLONG)
      memory.bytes(path, name.length).set(name)
    },
    fd_read: (fd: number, vectors: number, count: number, result: number) => {
      const descriptor = descriptors.get(fd, Right.FD_READ)
      const targets = memory.vectors(vectors, count)
      if (descriptor.target.kind === 'stream') {
        memory.setU32(result, readStdin(host, targets))
        return
      }
      const read = fs.read(requireFile(descriptor), descriptor.position, targets)
      descriptor.position += read
      memory.setU32(result, read)
    },
    fd_write: (fd: number, vectors: number, count: number, result: number) => {
      const descriptor = descriptors.get(fd, Right.FD_WRITE)
      const sources = memory.vectors(vectors, count)
      if (descriptor.target.kind === 'stream') {
        const capture = descriptor.target.stream === 'stdout' ? host.guest.stdout : host.guest.logs
        let total = 0
        for (const source of sources) {
          capture.write(source)
          total += source.length
        }
        memory.setU32(result, total)
        return
      }
      const file = requireFile(descriptor)
      if ((descriptor.flags & FdFlag.APPEND) !== 0) descriptor.position = file.length
      const written = writeAll(host, descriptor, sources, descriptor.position)
      descriptor.position += written
      memory.setU32(result, written)
    },
    fd_readdir: (fd: number, buffer: number, length: number, cookie: bigint, result: number) => {
      const { target } = descriptors.get(fd, Right.FD_READDIR)
      if (target.kind !== 'directory') fail(Errno.NOTDIR)
      else memory.setU32(result, readDirectory(memory.bytes(buffer, length), target, BigInt.asUintN(64, cookie)))
    },
    fd_renumber: (from: number, to: number) => descriptors.renumber(from, to),
    fd_seek: (fd: number, offset: bigint, whence: number, result: number) => {
      const descriptor = descriptors.get(fd)
      const file = requireFile(descriptor)
      const tells = whence === 1 && offset === 0n
      if ((descriptor.rights & (tells ? Right.FD_SEEK | Right.FD_TELL : Right.FD_SEEK)) === 0n) fail(Errno.NOTCAPABLE)
      const bases = [0, descriptor.position, file.length]
      const base = bases[whence >>> 0] ?? fail(Errno.INVAL)
      descriptor.position = toOffset(BigInt(base) + offset)
      memory.setU64(result, BigInt(descriptor.position))
    },
    fd_tell: (fd: number, result: number) => {
      const descriptor = descriptors.get(fd)
      if (descriptor.target.kind === 'directory') fail(Errno.BADF)
      descriptors.get(fd, Right.FD_TELL)
      memory.setU64(result, BigInt(descriptor.position))
    },
  }
}

function fileType ({ target }: Descriptor): number {
  switch (target.kind) {
    case 'directory': return FileType.DIRECTORY
    case 'file': return FileType.REGULAR
    case 'symlink': return FileType.SYMLINK
    default: return FileType.UNKNOWN
  }
}

function readStdin (host: WasiHost, targets: Uint8Array[]): number {
  let total = 0
  for (const target of targets) {
    const part = host.guest.stdin.subarray(host.stdinPosition, host.stdinPosition + target.length)
    target.set(part)
    host.stdinPosition += part.length
    total += part.length
  }
  return total
}

function writeAll ({ fs }: WasiHost, descriptor: Descriptor, sources: Uint8Array[], start: number): number {
  const file = requireFile(descriptor)
  let position = start
  for (const source of sources) {
    fs.write(file, position, source)
    position += source.length
  }
  return position - start
}
