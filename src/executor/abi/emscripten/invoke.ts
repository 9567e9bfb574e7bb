/**
 * setjmp and longjmp of Emscripten: a call that may be left by longjmp goes through `invoke_SIGNATURE`, which catches
 * the jump and tells the module. C++ exceptions that need the host are named, not caught.
 */
import type { HostFunction, ImportProvider } from '../adapter.ts'
import { exportedAs, type Guest, GuestAbort } from '../guest.ts'
import type { ImportInfo } from '../../binary/module-info.ts'
import { type HostTable, provideTable } from '../host-table.ts'

const INVOKE = /^_?invoke_([vijfdp]+)$/
const CPP_EXCEPTION = /^_?(?:__cxa_(?:throw|rethrow|begin_catch|end_catch|find_matching_catch\w*|allocate_exception|free_exception|get_exception_ptr|rethrow_primary_exception|uncaught_exceptions?)|__resumeException|llvm_eh_typeid_for)$/
const STACK_SAVE = ['stackSave', '_stackSave', 'emscripten_stack_get_current']
const STACK_RESTORE = ['stackRestore', '_stackRestore', '_emscripten_stack_restore']
const SET_THREW = ['setThrew', '_setThrew']

/** Thrown by longjmp through the frames that it leaves. */
class LongJump extends Error {}

/** Second results of functions whose first one is returned, as the C runtime keeps them; one for each instance. */
const secondResults = new WeakMap<Guest, number>()

/** Where longjmp is made by the host, it also says where to. */
function longjmp (guest: Guest): HostFunction {
  return (target?: number, value?: number) => {
    const setThrew = exportedAs(guest, SET_THREW)
    if (target !== undefined && setThrew !== undefined) guest.call(setThrew, target, value === undefined || value === 0 ? 1 : value)
    throw new LongJump()
  }
}

const FUNCTIONS: HostTable = {
  setTempRet0: (guest) => (value: number) => { secondResults.set(guest, value) },
  getTempRet0: (guest) => () => secondResults.get(guest) ?? 0,
  _emscripten_throw_longjmp: longjmp,
  emscripten_longjmp: longjmp,
  longjmp,
}

const provideJumps = provideTable(FUNCTIONS)

export const provideInvoke: ImportProvider = (item) => {
  if (item.module !== 'env') return undefined
  const signature = INVOKE.exec(item.name)?.[1]
  if (signature !== undefined && item.type?.params[0] === 'i32') return (guest) => invoke(guest, item, signature)
  return CPP_EXCEPTION.test(item.name) ? cppException(item) : provideJumps(item)
}

function invoke (guest: Guest, item: ImportInfo, signature: string): HostFunction {
  const result = item.type?.results[0]
  const zero = result === 'i64' ? 0n : 0
  return (index: number, ...args: Array<number | bigint>) => {
    const save = exportedAs(guest, STACK_SAVE)
    const stack = save === undefined ? undefined : guest.call(save)
    try {
      const answer = callPointer(guest, signature, index, args)
      if (result !== undefined && typeof answer !== typeof zero) throw wrongPointer(index, 'of another type')
      return answer
    } catch (thrown) {
      const setThrew = exportedAs(guest, SET_THREW)
      if (!(thrown instanceof LongJump) || setThrew === undefined) throw thrown
      const restore = exportedAs(guest, STACK_RESTORE)
      if (restore !== undefined && typeof stack === 'number') guest.call(restore, stack)
      guest.call(setThrew, 1, 0)
      return zero
    }
  }
}

function callPointer (guest: Guest, signature: string, index: number, args: Array<number | bigint>): unknown {
  const target = guest.functionAt(index)
  if (target === undefined) throw wrongPointer(index, 'not there')
  // Where i64 parameters were split in two for JavaScript, the module exports a wrapper that joins them.
  const wrapper = `dynCall_${signature}`
  try {
    return target.length !== args.length && guest.hasFunction(wrapper) ? guest.call(wrapper, index, ...args) : target(...args)
  } catch (thrown) {
    // A number where an i64 is due, or the reverse.
    throw thrown instanceof TypeError ? wrongPointer(index, 'of another type') : thrown
  }
}

function wrongPointer (index: number, what: string): GuestAbort {
  return new GuestAbort('ERR_TRAP', `the module called a function by its pointer, ${index >>> 0}, which is ${what}`)
}

function cppException ({ name }: ImportInfo): () => HostFunction {
  return () => () => {
    throw new GuestAbort('ERR_TRAP', `the module threw a C++ exception, which it needs its host to handle (import "env.${name}"): build it with -fwasm-exceptions, which handles them inside of the module, or without exceptions`)
  }
}
