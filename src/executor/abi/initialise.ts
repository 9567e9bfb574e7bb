/** What must run in a fresh instance before the function that a task calls. */
import type { ModuleInfo } from '../binary/module-info.ts'
import type { Convention } from './adapter.ts'
import { exportedFunction } from './exports.ts'
import { type Guest, ProgramExit } from './guest.ts'

/** Of these the first that there is; they make ready and return. */
const INITIALISERS = ['_initialize', '__wasm_call_ctors', '___wasm_call_ctors', '__post_instantiate']
/** Starts the runtime of a language and its main function, as TinyGo and AssemblyScript write it. */
const START = '_start'
/** Conventions whose function is the program's own start. */
const STARTED_BY_ADAPTER: ReadonlySet<Convention> = new Set<Convention>(['wasi-command', 'go-js', 'c-main'])

/** Runs what there is to run; undefined when there is nothing. The start of a program that has no main function is left alone. */
export function findInitialiser (info: ModuleInfo, convention: Convention, functionName: string): ((guest: Guest) => void) | undefined {
  const plain = (name: string): boolean => exportedFunction(info, name)?.type.params.length === 0 && name !== functionName
  const name = INITIALISERS.find(plain)
  if (name !== undefined) return (guest) => { guest.call(name) }
  const hasMain = !info.imports.some((item) => item.module === 'env' && /^_?_?main(_argc_argv)?$/.test(item.name))
  return plain(START) && hasMain && functionName !== START && !STARTED_BY_ADAPTER.has(convention) ? start : undefined
}

/** Many runtimes end their main function with an exit, which is no end for what else the module exports. */
function start (guest: Guest): void {
  try {
    guest.call(START)
  } catch (thrown) {
    if (!(thrown instanceof ProgramExit) || thrown.exitCode !== 0) throw thrown
  }
}
