/** What a call threw, as an error with a code and a sentence. */
import { CorebrumError } from '../errors.ts'
import { WASM_PAGE_BYTES } from '../limits.ts'
import { exitError } from './abi/wasi-command.ts'
import type { FuelTank } from './abi/fuel-tank.ts'
import { type Guest, GuestAbort, ProgramExit } from './abi/guest.ts'
import type { ModuleInfo } from './binary/module-info.ts'

const MAX_STACK_CHARS = 10_000

/** Where the call stood when it failed. */
export interface TrapContext {
  /** Absent where it is not known which module failed. */
  info?: ModuleInfo
  maxPages: number
  guest: Guest
}

/** Turns anything that compiling, linking or running a module can throw into a CorebrumError. */
export function explainThrown (thrown: unknown, context: TrapContext): CorebrumError {
  if (context.guest.fuel?.empty === true) return outOfFuel(context.guest.fuel)
  if (thrown instanceof ProgramExit) return exitError(thrown.exitCode, context.guest)
  if (thrown instanceof GuestAbort) return outOfMemory(thrown.message, context) ?? thrown
  if (thrown instanceof CorebrumError) return thrown
  if (thrown instanceof WebAssembly.RuntimeError) return trap(thrown, context)
  if (thrown instanceof RangeError) return rangeError(thrown, context)
  if (thrown instanceof WebAssembly.CompileError) return new CorebrumError('ERR_MODULE_INVALID', `the module does not validate: ${clean(thrown.message)}${newerHint(thrown.message)}`, { cause: thrown })
  if (thrown instanceof WebAssembly.LinkError) return new CorebrumError('ERR_MODULE_INVALID', `the module cannot be linked: ${clean(thrown.message)}`, { cause: thrown })
  if (isTypeMismatch(thrown)) return new CorebrumError('ERR_TRAP', `the module calls a function of the sandbox, or exports one, with another type than that function has: ${thrown.message}`, { cause: thrown })
  if (isWasmException(thrown)) return new CorebrumError('ERR_TRAP', 'the module threw an exception that nothing caught', { cause: thrown })
  return new CorebrumError('ERR_INTERNAL', `the sandbox failed: ${thrown instanceof Error ? thrown.message : String(thrown)}`, { cause: thrown })
}

/** The error of a call that used more fuel than it had, whatever it then ran into. */
export function outOfFuel ({ budget }: FuelTank): CorebrumError {
  return new CorebrumError('ERR_FUEL_LIMIT', `the module used up its fuel of ${budget}: raise fuel in wasm_config, or give it less to do`)
}

function trap (thrown: WebAssembly.RuntimeError, context: TrapContext): CorebrumError {
  const kind = clean(thrown.message)
  // The names in it are the module's own, of any length.
  const place = trappedFunction(thrown.stack?.slice(0, MAX_STACK_CHARS) ?? '', context.info)
  const sentence = `the module trapped: ${kind}${place === undefined ? '' : ` in ${place}`}`
  return outOfMemory(sentence, context) ?? new CorebrumError('ERR_TRAP', sentence, { cause: thrown })
}

function rangeError (thrown: RangeError, { guest }: TrapContext): CorebrumError {
  if (/call stack/i.test(thrown.message)) return new CorebrumError('ERR_STACK_OVERFLOW', 'the module recursed too deeply', { cause: thrown })
  return new CorebrumError('ERR_MEMORY_LIMIT', `the sandbox has no memory left (${guest.memoryBytes} bytes used): ${thrown.message}`, { cause: thrown })
}

/**
 * A module whose memory could not grow mostly aborts: the cap is the cause when a growth was seen to fail, or when
 * the memory stands exactly at a cap that is lower than what the module declares.
 */
function outOfMemory (sentence: string, { guest, info, maxPages }: TrapContext): CorebrumError | undefined {
  const memory = info?.memories[0]
  const lowered = memory !== undefined && (memory.max === undefined || memory.max > BigInt(maxPages))
  const grown = memory !== undefined && guest.memoryBytes > Number(memory.min) * WASM_PAGE_BYTES
  const limit = maxPages * WASM_PAGE_BYTES
  if (!guest.growthRefused && !(lowered && grown && guest.memoryBytes === limit)) {
    const near = lowered && grown && guest.memoryBytes > limit * 0.75
    return near ? new CorebrumError('ERR_TRAP', `${sentence} (its memory had grown to ${guest.memoryBytes} of ${limit} bytes: it may have run out)`) : undefined
  }
  return new CorebrumError('ERR_MEMORY_LIMIT', `the module used up its memory of ${limit} bytes: ${sentence}`)
}

/** The innermost function of the module on V8's stack, by its name where the module has names, else by an export or its index. */
function trappedFunction (stack: string, info: ModuleInfo | undefined): string | undefined {
  const named = /^ +at (?:async )?([^\n]+?) \(wasm:\/\/[^\n]*wasm-function\[(\d+)\]/m.exec(stack)
  if (named?.[1] !== undefined && !/^wasm:\/\//.test(named[1])) return named[1].replace(/^[0-9a-f]{8}\./, '').slice(0, 200)
  const index = /wasm-function\[(\d+)\]/.exec(stack)?.[1]
  if (index === undefined) return undefined
  const exported = info?.exports.find((item) => item.kind === 'function' && item.index === Number(index))
  return exported === undefined ? `function ${index}` : exported.name
}

/** V8 puts the JavaScript call that was made in front of the cause. */
function clean (message: string): string {
  return message.replace(/^WebAssembly\.\w+\(\): /, '')
}

/** For what older engines refuse and newer ones know: computed constants (extended-const), exception references. */
function newerHint (message: string): string {
  return /not allowed in constant expressions|Invalid opcode 0x(1f|0a)\b/.test(message) ? ' (a newer Node.js than this one may know it: try 22 or later)' : ''
}

/** What the engine throws where a number is due and a 64-bit integer comes, or the reverse. */
function isTypeMismatch (thrown: unknown): thrown is Error {
  return (thrown instanceof TypeError || thrown instanceof SyntaxError) && /BigInt|type incompatibility/.test(thrown.message)
}

/** `WebAssembly.Exception` is newer than the type library. */
function isWasmException (thrown: unknown): boolean {
  const constructor: unknown = Object.getOwnPropertyDescriptor(WebAssembly, 'Exception')?.value
  return typeof constructor === 'function' && thrown instanceof constructor
}
