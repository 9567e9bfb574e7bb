/** Streams of bytes: standard input, output and error, and files. Nothing here ever waits. */
import type { Capture } from '../../abi/capture.ts'
import { WasiError } from '../../wasi/errno.ts'
import type { FileNode, FileSystem } from '../../wasi/nodes.ts'
import { HostResource, VariantValue } from '../values.ts'
import { errorName } from './error-codes.ts'
import { err } from './interface.ts'

/** Bytes that one call reads or writes. */
export const STREAM_CHUNK_BYTES = 1024 * 1024

/** wasi:io/error: why a stream failed. */
export class StreamError extends HostResource {
  readonly errno: number

  constructor (errno: number) {
    super()
    this.errno = errno
  }

  get text (): string {
    return errorName(this.errno)
  }
}

export abstract class InputStream extends HostResource {
  /** Up to `length` of the bytes that follow; none at the end. */
  abstract read (length: number): Uint8Array
}

export abstract class OutputStream extends HostResource {
  abstract write (bytes: Uint8Array): void
}

export class BytesInput extends InputStream {
  private readonly bytes: Uint8Array
  private readonly state: { position: number }

  /** `state` is shared by all streams on the same bytes. */
  constructor (bytes: Uint8Array, state: { position: number }) {
    super()
    this.bytes = bytes
    this.state = state
  }

  read (length: number): Uint8Array {
    const part = this.bytes.slice(this.state.position, this.state.position + length)
    this.state.position += part.length
    return part
  }
}

export class FileInput extends InputStream {
  private readonly fs: FileSystem
  private readonly file: FileNode
  private position: number

  constructor (fs: FileSystem, file: FileNode, position: number) {
    super()
    this.fs = fs
    this.file = file
    this.position = position
    fs.hold(file)
  }

  override drop (): void {
    this.fs.letGo(this.file)
  }

  read (length: number): Uint8Array {
    const part = readPart(this.fs, this.file, this.position, length)
    this.position += part.length
    return part
  }
}

export class CaptureOutput extends OutputStream {
  private readonly capture: Capture

  constructor (capture: Capture) {
    super()
    this.capture = capture
  }

  write (bytes: Uint8Array): void {
    this.capture.write(bytes)
  }
}

export class FileOutput extends OutputStream {
  private readonly fs: FileSystem
  private readonly file: FileNode
  /** Undefined: at the end, wherever that is. */
  private position: number | undefined

  constructor (fs: FileSystem, file: FileNode, position: number | undefined) {
    super()
    this.fs = fs
    this.file = file
    this.position = position
    fs.hold(file)
  }

  override drop (): void {
    this.fs.letGo(this.file)
  }

  write (bytes: Uint8Array): void {
    this.fs.write(this.file, this.position ?? this.file.length, bytes)
    if (this.position !== undefined) this.position += bytes.length
  }
}

/** Bytes of a file from `position` on. */
export function readPart (fs: FileSystem, file: FileNode, position: number, length: number): Uint8Array {
  const part = new Uint8Array(Math.max(0, Math.min(length, file.length - position)))
  fs.read(file, position, [part])
  return part
}

/** `stream-error`. */
export const closed = err(new VariantValue(1))

/** The result of an action on a stream whose error is a `stream-error`. */
export function streamResult (action: () => VariantValue): VariantValue {
  try {
    return action()
  } catch (thrown) {
    if (thrown instanceof WasiError) return err(new VariantValue(0, new StreamError(thrown.errno)))
    throw thrown
  }
}
