/**
 * The sandbox's side of its pipes: plain blocking reads and writes. A sandbox has one thing to do at a time, so it needs
 * no event loop, is woken in microseconds, and costs nothing while it waits.
 */
import { readSync, writeSync } from 'node:fs'

const READ_BYTES = 256 * 1024
const PREFIX_BYTES = 4
const MAX_COPIED_BYTES = 64 * 1024

/** Reads frames; each starts with its length and its kind. */
export class BlockingReader {
  private readonly fd: number
  private buffer = Buffer.allocUnsafeSlow(READ_BYTES)
  private start = 0
  private end = 0

  constructor (fd: number) {
    this.fd = fd
  }

  /**
   * The next frame; undefined when the other side is gone. Nothing overwrites a body later. `onPart` hears how much of a
   * large body is there, each time that more has come.
   */
  next (onPart?: (kind: number, body: Buffer, filled: number) => void): { kind: number, body: Buffer } | undefined {
    if (!this.fill(PREFIX_BYTES + 1)) return undefined
    const length = this.buffer.readUInt32LE(this.start)
    const kind = this.buffer[this.start + PREFIX_BYTES] ?? 0
    this.start += PREFIX_BYTES + 1
    if (length > READ_BYTES) {
      const body = this.readLarge(length, (part, filled) => onPart?.(kind, part, filled))
      return body === undefined ? undefined : { kind, body }
    }
    if (!this.fill(length)) return undefined
    const body = this.buffer.subarray(this.start, this.start + length)
    this.start += length
    return { kind, body }
  }

  /** Makes sure that `count` bytes, at most READ_BYTES, are in the buffer. */
  private fill (count: number): boolean {
    if (this.end - this.start >= count) return true
    if (this.start + count > READ_BYTES) {
      // Bodies that were handed out may still be in use, so the buffer is left to them.
      const next = Buffer.allocUnsafeSlow(READ_BYTES)
      this.buffer.copy(next, 0, this.start, this.end)
      this.buffer = next
      this.end -= this.start
      this.start = 0
    }
    while (this.end - this.start < count) {
      const read = readSync(this.fd, this.buffer, this.end, READ_BYTES - this.end, null)
      if (read === 0) return false
      this.end += read
    }
    return true
  }

  private readLarge (length: number, onPart: (body: Buffer, filled: number) => void): Buffer | undefined {
    const body = Buffer.allocUnsafeSlow(length)
    let filled = this.buffer.copy(body, 0, this.start, this.end)
    this.start = this.end = 0
    this.buffer = Buffer.allocUnsafeSlow(READ_BYTES)
    while (filled < length) {
      const read = readSync(this.fd, body, filled, length - filled, null)
      if (read === 0) return undefined
      filled += read
      onPart(body, filled)
    }
    return body
  }
}

/** Writes one frame; returns when the kernel has all of it, so that it is not lost when the process is killed. */
export function writeFrame (fd: number, body: Uint8Array): void {
  // One write where copying is cheaper than a second call; a large body is not copied.
  const copied = body.length <= MAX_COPIED_BYTES ? body : body.subarray(0, 0)
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + copied.length)
  frame.writeUInt32LE(body.length, 0)
  frame.set(copied, PREFIX_BYTES)
  writeAll(fd, frame)
  if (copied !== body) writeAll(fd, body)
}

function writeAll (fd: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;) written += writeSync(fd, bytes, written, bytes.length - written)
}
