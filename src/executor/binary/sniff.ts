/** Tells WebAssembly modules from other bytes, and says what the others look like. */
import { CorebrumError } from '../../errors.ts'

const SIGNATURES: Array<{ bytes: number[], what: string }> = [
  { bytes: [0x1f, 0x8b], what: 'a gzip file; unpack it first' },
  { bytes: [0x50, 0x4b, 0x03, 0x04], what: 'a zip file; unpack it first' },
  { bytes: [0x28, 0xb5, 0x2f, 0xfd], what: 'a zstd file; unpack it first' },
  { bytes: [0x42, 0x5a, 0x68], what: 'a bzip2 file; unpack it first' },
  { bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a], what: 'an xz file; unpack it first' },
  { bytes: [0x7f, 0x45, 0x4c, 0x46], what: 'an ELF program; build it for wasm32 instead' },
  { bytes: [0x4d, 0x5a], what: 'a Windows program; build it for wasm32 instead' },
  { bytes: [0xcf, 0xfa, 0xed, 0xfe], what: 'a macOS program; build it for wasm32 instead' },
  { bytes: [0xca, 0xfe, 0xba, 0xbe], what: 'a Java class or a macOS program; build it for wasm32 instead' },
  { bytes: [0x42, 0x43, 0xc0, 0xde], what: 'LLVM bitcode; link it to a .wasm file first' },
  { bytes: [0x21, 0x3c, 0x61, 0x72, 0x63, 0x68, 0x3e], what: 'an archive of object files; link it to a .wasm file first' },
  { bytes: [0x89, 0x50, 0x4e, 0x47], what: 'a PNG picture' },
  { bytes: [0x25, 0x50, 0x44, 0x46], what: 'a PDF document' },
]

const TEXTS: Array<{ pattern: RegExp, what: string }> = [
  { pattern: /^(<!doctype html|<html)/i, what: 'an HTML page; the address may need a login or name no file' },
  { pattern: /^\(module/, what: 'WebAssembly text; translate it with wat2wasm first' },
  { pattern: /^AGFzbQ/, what: 'base64 of a module; decode it first, or use `wasm_binary`' },
  { pattern: /^version https:\/\/git-lfs/, what: 'a Git LFS pointer; fetch the file itself' },
  { pattern: /^<\?xml/, what: 'an XML document' },
  { pattern: /^[[{]/, what: 'JSON text' },
]

const isPrefix = (bytes: Uint8Array, prefix: number[]): boolean => prefix.every((byte, index) => bytes[index] === byte)

export type BinaryKind = 'module' | 'component'

/** What the bytes begin as. Throws ERR_NOT_WASM for other kinds of files, ERR_MODULE_INVALID for a cut or unknown header. */
export function binaryKind (bytes: Uint8Array): BinaryKind {
  if (bytes.length === 0) throw new CorebrumError('ERR_NOT_WASM', 'this is not a WebAssembly module: it is empty')
  if (!isPrefix(bytes, [0x00, 0x61, 0x73, 0x6d])) {
    throw new CorebrumError('ERR_NOT_WASM', `this is not a WebAssembly module: it looks like ${describe(bytes)}`)
  }
  if (bytes.length < 8) throw new CorebrumError('ERR_MODULE_INVALID', `the module is cut off: ${bytes.length} bytes, the header alone has 8`)
  const version = bytes.subarray(4, 8)
  if (isPrefix(version, [0x0d, 0x00, 0x01, 0x00])) return 'component'
  if (isPrefix(version, [0x01, 0x00, 0x00, 0x00])) return 'module'
  throw new CorebrumError('ERR_MODULE_INVALID', `the module's version is ${[...version].join('.')}; known are 1.0.0.0 and, for components, 13.0.1.0`)
}

/** Throws unless the bytes begin as a core module does: what `binaryKind` throws, and ERR_MODULE_INVALID for a component. */
export function requireModuleHeader (bytes: Uint8Array): void {
  if (binaryKind(bytes) === 'component') throw new CorebrumError('ERR_MODULE_INVALID', 'a component stands where a core module is expected')
}

function describe (bytes: Uint8Array): string {
  const signature = SIGNATURES.find((entry) => isPrefix(bytes, entry.bytes))
  if (signature !== undefined) return signature.what
  const head = bytes.subarray(0, 256)
  const printable = head.every((byte) => byte >= 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d)
  if (!printable) return `unknown data that begins with ${[...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')}`
  const text = new TextDecoder().decode(head).trimStart()
  return TEXTS.find((entry) => entry.pattern.test(text))?.what ?? `text that begins with ${JSON.stringify(text.slice(0, 24))}`
}
