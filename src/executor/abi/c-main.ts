/**
 * A C program whose `main` is exported and which has no `_start`, as Emscripten links it for its own JavaScript: argc and
 * argv in, the inputs as JSON on standard input, the outputs from standard output, the exit code from what main returns.
 */
import { CorebrumError } from '../../errors.ts'
import type { FunctionType, ModuleInfo } from '../binary/module-info.ts'
import type { Adapter, Binding, FoundFunction, Signature } from './adapter.ts'
import { exportedFunction } from './exports.ts'
import { exportedAs, type Guest, ProgramExit } from './guest.ts'
import { runCommand, standardInput } from './wasi-command.ts'

const MAIN = ['main', '_main', '__main_argc_argv']
/** An import that only a program that reads, writes or exits has. */
const PROGRAM_IMPORT = /^_*(?:wasi_)?(?:fd_write|fd_read|proc_exit|syscall\w*)$/
const ALLOCATORS = ['stackAlloc', '_emscripten_stack_alloc', 'malloc', '_malloc']
const FLUSH = ['fflush', '_fflush']
const PROGRAM_NAME = 'main'
const encoder = new TextEncoder()

function isMain ({ params, results }: FunctionType): boolean {
  return params.length === 2 && params.every((type) => type === 'i32') && results.length === 1 && results[0] === 'i32'
}

/** The exported main function of a program that writes or exits; undefined for other modules, and where another function is asked for. */
export function findMain (info: ModuleInfo, functionName: string | undefined): FoundFunction | undefined {
  if (functionName !== undefined && !MAIN.includes(functionName)) return undefined
  if (!info.imports.some((item) => item.kind === 'function' && PROGRAM_IMPORT.test(item.name))) return undefined
  return MAIN.map((name) => exportedFunction(info, name)).find((found) => found !== undefined && isMain(found.type))
}

export const cMain: Adapter = {
  convention: 'c-main',
  bind (signature: Signature, info: ModuleInfo): Binding {
    const target = findMain(info, undefined)
    if (target === undefined) throw new CorebrumError('ERR_SIGNATURE', 'the module exports no main(argc, argv) of a program: a main that takes two i32 and returns one, beside an import that reads, writes or exits')
    return {
      functionName: target.name,
      prepare: (values) => ({
        stdin: standardInput(values, signature.inputs),
        run: (guest) => runCommand(guest, () => { runMain(guest, target.name) }, signature.outputs),
      }),
    }
  },
}

function runMain (guest: Guest, name: string): void {
  const [count, vector] = placeArguments(guest, [PROGRAM_NAME, ...guest.args])
  const code = guest.call(name, count, vector)
  const flush = exportedAs(guest, FLUSH)
  if (flush !== undefined) guest.call(flush, 0)
  if (code !== 0) throw new ProgramExit(typeof code === 'number' ? code & 0xff : 1)
}

/** argc and argv; 0 and 0 in a module that gives no memory away. Throws ERR_POINTER. */
function placeArguments (guest: Guest, args: readonly string[]): [number, number] {
  const allocator = exportedAs(guest, ALLOCATORS)
  if (allocator === undefined) return [0, 0]
  const texts = args.map((text) => encoder.encode(`${text}\0`))
  const tableBytes = 4 * (texts.length + 1)
  const size = tableBytes + texts.reduce((sum, text) => sum + text.length, 0)
  const answer = guest.call(allocator, size)
  const table = typeof answer === 'number' ? answer >>> 0 : 0
  if (table === 0 || table + size > guest.memoryBytes) throw new CorebrumError('ERR_POINTER', `the module's ${allocator}(${size}) returned ${table}; its memory ends at ${guest.memoryBytes}`)
  const view = guest.view()
  let at = table + tableBytes
  texts.forEach((text, index) => {
    view.setUint32(table + 4 * index, at, true)
    guest.bytes().set(text, at)
    at += text.length
  })
  view.setUint32(table + 4 * texts.length, 0, true)
  return [texts.length, table]
}
