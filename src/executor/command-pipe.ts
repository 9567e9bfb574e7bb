/** What the host writes to a sandbox: all commands of one turn of the event loop leave as one frame. */
import type { Writable } from 'node:stream'
import { encode } from '../cbor.ts'
import { type Command, FrameKind, encodeModuleHeader } from './protocol.ts'

const MAX_COPIED_BYTES = 64 * 1024

export class CommandPipe {
  private readonly stream: Writable
  private commands: Command[] = []
  private flushing = false

  constructor (stream: Writable) {
    this.stream = stream
    // Writing to a process that just died is no error of its own: the process's 'close' event follows.
    stream.on('error', () => {})
  }

  send (command: Command): void {
    this.commands.push(command)
    if (this.flushing) return
    this.flushing = true
    // A microtask, not a tick: what else came with the frame that brought a call is no reason for it to wait.
    queueMicrotask(() => {
      this.flushing = false
      this.flush()
    })
  }

  /** A module, behind all commands that were sent before; its bytes are not copied. */
  sendModule (key: string, maxPages: number, bytes: Uint8Array): void {
    this.flush()
    this.write(FrameKind.MODULE, [encodeModuleHeader(key, maxPages), bytes])
  }

  private flush (): void {
    if (this.commands.length === 0) return
    const body = encode(this.commands)
    this.commands = []
    this.write(FrameKind.COMMANDS, [body])
  }

  private write (kind: number, parts: Uint8Array[]): void {
    if (this.stream.destroyed) return
    const length = parts.reduce((sum, part) => sum + part.length, 0)
    const prefix = Buffer.alloc(5)
    prefix.writeUInt32LE(length, 0)
    prefix[4] = kind
    // One write where copying is cheaper than a second buffer for the kernel.
    if (length <= MAX_COPIED_BYTES) this.stream.write(Buffer.concat([prefix, ...parts]))
    else {
      this.stream.cork()
      for (const part of [prefix, ...parts]) this.stream.write(part)
      this.stream.uncork()
    }
  }
}
