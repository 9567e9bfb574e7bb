/** How a module tells its types: word by word, for the functions it exports and, since 0.2.104, for its casts while it runs. */
import { MAX_BINDGEN_WORDS } from '../../limits.ts'
import { GuestAbort } from '../guest.ts'
import type { Catalogue } from './imports.ts'
import { decodeFunction } from './descriptors.ts'
import { spec } from './host-function.ts'
import type { BindgenHost } from './host.ts'
import { type HostValue, hostValueOf } from './host-values.ts'
import { lift, readSlots } from './lift.ts'
import { describeBindgenType } from './types.ts'

function describe (host: BindgenHost, [word]: HostValue[]): undefined {
  if (host.described.length >= MAX_BINDGEN_WORDS) throw new GuestAbort('ERR_MODULE_INVALID', `the module describes a type with more than ${MAX_BINDGEN_WORDS} words`)
  host.described.push(Number(word) >>> 0)
}

/** A cast to a JavaScript value: its argument lies at `values`, and its result is read where the answer points. */
function cast (host: BindgenHost, values: number, words: readonly number[]): number {
  const { params: [from, ...more], result } = decodeFunction(words, host.release)
  if (from === undefined || more.length > 0 || from.kind === 'unsupported' || result.kind !== 'any') {
    throw new GuestAbort('ERR_MISSING_IMPORT', `the module turns ${from === undefined ? 'nothing' : describeBindgenType(from)} into ${describeBindgenType(result)}, which the sandbox does not provide`)
  }
  const value = hostValueOf(lift(readSlots(host, values, from), from, host))
  const answer = host.allocate(8, 8)
  host.viewAt(answer, 8).setUint32(0, host.references.keep(value), true)
  return answer
}

export const DESCRIBING: Catalogue = {
  'bindgen:describe': [spec('number', 'nothing', describe)],
  'bindgen:describecast': [spec('number number', 'number', (host, [, values]) => cast(host, Number(values), host.described.splice(0)))],
  'bindgen:describegenericimport': [spec('number number', 'number', (host, [, values]) => {
    const [nameLength, ...words] = host.described.splice(0)
    if (nameLength !== 0) throw new GuestAbort('ERR_MISSING_IMPORT', 'the module calls a generic import, which the sandbox does not provide: run the wasm-bindgen CLI on it')
    return cast(host, Number(values), words)
  })],
}
