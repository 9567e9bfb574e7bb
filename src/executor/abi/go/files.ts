/** Files of a Go program: what Go asks of Node's `fs`, on the root in memory that WASI programs have too. */
import { MAX_WASI_PATH_BYTES } from '../../../limits.ts'
import { MAX_WASI_DESCRIPTORS } from '../../limits.ts'
import { Errno, WasiError, fail } from '../../wasi/errno.ts'
import { makeFileSystem } from '../../wasi/host.ts'
import { type FileSystem, type FsNode, nodeSize } from '../../wasi/nodes.ts'
import { existing, makeDirectory, makeLink, openPath, readLink, removeDirectory, renamePath, unlinkFile } from '../../wasi/path-operations.ts'
import type { Guest } from '../guest.ts'
import { type Inert, type Thing, makeFunction, makeObject } from './thing.ts'

/** Linux's values; Go only combines them. */
export const OPEN_FLAGS = { O_RDONLY: 0, O_WRONLY: 1, O_RDWR: 2, O_CREAT: 0o100, O_EXCL: 0o200, O_TRUNC: 0o1000, O_APPEND: 0o2000, O_DIRECTORY: 0o200000 }
/** File type and permissions, as `stat` gives them. */
const MODES = { file: 0o100644, directory: 0o040755, symlink: 0o120777, pipe: 0o010600 } as const
/** 0 to 2 are the standard streams. */
const FIRST_FD = 3
const BLOCK_BYTES = 4096
const NS_PER_MS = 1_000_000n

interface OpenFile {
  node: FsNode
  position: number
  append: boolean
  writable: boolean
}

export class GoFiles {
  readonly root: FsNode
  readonly fs: FileSystem
  private readonly open = new Map<number, OpenFile>()
  private nextFd = FIRST_FD

  /** Throws ERR_INPUT when the guest's files do not fit into its root. */
  constructor (guest: Guest) {
    this.fs = makeFileSystem(guest)
    this.root = this.fs.root
  }

  openPath (path: string, flags: number): number {
    if (this.open.size >= MAX_WASI_DESCRIPTORS) fail(Errno.MFILE)
    const has = (flag: number): boolean => (flags & flag) !== 0
    const writable = has(OPEN_FLAGS.O_WRONLY | OPEN_FLAGS.O_RDWR)
    const node = openPath(this.fs, this.root, path, {
      follow: true,
      create: has(OPEN_FLAGS.O_CREAT),
      directory: has(OPEN_FLAGS.O_DIRECTORY),
      exclusive: has(OPEN_FLAGS.O_EXCL),
      truncate: has(OPEN_FLAGS.O_TRUNC),
      write: writable,
      mayCreate: true,
      mayTruncate: true,
    })
    const fd = this.nextFd++
    this.open.set(fd, { node, position: 0, append: has(OPEN_FLAGS.O_APPEND), writable })
    return fd
  }

  close (fd: Inert): void {
    const { node } = this.find(fd)
    if (typeof fd === 'number') this.open.delete(fd)
    if (node.kind === 'file') this.fs.letGo(node)
  }

  node (fd: Inert): FsNode {
    return this.find(fd).node
  }

  /** From `position`, else from where the descriptor stands. */
  read (fd: Inert, target: Uint8Array, position: Inert): number {
    const file = this.find(fd)
    const { node } = file
    if (node.kind !== 'file') return fail(node.kind === 'directory' ? Errno.ISDIR : Errno.BADF)
    const count = this.fs.read(node, offset(position) ?? file.position, [target])
    if (offset(position) === undefined) file.position += count
    return count
  }

  write (fd: Inert, source: Uint8Array, position: Inert): number {
    const file = this.find(fd)
    const { node } = file
    if (node.kind !== 'file' || !file.writable) return fail(Errno.BADF)
    const at = file.append ? node.length : offset(position) ?? file.position
    this.fs.write(node, at, source)
    if (offset(position) === undefined) file.position = at + source.length
    return source.length
  }

