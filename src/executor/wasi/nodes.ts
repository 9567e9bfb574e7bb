/** An in-memory file system, within budgets: files, directories and symbolic links. */
import { MAX_WASI_FILES, MAX_WASI_FILE_BYTES } from '../../limits.ts'
import { Errno, fail } from './errno.ts'

interface NodeBase {
  inode: bigint
  links: number
  /** Nanoseconds since 1970. */
  accessed: bigint
  modified: bigint
  changed: bigint
}

export interface FileNode extends NodeBase { kind: 'file', data: Uint8Array, length: number }
export interface DirectoryNode extends NodeBase { kind: 'directory', entries: Map<string, FsNode>, parent: DirectoryNode }
export interface LinkNode extends NodeBase { kind: 'symlink', target: string }
export type FsNode = FileNode | DirectoryNode | LinkNode

const GROWTH_STEP_BYTES = 4 * 1024 * 1024

export class FileSystem {
  readonly root: DirectoryNode
  private readonly now: () => bigint
  private nextInode = 1n
  private nodes = 0
  private usedBytes = 0

  /** `now` gives nanoseconds since 1970. */
  constructor (now: () => bigint) {
    this.now = now
    const root: DirectoryNode = { kind: 'directory', ...this.newNode(), entries: new Map(), get parent () { return root } }
    this.root = root
  }

  createFile (parent: DirectoryNode, name: string): FileNode {
    const node: FileNode = { kind: 'file', ...this.newNode(), data: new Uint8Array(0), length: 0 }
    parent.entries.set(name, node)
    return node
  }

  createDirectory (parent: DirectoryNode, name: string): void {
    parent.entries.set(name, { kind: 'directory', ...this.newNode(), entries: new Map(), parent })
  }

  createLink (parent: DirectoryNode, name: string, target: string): void {
    parent.entries.set(name, { kind: 'symlink', ...this.newNode(), target })
  }

  /** One name of the node is gone. A file's bytes are still counted: a descriptor may hold them. */
  drop (node: FsNode): void {
    node.links--
    if (node.links <= 0) this.nodes--
  }

  resize (file: FileNode, length: number): void {
    if (length > file.data.length) {
      const capacity = Math.max(length, Math.min(file.data.length * 2, file.data.length + GROWTH_STEP_BYTES))
      const more = capacity - file.data.length
      if (this.usedBytes + more > MAX_WASI_FILE_BYTES) fail(Errno.NOSPC)
      this.usedBytes += more
      const data = new Uint8Array(capacity)
      data.set(file.data.subarray(0, file.length))
      file.data = data
    } else if (length < file.length) {
      file.data.fill(0, length, file.length)
    }
    file.length = length
    this.touch(file)
  }

  write (file: FileNode, position: number, bytes: Uint8Array): void {
    if (position + bytes.length > file.length) this.resize(file, position + bytes.length)
    file.data.set(bytes, position)
    this.touch(file)
  }

  /** Fills the targets in order; returns the number of bytes read. */
  read (file: FileNode, position: number, targets: Uint8Array[]): number {
    let total = 0
    for (const target of targets) {
      const count = Math.max(0, Math.min(target.length, file.length - position - total))
      target.set(file.data.subarray(position + total, position + total + count))
      total += count
      if (count < target.length) break
    }
    file.accessed = this.now()
    return total
  }

  /** `flags` are the `fstflags` of the interface: 1 access time, 2 now, 4 modification time, 8 now. */
  setTimes (node: FsNode, accessed: bigint, modified: bigint, flags: number): void {
    if ((flags & 3) === 3 || (flags & 12) === 12 || flags > 15) fail(Errno.INVAL)
    const now = this.now()
    if ((flags & 1) !== 0) node.accessed = BigInt.asUintN(64, accessed)
    if ((flags & 2) !== 0) node.accessed = now
    if ((flags & 4) !== 0) node.modified = BigInt.asUintN(64, modified)
    if ((flags & 8) !== 0) node.modified = now
    node.changed = now
  }

  private touch (node: FsNode): void {
    node.modified = node.changed = this.now()
  }

  private newNode (): NodeBase {
    if (this.nodes >= MAX_WASI_FILES) fail(Errno.NOSPC)
    this.nodes++
    const now = this.now()
    return { inode: this.nextInode++, links: 1, accessed: now, modified: now, changed: now }
  }
}

/** Bytes that a stat reports. */
export function nodeSize (node: FsNode): number {
  return node.kind === 'file' ? node.length : node.kind === 'symlink' ? node.target.length : 0
}
