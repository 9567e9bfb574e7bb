/** An in-memory file system, within budgets: files, directories and symbolic links. */
import { MAX_WASI_FILE_BYTES } from '../../limits.ts'
import { MAX_WASI_FILES } from '../limits.ts'
import { Errno, fail } from './errno.ts'

interface NodeBase {
  inode: bigint
  links: number
  /** Nanoseconds since 1970. */
  accessed: bigint
  modified: bigint
  changed: bigint
}

export interface FileNode extends NodeBase {
  kind: 'file'
  data: Uint8Array
  length: number
  /** `data` belongs to many calls: it is copied before it changes. */
  borrowed: boolean
  /** Descriptors that were opened on it and not closed: its bytes count for as long as one is. */
  held: number
}
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

  /** With `content`, a file that holds it; the bytes themselves never change. */
  createFile (parent: DirectoryNode, name: string, content?: Uint8Array): FileNode {
    const data = content ?? new Uint8Array(0)
    this.charge(data.length)
    const node: FileNode = { kind: 'file', ...this.newNode(), data, length: data.length, borrowed: content !== undefined, held: 0 }
    parent.entries.set(name, node)
    return node
  }

  createDirectory (parent: DirectoryNode, name: string): DirectoryNode {
    const node: DirectoryNode = { kind: 'directory', ...this.newNode(), entries: new Map(), parent }
    parent.entries.set(name, node)
    return node
  }

  createLink (parent: DirectoryNode, name: string, target: string): void {
    parent.entries.set(name, { kind: 'symlink', ...this.newNode(), target })
  }

  /** One name of the node is gone. */
  drop (node: FsNode): void {
    node.links--
    if (node.links > 0) return
    this.nodes--
    if (node.kind === 'file') this.releaseUnused(node)
  }

  /** The file is opened once more: its bytes stay until `letGo`. */
  hold (file: FileNode): void {
    file.held++
  }

  /** One descriptor of the file is closed. */
  letGo (file: FileNode): void {
    file.held--
    this.releaseUnused(file)
  }

  resize (file: FileNode, length: number): void {
    if (length > file.data.length) {
      const capacity = Math.max(length, Math.min(file.data.length * 2, file.data.length + GROWTH_STEP_BYTES))
      this.charge(capacity - file.data.length)
      copyInto(file, new Uint8Array(capacity))
    } else if (length < file.length && file.borrowed) {
      this.usedBytes -= file.data.length - length
      file.data = file.data.slice(0, length)
      file.borrowed = false
    } else if (length < file.length) {
      file.data.fill(0, length, file.length)
    }
    file.length = length
    this.touch(file)
  }

  write (file: FileNode, position: number, bytes: Uint8Array): void {
    if (position + bytes.length > file.length) this.resize(file, position + bytes.length)
    ownData(file).set(bytes, position)
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

  private releaseUnused (file: FileNode): void {
    if (file.links > 0 || file.held > 0) return
    this.usedBytes -= file.data.length
    file.data = new Uint8Array(0)
    file.length = 0
  }

  private charge (bytes: number): void {
    if (this.usedBytes + bytes > MAX_WASI_FILE_BYTES) fail(Errno.NOSPC)
    this.usedBytes += bytes
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

function ownData (file: FileNode): Uint8Array {
  if (file.borrowed) copyInto(file, new Uint8Array(file.data.length))
  return file.data
}

function copyInto (file: FileNode, data: Uint8Array): void {
  data.set(file.data.subarray(0, file.length))
  file.data = data
  file.borrowed = false
}

/** Bytes that a stat reports. */
export function nodeSize (node: FsNode): number {
  return node.kind === 'file' ? node.length : node.kind === 'symlink' ? node.target.length : 0
}
