/** The records that WASI writes to memory: `filestat` and `dirent`. */
import type { StreamTarget } from './descriptors.ts'
import type { GuestMemory } from './guest-memory.ts'
import { type DirectoryNode, type FsNode, nodeSize } from './nodes.ts'
import { FileType } from './rights.ts'

const FILESTAT_BYTES = 64
const DIRENT_BYTES = 24
const TYPES = { directory: FileType.DIRECTORY, file: FileType.REGULAR, symlink: FileType.SYMLINK } as const
const encoder = new TextEncoder()

export function writeStat (memory: GuestMemory, pointer: number, target: FsNode | StreamTarget): void {
  memory.bytes(pointer, FILESTAT_BYTES).fill(0)
  const view = memory.view(pointer, FILESTAT_BYTES)
  view.setBigUint64(0, 1n, true)
  if (target.kind === 'stream') {
    view.setBigUint64(24, 1n, true)
    return
  }
  view.setBigUint64(8, target.inode, true)
  view.setUint8(16, TYPES[target.kind])
  view.setBigUint64(24, BigInt(target.links), true)
  view.setBigUint64(32, BigInt(nodeSize(target)), true)
  view.setBigUint64(40, target.accessed, true)
  view.setBigUint64(48, target.modified, true)
  view.setBigUint64(56, target.changed, true)
}

/** Fills the buffer with entries from `cookie` on, the last one maybe cut; returns the bytes used. */
export function readDirectory (buffer: Uint8Array, directory: DirectoryNode, cookie: bigint): number {
  const names = [...directory.entries].sort(([a], [b]) => (a < b ? -1 : 1))
  const entries: Array<[string, FsNode]> = [['.', directory], ['..', directory.parent], ...names]
  let used = 0
  for (let index = cookie > BigInt(entries.length) ? entries.length : Number(cookie); index < entries.length && used < buffer.length; index++) {
    const [name, node] = entries[index] ?? ['.', directory]
    const text = encoder.encode(name)
    const entry = new Uint8Array(DIRENT_BYTES + text.length)
    const view = new DataView(entry.buffer)
    view.setBigUint64(0, BigInt(index + 1), true)
    view.setBigUint64(8, node.inode, true)
    view.setUint32(16, text.length, true)
    view.setUint8(20, TYPES[node.kind])
    entry.set(text, DIRENT_BYTES)
    const part = entry.subarray(0, buffer.length - used)
    buffer.set(part, used)
    used += part.length
  }
  return used
}
