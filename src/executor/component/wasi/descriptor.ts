/** Open files and directories of a component, and the records that describe them. */
import { MAX_WASI_PATH_BYTES } from '../../../limits.ts'
import { Errno, fail } from '../../wasi/errno.ts'
import { type DirectoryNode, type FileNode, type FileSystem, type FsNode, nodeSize } from '../../wasi/nodes.ts'
import { HostResource, type Lifted, VariantValue } from '../values.ts'
import { DATETIME_TYPE, datetime, nanosecondsOf } from './clocks.ts'
import { type Args, some } from './interface.ts'

/** Bits of `descriptor-flags`. */
export const DescriptorFlag = { READ: 1, WRITE: 2, MUTATE_DIRECTORY: 32 } as const

export class Descriptor extends HostResource {
  readonly node: FsNode
  readonly flags: number
  private readonly fs: FileSystem

  constructor (fs: FileSystem, node: FsNode, flags: number) {
    super()
    this.fs = fs
    this.node = node
    this.flags = flags
  }

  override drop (): void {
    if (this.node.kind === 'file') this.fs.letGo(this.node)
  }

  /** The file behind it, which it must be open for `flag` for. */
  file (flag: number): FileNode {
    if (this.node.kind === 'directory') return fail(Errno.ISDIR)
    if (this.node.kind !== 'file' || (this.flags & flag) === 0) return fail(Errno.BADF)
    return this.node
  }

  /** The node for paths that something is changed below. */
  changing (): FsNode {
    return (this.flags & DescriptorFlag.MUTATE_DIRECTORY) === 0 ? fail(Errno.PERM) : this.node
  }
}

/** The entries of a directory as they were when it was opened. */
export class DirectoryEntries extends HostResource {
  private readonly entries: Array<[string, FsNode]>
  private position = 0

  constructor (directory: DirectoryNode) {
    super()
    this.entries = [...directory.entries].sort(([a], [b]) => (a < b ? -1 : 1))
  }

  next (): [string, FsNode] | undefined {
    return this.entries[this.position++]
  }
}

const NODE_TYPES = { 'directory': 3, 'symlink': 5, 'file': 6 } as const
export const NODE_TYPE_TYPE = 'enum { unknown, block-device, character-device, directory, fifo, symbolic-link, regular-file, socket }'
export const STAT_TYPE = `record { type: ${NODE_TYPE_TYPE}, link-count: u64, size: u64, data-access-timestamp: option<${DATETIME_TYPE}>, ` +
  `data-modification-timestamp: option<${DATETIME_TYPE}>, status-change-timestamp: option<${DATETIME_TYPE}> }`
export const NEW_TIME_TYPE = `variant { no-change, now, timestamp(${DATETIME_TYPE}) }`

export function nodeType (node: FsNode): VariantValue {
  return new VariantValue(NODE_TYPES[node.kind])
}

export function stat (node: FsNode): Lifted {
  const times = [node.accessed, node.modified, node.changed].map((time) => some(datetime(time)))
  return [nodeType(node), BigInt(node.links), BigInt(nodeSize(node)), ...times]
}

/** Equal for the same node at the same time of change. */
export function metadataHash (node: FsNode): Lifted {
  return [node.inode, BigInt.asUintN(64, node.modified)]
}

/** A path as the file system takes it. */
export function pathAt (args: Args, index: number): string {
  const path = args.string(index)
  if (Buffer.byteLength(path) > MAX_WASI_PATH_BYTES) fail(Errno.NAMETOOLONG)
  return path.includes('\0') ? fail(Errno.INVAL) : path
}

/** An offset in a file as a number. */
export function offsetAt (args: Args, index: number): number {
  const offset = args.u64(index)
  return offset > BigInt(Number.MAX_SAFE_INTEGER) ? fail(Errno.FBIG) : Number(offset)
}

/** Two `new-timestamp` as times and the flags that preview 1 has for them. */
export function newTimes (args: Args, index: number): { accessed: bigint, modified: bigint, flags: number } {
  const accessed = newTime(args.variant(index))
  const modified = newTime(args.variant(index + 1))
  return { accessed: accessed.time, modified: modified.time, flags: accessed.flags | (modified.flags << 2) }
}

function newTime ({ index, payload }: VariantValue): { time: bigint, flags: number } {
  if (index === 0) return { time: 0n, flags: 0 }
  if (index === 1) return { time: 0n, flags: 2 }
  const [seconds, nanoseconds] = Array.isArray(payload) ? payload : []
  if (typeof seconds !== 'bigint' || typeof nanoseconds !== 'number') return fail(Errno.INVAL)
  return { time: nanosecondsOf(seconds, nanoseconds), flags: 1 }
}
