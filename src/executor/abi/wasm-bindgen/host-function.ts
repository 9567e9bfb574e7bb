/** How a host function is written down, and fitted to the WebAssembly type that a module imports it with. */
import type { FunctionType, WasmType } from '../../binary/module-info.ts'
import { GuestAbort } from '../guest.ts'
import type { BindgenHost } from './host.ts'
import { type HostValue, ByteView, Failure, describeHostValue } from './host-values.ts'

/** What one argument is made of: `text` and `bytes` are two i32, `ref` an index or a reference; `taken` is one that the module gives up. */
export type Taken = 'ref' | 'taken' | 'text' | 'bytes' | 'number' | 'i64'
/** What the result becomes; `text`, `number?`, `i64?` and `bytes` by pointer in the first parameter. */
export type Given = 'nothing' | 'ref' | 'number' | 'i64' | 'flag' | 'flag?' | 'text' | 'number?' | 'i64?'

/** Arguments and result as host values; throws HostThrow where JavaScript would throw. */
export type Body = (host: BindgenHost, args: HostValue[]) => HostValue

export interface HostFunctionSpec {
  takes: readonly Taken[]
  gives: Given
  body: Body
}

/** An error that the module may catch. */
export class HostThrow extends Error {
  readonly value: HostValue

  constructor (value: HostValue) {
    super(describeHostValue(value))
    this.value = value
  }
}

/** Throws an `Error` of JavaScript, as the module sees it. */
export function hostError (message: string): HostThrow {
  return new HostThrow(new Failure(message))
}

export function spec (takes: string, gives: Given, body: Body): HostFunctionSpec {
  return { takes: takes === '' ? [] : takes.split(' ').filter(isTaken), gives, body }
}

const TAKEN: ReadonlySet<string> = new Set<Taken>(['ref', 'taken', 'text', 'bytes', 'number', 'i64'])

function isTaken (word: string): word is Taken {
  return TAKEN.has(word)
}

const BY_POINTER: ReadonlySet<Given> = new Set<Given>(['text', 'number?', 'i64?'])

/** True when the function can be imported with this type. Where references are passed at all, no number stands for a value. */
export function fits ({ takes, gives }: HostFunctionSpec, { params, results }: FunctionType): boolean {
  const indices = !params.includes('externref') && !results.includes('externref')
  let at = 0
  if (BY_POINTER.has(gives) && params[at++] !== 'i32') return false
  for (const taken of takes) {
    if (taken === 'text' || taken === 'bytes') {
      if (params[at++] !== 'i32' || params[at++] !== 'i32') return false
    } else if (!fitsSlot(taken, params[at++], indices)) return false
  }
  return at === params.length && fitsResult(gives, results, indices)
}

function fitsSlot (taken: Taken, slot: WasmType | undefined, indices: boolean): boolean {
  if (taken === 'i64') return slot === 'i64'
  if (taken === 'number') return slot === 'i32' || slot === 'f64' || slot === 'f32'
  return slot === (indices ? 'i32' : 'externref')
}

function fitsResult (gives: Given, results: readonly WasmType[], indices: boolean): boolean {
  const [only] = results
  if (gives === 'nothing' || BY_POINTER.has(gives)) return results.length === 0
  if (results.length !== 1) return false
  if (gives === 'ref') return only === (indices ? 'i32' : 'externref')
  if (gives === 'number') return only === 'i32' || only === 'f64' || only === 'f32'
  return gives === 'i64' ? only === 'i64' : only === 'i32'
}

/** The function that the instance calls. */
export function makeHostFunction ({ takes, gives, body }: HostFunctionSpec, type: FunctionType, host: BindgenHost): (...raw: unknown[]) => unknown {
  const pointer = BY_POINTER.has(gives)
  return (...raw) => {
    const args: HostValue[] = []
    let at = pointer ? 1 : 0
    for (const taken of takes) {
      args.push(readArgument(taken, raw, at, type.params[at] ?? 'i32', host))
      at += taken === 'text' || taken === 'bytes' ? 2 : 1
    }
    try {
      return giveResult(body(host, args), gives, raw[0], type.results[0], host)
    } catch (thrown) {
      if (!(thrown instanceof HostThrow)) throw thrown
      return storeFailure(thrown, type.results[0], host)
    }
  }
}

function readArgument (taken: Taken, raw: unknown[], at: number, slot: WasmType, host: BindgenHost): HostValue {
  const value = raw[at]
  switch (taken) {
    case 'ref': return host.references.get(value, slot)
    case 'taken': return host.references.take(value, slot)
    case 'text': return host.text(Number(value), Number(raw[at + 1]))
    case 'bytes': return new ByteView(undefined, Number(value) >>> 0, Number(raw[at + 1]) >>> 0)
    case 'number': return Number(value)
    case 'i64': return typeof value === 'bigint' ? value : 0n
  }
}

function giveResult (result: HostValue, gives: Given, pointer: unknown, slot: WasmType | undefined, host: BindgenHost): unknown {
  switch (gives) {
    case 'nothing': return undefined
    case 'ref': return host.references.give(result, slot)
    case 'number': return Number(typeof result === 'object' ? NaN : result)
    case 'i64': return typeof result === 'bigint' ? result : 0n
    case 'flag': return result === true ? 1 : 0
    case 'flag?': return typeof result === 'boolean' ? Number(result) : 0xffffff
    case 'text': {
      const placed = typeof result === 'string' ? host.placeText(result) : { pointer: 0, length: 0 }
      const view = host.viewAt(Number(pointer), 8)
      view.setUint32(0, placed.pointer, true)
      view.setUint32(4, placed.length, true)
      return undefined
    }
    case 'number?': case 'i64?': {
      const view = host.viewAt(Number(pointer), 16)
      const there = typeof result === (gives === 'number?' ? 'number' : 'bigint')
      view.setInt32(0, there ? 1 : 0, true)
      if (gives === 'number?') view.setFloat64(8, typeof result === 'number' ? result : 0, true)
      else view.setBigInt64(8, typeof result === 'bigint' ? result : 0n, true)
      return undefined
    }
  }
}

/** Hands the error to the module, where it can catch one, else ends the call. */
function storeFailure (thrown: HostThrow, slot: WasmType | undefined, host: BindgenHost): unknown {
  const { storeFailure: store } = host.exports
  if (store === undefined) throw new GuestAbort('ERR_TRAP', `the module threw: ${thrown.message.slice(0, 1000)}`)
  host.guest.call(store, host.references.keep(thrown.value))
  return slot === 'i64' ? 0n : slot === 'externref' ? undefined : 0
}
