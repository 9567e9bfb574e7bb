/** The open descriptors of one program. */
import { MAX_WASI_DESCRIPTORS } from '../limits.ts'
import { Errno, fail } from './errno.ts'
import type { FileNode, FileSystem, FsNode } from './nodes.ts'
import { DIRECTORY_RIGHTS, FILE_RIGHTS, Right, STDIN_RIGHTS, STDOUT_RIGHTS } from './rights.ts'

export interface StreamTarget { kind: 'stream', stream: 'stdin' | 'stdout' | 'stderr' }

export interface Descriptor {
  target: FsNode | StreamTarget
  position: number
  flags: number
  rights: bigint
  /** Rights that descriptors opened through this one may have. */
  inheriting: bigint
  /** Name of a directory that is open from the start. */
  preopened?: Uint8Array
}

/** Rights that ask for a file where the descriptor is a directory. */
const FILE_ONLY = Right.FD_READ | Right.FD_SEEK | Right.FD_TELL | Right.FD_WRITE | Right.FD_ALLOCATE | Right.FD_ADVISE

export class Descriptors {
  private readonly open = new Map<number, Descriptor>()

  private readonly fs: FileSystem

  /** Without its root open no path leads anywhere. */
  constructor (fs: FileSystem, rootIsOpen: boolean) {
    this.fs = fs
    this.add(stream('stdin', STDIN_RIGHTS))
    this.add(stream('stdout', STDOUT_RIGHTS))
    this.add(stream('stderr', STDOUT_RIGHTS))
    if (rootIsOpen) this.add({ target: fs.root, position: 0, flags: 0, rights: DIRECTORY_RIGHTS, inheriting: DIRECTORY_RIGHTS | FILE_RIGHTS, preopened: new TextEncoder().encode('/') })
  }

  add (descriptor: Descriptor): number {
    let fd = 0
    while (this.open.has(fd)) fd++
    if (fd >= MAX_WASI_DESCRIPTORS) fail(Errno.MFILE)
    this.open.set(fd, descriptor)
    return fd
  }

  /** The descriptor, which must have `right` when one is named. */
  get (fd: number, right?: bigint): Descriptor {
    const found = this.find(fd) ?? fail(Errno.BADF)
    if (right !== undefined && (found.rights & right) === 0n) {
      fail(found.target.kind === 'directory' && (right & FILE_ONLY) !== 0n ? Errno.BADF : Errno.NOTCAPABLE)
    }
    return found
  }

  find (fd: number): Descriptor | undefined {
    return this.open.get(fd >>> 0)
  }

  close (fd: number): void {
    const { target } = this.get(fd)
    this.open.delete(fd >>> 0)
    if (target.kind === 'file') this.fs.letGo(target)
  }

  renumber (from: number, to: number): void {
    const moved = this.get(from)
    if (moved === this.get(to)) return
    this.close(to)
    this.open.delete(from >>> 0)
    this.open.set(to >>> 0, moved)
  }
}

function stream (name: StreamTarget['stream'], rights: bigint): Descriptor {
  return { target: { kind: 'stream', stream: name }, position: 0, flags: 0, rights, inheriting: 0n }
}

/** The file behind a descriptor; a directory or a stream has no position. */
export function requireFile (descriptor: Descriptor): FileNode {
  const { target } = descriptor
  if (target.kind === 'directory') return fail(Errno.BADF)
  return target.kind === 'file' ? target : fail(Errno.SPIPE)
}

/** The directory or other node behind a descriptor, for paths below it. */
export function requireNode (descriptor: Descriptor): FsNode {
  return descriptor.target.kind === 'stream' ? fail(Errno.NOTDIR) : descriptor.target
}

/** A 64-bit offset or size as a number. */
export function toOffset (value: bigint): number {
  const signed = BigInt.asIntN(64, value)
  if (signed < 0n) fail(Errno.INVAL)
  if (signed > BigInt(Number.MAX_SAFE_INTEGER)) fail(Errno.FBIG)
  return Number(signed)
}
