/**
 * Go for `js/wasm`, from Go's own compiler and from TinyGo. A program is run like a WASI command: JSON on its standard
 * input, outputs on its standard output. A function that it registers with js.Global().Set, or exports, is called.
 */
import { CorebrumError } from '../../../errors.ts'
import type { ModuleInfo } from '../../binary/module-info.ts'
import type { Adapter, Binding, Signature } from '../adapter.ts'
import { buffer, findAllocator } from '../buffer.ts'
import { describeType, exportedFunction } from '../exports.ts'
import { type Guest, ProgramExit } from '../guest.ts'
import { numeric } from '../numeric.ts'
import { runCommand, standardInput } from '../wasi-command.ts'
import { callRegistered } from './registered.ts'
import { programOf } from './program.ts'
import { provideStackImports } from './stack-imports.ts'
import { checkTinyGo, provideTinyGoImports } from './tinygo-imports.ts'
import { registeredFunctions } from './globals.ts'

/** Names that mean the program as a whole. */
const WHOLE_PROGRAM = new Set(['_start', 'main', 'run'])
/** Exports of the runtime, with the types that it gives them: i32 parameters and results. */
const RUNTIME_EXPORTS = { run: [2, 0], resume: [0, 0], getsp: [0, 1], _start: [0, 0], go_scheduler: [0, 0] } as const
const TINYGO_START = '_start'

export const goJs: Adapter = {
  convention: 'go-js',
  provides: (item) => provideStackImports(item) ?? provideTinyGoImports(item),
  bind (signature: Signature, info: ModuleInfo): Binding {
    checkRuntime(info)
    const tinyGo = exportedFunction(info, 'getsp') === undefined
    if (tinyGo) checkTinyGo(info)
    const start = tinyGo ? startTinyGo : (guest: Guest) => { programOf(guest).start() }
    const provide = tinyGo ? provideTinyGoImports : provideStackImports
    const name = signature.functionName
    if (name === undefined || WHOLE_PROGRAM.has(name)) {
      const end = tinyGo ? () => {} : endOfGo
      return {
        functionName: tinyGo ? TINYGO_START : 'run',
        provide,
        prepare: (values) => ({
          stdin: standardInput(values, signature.inputs),
          run: (guest) => runCommand(guest, () => {
            programOf(guest).run(() => {
              start(guest)
              end(guest)
            })
          }, signature.outputs),
        }),
      }
    }
    if (!isExported(info, name)) return { functionName: name, provide, prepare: callRegistered(signature, name, start) }
    const exported = (findAllocator(info) === undefined ? numeric : buffer).bind(signature, info)
    return {
      functionName: exported.functionName,
      provide,
      prepare (values) {
        const call = exported.prepare(values)
        return {
          run (guest) {
            startLibrary(guest, start)
            return call.run(guest)
          },
        }
      },
    }
  },
}

function isExported (info: ModuleInfo, name: string): boolean {
  return !Object.hasOwn(RUNTIME_EXPORTS, name) && exportedFunction(info, name) !== undefined
}

/** Throws ERR_SIGNATURE for a module that has Go's names but not its shape. */
function checkRuntime (info: ModuleInfo): void {
  if (!info.exports.some((item) => item.kind === 'memory')) throw new CorebrumError('ERR_SIGNATURE', 'the module exports no memory; a Go program exports one')
  for (const [name, [params, results]] of Object.entries(RUNTIME_EXPORTS)) {
    const type = exportedFunction(info, name)?.type
    if (type === undefined) continue
    const fits = type.params.length === params && type.results.length === results && [...type.params, ...type.results].every((item) => item === 'i32')
    if (!fits) throw new CorebrumError('ERR_SIGNATURE', `${name} is ${describeType(type)}; Go's runtime has another ${name}`)
  }
}

/** Lets a Go program's events happen until it ends; it never returns otherwise. */
function endOfGo (guest: Guest): void {
  const program = programOf(guest)
  program.realm.loop.run(() => false)
  const names = registeredFunctions(program.global)
  throw program.deadlock(names.length === 0 ? '' : `: it serves the functions ${names.join(', ')}, so name one of them as function_name`)
}

/** TinyGo's start returns both when main ends and when it waits. */
function startTinyGo (guest: Guest): void {
  if (guest.hasFunction(TINYGO_START)) guest.call(TINYGO_START)
  programOf(guest).realm.loop.run(() => false)
}

/** A program whose main has ended well still serves its exports. */
function startLibrary (guest: Guest, start: (guest: Guest) => void): void {
  try {
    programOf(guest).run(() => { start(guest) })
  } catch (thrown) {
    if (!(thrown instanceof ProgramExit)) throw thrown
  }
}
