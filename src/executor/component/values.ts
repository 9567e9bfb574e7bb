/** Values of components between two memories, and what was wrong with one that could not cross. */
import { CorebrumError } from '../../errors.ts'

/**
 * bool, the numbers of up to 32 bits and flags as numbers, s64 and u64 as bigint, char and string as string, list<u8> as
 * bytes, other lists, records and tuples as arrays, variants of every form as VariantValue, handles as what they stand for.
 */
export type Lifted = boolean | number | bigint | string | Uint8Array | readonly Lifted[] | VariantValue | HostResource

export class VariantValue {
  readonly index: number
  readonly payload: Lifted | undefined

  constructor (index: number, payload?: Lifted) {
    this.index = index
    this.payload = payload
  }
}

/** Something of the host's that a component holds a handle to. */
export abstract class HostResource {
  /** The component gave its handle up. */
  drop (): void {}
}

/** Of a resource: the number that its component gave, or the host's own object. */
export type Representation = number | HostResource

/** The Component Model's trap: the component broke a rule, and nothing of it runs any more. */
export function trap (what: string): CorebrumError {
  return new CorebrumError('ERR_TRAP', `the component trapped: ${what}`)
}

/** The host made a value that is not of the type it said. */
export function mismatch (kind: string): CorebrumError {
  return new CorebrumError('ERR_INTERNAL', `a value of the host is no ${kind}`)
}
