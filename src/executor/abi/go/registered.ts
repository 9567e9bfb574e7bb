/** Calls a function that a Go program registers with js.Global().Set and serves while its main waits. */
import { CorebrumError } from '../../../errors.ts'
import type { Value } from '../../../task/values.ts'
import type { Binding, Signature, TypedName } from '../adapter.ts'
import { type Guest, GuestAbort, ProgramExit } from '../guest.ts'
import { registeredFunctions } from './globals.ts'
import { getField, invoke, setField } from './operations.ts'
import { type GoProgram, programOf } from './program.ts'
import { type Inert, Thing, makeFunction, makeObject } from './thing.ts'
import { errorText, outputsFromInert, toInert } from './values.ts'

/** An input of this name that is not given becomes a function (error, result), by which the Go function answers. */
const CALLBACK = 'callback'
const MAX_LISTED = 20

/** How the function gave its answer. */
type Answer = { failed: false, result: Inert } | { failed: true, reason: Inert }

/**
 * The function by its name, with dots where it is a field of an object: `parse`, `tools.parse`. Objects on the way that
 * the host does not have are there before the program starts, for programs that expect their page to have made them.
 */
export function callRegistered (signature: Signature, name: string, start: (guest: Guest) => void): Binding['prepare'] {
  const path = name.split('.')
  return (values) => ({
    run (guest) {
      const program = programOf(guest)
      makeHolders(program, path.slice(0, -1))
      const found = startUntilReady(program, () => start(guest), path)
      const answer = answerOf(program, name, () => callWith(program, found, signature.inputs, values))
      if (answer.failed) throw new GuestAbort('ERR_TRAP', `the function ${name} failed: ${errorText(answer.reason)}`)
      return outputsFromInert(answer.result, signature.outputs)
    },
  })
}

/** The objects on the way to the function. */
function makeHolders ({ realm, global }: GoProgram, names: readonly string[]): void {
  let holder = global
  for (const name of names) {
    const found = getField(realm, holder, name)
    const next = found instanceof Thing ? found : makeObject()
    if (next !== found) setField(realm, holder, name, next)
    holder = next
  }
}

interface Found { target: Thing, holder: Inert }

/** The function, where it is registered by now; the program may have replaced the objects on the way. */
function functionNow ({ realm, global }: GoProgram, path: readonly string[]): Found | undefined {
  let holder: Inert
  let target: Inert = global
  for (const name of path) {
    holder = target
    target = getField(realm, holder, name)
  }
  return target instanceof Thing && target.nature.call !== undefined ? { target, holder } : undefined
}

/** Runs main until it waits and has registered the function. Throws ERR_NO_EXPORT when it ends before, or never does. */
function startUntilReady (program: GoProgram, start: () => void, path: readonly string[]): Found {
  try {
    program.run(() => {
      start()
      program.realm.loop.run(() => functionNow(program, path) !== undefined)
    })
  } catch (thrown) {
    throw endedEarly(program, thrown, path)
  }
  const found = functionNow(program, path)
  if (found === undefined) throw missing(program, path, 'it waits for something else')
  return found
}

function endedEarly (program: GoProgram, thrown: unknown, path: readonly string[]): unknown {
  const failed = thrown instanceof CorebrumError && thrown.code === 'ERR_EXIT_CODE'
  if (!failed && !(thrown instanceof ProgramExit)) return thrown
  if (functionNow(program, path) !== undefined) return missing(program, path, 'its main ended, so that it cannot be called any more: let main wait with select {}')
  return missing(program, path, `${failed ? thrown.message : 'the program ended'}. To run it as a program, name no function`)
}

function missing ({ global }: GoProgram, path: readonly string[], why: string): CorebrumError {
  const names = registeredFunctions(global)
  const listed = names.length === 0 ? 'no function' : names.slice(0, MAX_LISTED).join(', ')
  return new CorebrumError('ERR_NO_EXPORT', `the module cannot be called by ${JSON.stringify(path.join('.'))}: it exports no such function and registered ${listed}; ${why}`)
}

function callWith (program: GoProgram, { target, holder }: Found, inputs: readonly TypedName[], values: ReadonlyArray<Value | undefined>): { returned: Inert, called?: Promised } {
  const callback = inputs.findIndex((input, index) => input.name === CALLBACK && values[index] === undefined)
  const called: Promised = {}
  const args = inputs.map((input, index) => {
    const value = values[index]
    if (index === callback) return makeFunction((_realm, _self, given) => { called.answer ??= fromCallback(given); return undefined })
    return value === undefined ? undefined : toInert(program.realm, value, input.name)
  })
  while (args.length > 0 && args.at(-1) === undefined) args.pop()
  const returned = invoke(program.realm, target, holder, args)
  return callback < 0 ? { returned } : { returned, called }
}

interface Promised { answer?: Answer }

function fromCallback ([error, result]: readonly Inert[]): Answer {
  return error === undefined || error === null ? { failed: false, result } : { failed: true, reason: error }
}

/** Calls, and lets the program's events happen until it has answered: by returning, by the callback, or by settling its promise. */
function answerOf (program: GoProgram, name: string, call: () => ReturnType<typeof callWith>): Answer {
  try {
    const { returned, called } = call()
    if (called !== undefined) {
      awaitAnswer(program, name, () => called.answer !== undefined)
      if (called.answer !== undefined) return called.answer
    }
    const promise = returned instanceof Thing ? returned.nature.promise : undefined
    if (promise !== undefined) {
      awaitAnswer(program, name, () => promise.status !== 'pending')
      return promise.status === 'rejected' ? { failed: true, reason: promise.value } : { failed: false, result: promise.value }
    }
    return returned instanceof Thing && returned.kind === 'Error' ? { failed: true, reason: returned } : { failed: false, result: returned }
  } catch (thrown) {
    if (thrown instanceof ProgramExit && thrown.exitCode === 0) throw new CorebrumError('ERR_EXIT_CODE', `the program ended while ${name} ran, with exit code 0`)
    throw thrown
  }
}

function awaitAnswer (program: GoProgram, name: string, answered: () => boolean): void {
  if (!program.realm.loop.run(answered)) throw program.deadlock(`: ${name} never answered`)
}
