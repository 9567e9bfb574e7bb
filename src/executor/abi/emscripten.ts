/** The imports in `env` that plain Emscripten, AssemblyScript and C output expects of its host. */
import { WASM_PAGE_BYTES } from '../../limits.ts'
import type { HostFunction, ImportProvider } from './adapter.ts'
import { type Guest, GuestAbort, ProgramExit } from './guest.ts'

function copyWithin (guest: Guest): HostFunction {
  return (target: number, source: number, length: number) => {
    guest.bytes().copyWithin(target >>> 0, source >>> 0, (source >>> 0) + (length >>> 0))
    return target
  }
}

function resizeHeap (guest: Guest): HostFunction {
  return (wanted: number) => {
    const pages = Math.ceil(((wanted >>> 0) - guest.memoryBytes) / WASM_PAGE_BYTES)
    if (pages <= 0) return 1
    try {
      guest.memory.grow(pages)
      return 1
    } catch {
      guest.growthRefused = true
      return 0
    }
  }
}

/** Text that ends with NUL, for messages; empty where the pointer is bad. */
function cText (guest: Guest, pointer: number): string {
  if (guest.memoryBytes === 0) return ''
  const bytes = guest.bytes().subarray(pointer >>> 0, (pointer >>> 0) + 1000)
  const end = bytes.indexOf(0)
  return new TextDecoder().decode(bytes.slice(0, end < 0 ? bytes.length : end))
}

/** AssemblyScript strings are UTF-16 with their length in bytes 4 before the pointer. */
function utf16Text (guest: Guest, pointer: number): string {
  const start = pointer >>> 0
  if (start < 4 || start > guest.memoryBytes) return ''
  const length = guest.view().getUint32(start - 4, true)
  return new TextDecoder('utf-16le').decode(guest.bytes().slice(start, start + Math.min(length, 2000)))
}

const aborted = (text: string): never => {
  throw new GuestAbort('ERR_TRAP', `the module aborted${text === '' ? '' : `: ${text}`}`)
}

/** Milliseconds since 1970. */
function dateNow ({ ambient }: Guest): HostFunction {
  return () => Number(ambient.wallClockNs() / 1_000_000n)
}

const FUNCTIONS: Record<string, (guest: Guest) => HostFunction> = {
  abort: (guest) => (message?: number, file?: number, line?: number, column?: number) =>
    aborted(file === undefined || line === undefined ? '' : `${utf16Text(guest, message ?? 0)} at ${utf16Text(guest, file)}:${line}:${column ?? 0}`),
  _abort_js: () => () => aborted(''),
  __assert_fail: (guest) => (condition: number, file: number, line: number) => aborted(`assertion failed: ${cText(guest, condition)} at ${cText(guest, file)}:${line}`),
  exit: () => (code: number) => { throw new ProgramExit(code) },
  emscripten_memcpy_big: copyWithin,
  emscripten_memcpy_js: copyWithin,
  _emscripten_memcpy_js: copyWithin,
  emscripten_resize_heap: resizeHeap,
  emscripten_notify_memory_growth: () => () => {},
  emscripten_get_heap_max: (guest) => () => guest.memoryBytes,
  emscripten_date_now: dateNow,
  emscripten_get_now: (guest) => () => Number(guest.ambient.monotonicNs()) / 1e6,
  setTempRet0: () => () => {},
  getTempRet0: () => () => 0,
  seed: (guest) => () => guest.ambient.randomUnit(),
  'Date.now': dateNow,
}

export const provideEnv: ImportProvider = (item) =>
  item.kind === 'function' && item.module === 'env' && Object.hasOwn(FUNCTIONS, item.name) ? FUNCTIONS[item.name] : undefined