  resize (node: FsNode, length: Inert): void {
    if (node.kind !== 'file' || typeof length !== 'number' || !Number.isSafeInteger(length) || length < 0) return fail(Errno.INVAL)
    this.fs.resize(node, length)
  }

  private find (fd: Inert): OpenFile {
    return (typeof fd === 'number' ? this.open.get(fd) : undefined) ?? fail(Errno.BADF)
  }
}

/** Undefined for null, which stands for the descriptor's own position. */
function offset (position: Inert): number | undefined {
  if (typeof position !== 'number') return undefined
  return Number.isSafeInteger(position) && position >= 0 ? position : fail(Errno.INVAL)
}

/** Below the root, which is also the working directory. */
function relative (path: Inert): string {
  if (typeof path !== 'string' || path.length > MAX_WASI_PATH_BYTES) return fail(Errno.INVAL)
  const below = path.replace(/^\/+/, '')
  return below === '' ? '.' : below
}

export function statOf (node?: FsNode): Thing {
  const kind = node?.kind ?? 'pipe'
  const size = node === undefined ? 0 : nodeSize(node)
  const time = (nanoseconds: bigint | undefined): number => Number((nanoseconds ?? 0n) / NS_PER_MS)
  return makeObject([
    ['dev', 1], ['ino', Number(node?.inode ?? 0n)], ['mode', MODES[kind]], ['nlink', node?.links ?? 1], ['uid', 0], ['gid', 0], ['rdev', 0],
    ['size', size], ['blksize', BLOCK_BYTES], ['blocks', Math.ceil(size / 512)],
    ['atimeMs', time(node?.accessed)], ['mtimeMs', time(node?.modified)], ['ctimeMs', time(node?.changed)],
    ['isDirectory', makeFunction(() => kind === 'directory')], ['isFile', makeFunction(() => kind === 'file')],
  ])
}

/** A function of `fs` without its callback; throws WasiError. A list of names stands for an array of them. */
type FileOperation = (files: GoFiles, args: readonly Inert[]) => Inert | string[]

export const FILE_OPERATIONS: ReadonlyArray<readonly [string, FileOperation]> = [
  ['open', (files, [path, flags]) => files.openPath(relative(path), typeof flags === 'number' ? flags : 0)],
  ['stat', ({ root }, [path]) => statOf(existing(root, relative(path), true))],
  ['lstat', ({ root }, [path]) => statOf(existing(root, relative(path), false))],
  ['readdir', ({ root }, [path]) => {
    const node = existing(root, relative(path), true)
    return node.kind === 'directory' ? [...node.entries.keys()].sort() : fail(Errno.NOTDIR)
  }],
  ['readlink', ({ root }, [path]) => readLink(root, relative(path))],
  ['mkdir', ({ fs, root }, [path]) => done(makeDirectory(fs, root, relative(path)))],
  ['rmdir', ({ fs, root }, [path]) => done(removeDirectory(fs, root, relative(path)))],
  ['unlink', ({ fs, root }, [path]) => done(unlinkFile(fs, root, relative(path)))],
  ['rename', ({ fs, root }, [from, to]) => done(renamePath(fs, root, relative(from), root, relative(to)))],
  ['symlink', ({ fs, root }, [target, path]) => done(makeLink(fs, relative(target), root, relative(path)))],
  ['truncate', (files, [path, length]) => done(files.resize(existing(files.root, relative(path), true), length))],
  ['ftruncate', (files, [fd, length]) => done(files.resize(files.node(fd), length))],
]

function done (_nothing: void): undefined {}

const NAMES = new Map<number, string>(Object.entries(Errno).map(([name, number]) => [number, `E${name}`]))

/** Node's code for what a file operation threw; undefined when it is no such error. */
export function errorCode (thrown: unknown): string | undefined {
  return thrown instanceof WasiError ? NAMES.get(thrown.errno) ?? 'EIO' : undefined
}
