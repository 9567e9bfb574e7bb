/** Instantiates shipped modules straight in Node, without the executor: what they compute is then known by itself. */
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WASI } from 'node:wasi'
import { shippedFile } from './shipped.ts'

interface Memory { readonly buffer: ArrayBuffer }
interface Instance { readonly exports: Record<string, unknown> }
interface Import { module: string, name: string, kind: string }

/** The part of the global that these helpers use; TypeScript declares it only together with the DOM. */
declare const WebAssembly: {
  Module: {
    new (bytes: Uint8Array): object
    imports (module: object): Import[]
    customSections (module: object, name: string): ArrayBuffer[]
  }
  Instance: new (module: object, imports?: object) => Instance
  Memory: new (descriptor: { initial: number }) => Memory
  RuntimeError: new (message?: string) => Error
  validate (bytes: Uint8Array): boolean
}

export function isValid (bytes: Uint8Array): boolean {
  return WebAssembly.validate(bytes)
}

export function importsOf (name: string): Import[] {
  return WebAssembly.Module.imports(new WebAssembly.Module(shippedFile(name)))
}

export function customSections (bytes: Uint8Array, section: string): ArrayBuffer[] {
  return WebAssembly.Module.customSections(new WebAssembly.Module(bytes), section)
}

/** Whether an error is the trap of an `unreachable` instruction. */
export function isUnreachable (error: unknown): boolean {
  return error instanceof WebAssembly.RuntimeError && error.message.includes('unreachable')
}

export function instantiate (name: string, imports: object = {}): Instance {
  return new WebAssembly.Instance(new WebAssembly.Module(shippedFile(name)), imports)
}

/** A function export of an instance, to be called with what its signature asks for. */
export function exported (instance: Instance, name: string): (...args: unknown[]) => unknown {
  const found = instance.exports[name]
  if (typeof found !== 'function') throw new Error(`no function ${name}`)
  return (...args) => Reflect.apply(found, undefined, args)
}

/** The bytes of an instance's memory as it is now; growth detaches them. */
export function memoryOf (instance: Instance): Uint8Array {
  const memory = instance.exports['memory']
  if (!(memory instanceof WebAssembly.Memory)) throw new Error('no memory')
  return new Uint8Array(memory.buffer)
}

/** Runs a WASI command with `stdin`. */
export function runCommand (name: string, stdin: string): { code: number, stdout: string, stderr: string } {
  const folder = mkdtempSync(join(tmpdir(), 'corebrum-wasi-'))
  const path = (stream: string): string => join(folder, stream)
  writeFileSync(path('stdin'), stdin)
  const input = openSync(path('stdin'), 'r')
  const output = openSync(path('stdout'), 'w')
  const errors = openSync(path('stderr'), 'w')
  try {
    const wasi = new WASI({ version: 'preview1', returnOnExit: true, stdin: input, stdout: output, stderr: errors })
    const code = wasi.start(instantiate(name, { wasi_snapshot_preview1: wasi.wasiImport }))
    return { code, stdout: readFileSync(path('stdout'), 'utf8'), stderr: readFileSync(path('stderr'), 'utf8') }
  } finally {
    for (const file of [input, output, errors]) closeSync(file)
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Calls a text function of the buffer convention with raw bytes, and gives both buffers back. */
export function callBuffer (instance: Instance, name: string, bytes: Uint8Array): Uint8Array {
  const pointer = Number(exported(instance, 'alloc')(bytes.length))
  memoryOf(instance).set(bytes, pointer)
  const packed = BigInt.asUintN(64, BigInt(String(exported(instance, name)(pointer, bytes.length))))
  exported(instance, 'free')(pointer, bytes.length)
  const start = Number(packed >> 32n)
  const length = Number(packed & 0xffffffffn)
  const result = memoryOf(instance).slice(start, start + length)
  exported(instance, 'free')(start, length)
  return result
}
