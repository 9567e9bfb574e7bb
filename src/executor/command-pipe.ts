/** What the host writes to a sandbox: all commands of one turn of the event loop leave as one frame. */
import type { Writable } from 'node:stream'
import { encode } from '../cbor.ts'
import { type Command, FrameKind, encodeModuleHeader } from './protocol.ts'

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
    process.nextTick(() => {
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
    const prefix = Buffer.alloc(5)
    prefix.writeUInt32LE(parts.reduce((sum, part) => sum + part.length, 0), 0)
    prefix[4] = kind
    this.stream.cork()
    for (const part of [prefix, ...parts]) this.stream.write(part)
    this.stream.uncork()
  }
}
