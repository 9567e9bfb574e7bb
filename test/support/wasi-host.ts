/** The WASI host without a module: tests call its functions themselves, on fixed places of a memory. */
import assert from 'node:assert/strict'
import { Guest, type GuestOptions } from '../../src/executor/abi/guest.ts'
import { provideWasi } from '../../src/executor/wasi/wasi.ts'
import { Errno } from '../../src/executor/wasi/errno.ts'
import { DIRECTORY_RIGHTS, FILE_RIGHTS } from '../../src/executor/wasi/rights.ts'

export const ROOT = 3
export const RESULT = 8
export const PATH = 1024
export const OTHER = 2048
export const DATA = 4096
const ALL = DIRECTORY_RIGHTS | FILE_RIGHTS

/** A WASI host on a memory of its own, with the calls that tests make often. */
export class Wasi {
  readonly guest: Guest
  /** With a root folder, unless the options say otherwise. */
  constructor ({ stdin = '', ...options }: Omit<GuestOptions, 'stdin'> & { stdin?: string } = {}) {
    this.guest = new Guest({ stdin: new TextEncoder().encode(stdin), fileSystem: true, ...options })
    this.guest.useMemory(new WebAssembly.Memory({ initial: 2 }))
  }

  call (name: string, ...args: Array<number | bigint>): unknown {
    const make = provideWasi({ module: 'wasi_snapshot_preview1', name, kind: 'function' })
    assert(make !== undefined, name)
    const target: unknown = make(this.guest)
    assert(typeof target === 'function')
    return target(...args)
  }

  text (at: number, text: string): [number, number] {
    const bytes = new TextEncoder().encode(text)
    this.guest.bytes().set(bytes, at)
    return [at, bytes.length]
  }

  u32 (at = RESULT): number {
    return this.guest.view().getUint32(at, true)
  }

  /** One iovec at 16. */
  vector (at: number, length: number): [number, number] {
    this.guest.view().setUint32(16, at, true)
    this.guest.view().setUint32(20, length, true)
    return [16, 1]
  }

  open (path: string, { create = false, exclusive = false, truncate = false, directory = false, follow = true, append = false, from = ROOT } = {}): unknown {
    const flags = (create ? 1 : 0) | (directory ? 2 : 0) | (exclusive ? 4 : 0) | (truncate ? 8 : 0)
    return this.call('path_open', from, follow ? 1 : 0, ...this.text(PATH, path), flags, directory ? DIRECTORY_RIGHTS : FILE_RIGHTS, ALL, append ? 1 : 0, RESULT)
  }

  opened (path: string, options: Parameters<Wasi['open']>[1] = {}): number {
    assert.equal(this.open(path, options), Errno.SUCCESS, path)
    return this.u32()
  }

  write (fd: number, text: string): unknown {
    return this.call('fd_write', fd, ...this.vector(...this.text(DATA, text)), RESULT)
  }

  read (fd: number, length = 100): string {
    assert.equal(this.call('fd_read', fd, ...this.vector(DATA, length), RESULT), Errno.SUCCESS)
    return new TextDecoder().decode(this.guest.bytes().slice(DATA, DATA + this.u32()))
  }

  make (path: string): unknown {
    return this.call('path_create_directory', ROOT, ...this.text(PATH, path))
  }

  link (target: string, path: string): unknown {
    return this.call('path_symlink', ...this.text(OTHER, target), ROOT, ...this.text(PATH, path))
  }

  rename (from: string, to: string): unknown {
    return this.call('path_rename', ROOT, ...this.text(PATH, from), ROOT, ...this.text(OTHER, to))
  }
}
