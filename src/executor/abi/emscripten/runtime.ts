/** Memory, aborts, console text and exits that Emscripten's runtime leaves to its host. */
import { WASM_PAGE_BYTES } from '../../../limits.ts'
import type { HostFunction } from '../adapter.ts'
import { type Guest, GuestAbort, ProgramExit } from '../guest.ts'
import { cText, utf16Text } from '../guest-text.ts'
import { type HostTable, provideTable } from '../host-table.ts'

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

const aborted = (text: string): never => {
  throw new GuestAbort('ERR_TRAP', `the module aborted${text === '' ? '' : `: ${text}`}`)
}

const aborting = (text: string) => (): HostFunction => () => aborted(text)
const answering = (value: number) => (): HostFunction => () => value
const nothing = (): HostFunction => () => {}
const exit = (): HostFunction => (code: number) => { throw new ProgramExit(code) }

/** One line of console text. */
function log (guest: Guest): HostFunction {
  return (text: number) => { guest.logs.writeText(`${cText(guest, text)}\n`) }
}

/** `abort` is also AssemblyScript's: message, file, line, column. */
function abort (guest: Guest): HostFunction {
  return (message?: number, file?: number, line?: number, column?: number) =>
    aborted(file === undefined || line === undefined ? '' : `${utf16Text(guest, message ?? 0)} at ${utf16Text(guest, file)}:${line}:${column ?? 0}`)
}

const FUNCTIONS: HostTable = {
  abort,
  _abort_js: aborting(''),
  __assert_fail: (guest) => (condition: number, file: number, line: number) => aborted(`assertion failed: ${cText(guest, condition)} at ${cText(guest, file)}:${line}`),
  abortOnCannotGrowMemory: aborting('its memory could not grow'),
  abortStackOverflow: aborting('its stack overflowed'),
  __handle_stack_overflow: aborting('its stack overflowed'),
  __cxa_pure_virtual: aborting('a pure virtual function was called'),
  llvm_trap: aborting(''),
  segfault: aborting('segmentation fault'),
  alignfault: aborting('alignment fault'),
  exit,
  _exit: exit,
  _proc_exit: exit,
  emscripten_force_exit: exit,
  emscripten_memcpy_big: copyWithin,
  emscripten_memcpy_js: copyWithin,
  _emscripten_memcpy_js: copyWithin,
  emscripten_resize_heap: resizeHeap,
  emscripten_notify_memory_growth: nothing,
  emscripten_get_heap_max: (guest) => () => guest.memoryBytes,
  emscripten_get_heap_size: (guest) => () => guest.memoryBytes,
  emscripten_console_log: log,
  emscripten_console_warn: log,
  emscripten_console_error: log,
  emscripten_out: log,
  emscripten_err: log,
  emscripten_dbg: log,
  getentropy: (guest) => (pointer: number, length: number) => {
    guest.ambient.random(guest.bytes().subarray(pointer >>> 0, (pointer >>> 0) + (length >>> 0)))
    return 0
  },
  emscripten_random: (guest) => () => guest.ambient.randomUnit(),
  atexit: answering(0),
  __cxa_atexit: answering(0),
  emscripten_has_asyncify: answering(0),
  _emscripten_fs_load_embedded_files: nothing,
  _emscripten_runtime_keepalive_clear: nothing,
  emscripten_runtime_keepalive_push: nothing,
  emscripten_runtime_keepalive_pop: nothing,
  _setitimer_js: answering(0),
}

export const provideRuntime = provideTable(FUNCTIONS)
