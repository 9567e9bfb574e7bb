/** The port between a component and the functions that the host has for it. */
import type { Guest } from '../../abi/guest.ts'
import type { FileSystem } from '../../wasi/nodes.ts'
import { type HostResource, type Lifted, VariantValue, mismatch, trap } from '../values.ts'

/** What the functions of one call share. */
export interface WasiHost {
  readonly guest: Guest
  readonly fs: FileSystem
}

/** A function of the host, with the type that it has in WASI 0.2: a component that declares another one is refused. */
export interface HostFunction {
  type: string
  call (host: WasiHost, args: Args): Lifted | undefined
}

/** By the names that WIT gives them: `now`, `[method]pollable.block`. */
export type HostInterface = Readonly<Record<string, HostFunction>>

/** The arguments of a call; their types are those of the function, as components are checked before they run. */
export class Args {
  private readonly values: readonly Lifted[]

  constructor (values: readonly Lifted[]) {
    this.values = values
  }

  resource<T extends HostResource> (index: number, kind: abstract new (...args: never[]) => T): T {
    const value = this.values[index]
    if (value instanceof kind) return value
    throw trap('a resource is not of the kind that the function takes')
  }

  resources<T extends HostResource> (index: number, kind: abstract new (...args: never[]) => T): T[] {
    const list = new Args(this.list(index))
    return Array.from({ length: list.values.length }, (_, item) => list.resource(item, kind))
  }

  u64 (index: number): bigint {
    const value = this.values[index]
    return typeof value === 'bigint' ? value : fail('64-bit integer')
  }

  /** Of a small integer or of flags. */
  number (index: number): number {
    const value = this.values[index]
    return typeof value === 'number' ? value : fail('number')
  }

  string (index: number): string {
    const value = this.values[index]
    return typeof value === 'string' ? value : fail('string')
  }

  bytes (index: number): Uint8Array {
    const value = this.values[index]
    return value instanceof Uint8Array ? value : fail('list of bytes')
  }

  variant (index: number): VariantValue {
    const value = this.values[index]
    return value instanceof VariantValue ? value : fail('variant')
  }

  list (index: number): readonly Lifted[] {
    const value = this.values[index]
    return Array.isArray(value) ? value : fail('list')
  }
}

function fail (kind: string): never {
  throw mismatch(kind)
}

export const some = (value: Lifted): VariantValue => new VariantValue(1, value)
export const none = new VariantValue(0)
/** The cases of `result`. */
export const ok = (value?: Lifted): VariantValue => new VariantValue(0, value)
export const err = (value: Lifted): VariantValue => new VariantValue(1, value)

/** The smaller of a length that a component asks for and a limit. */
export function atMost (asked: bigint, limit: number): number {
  return asked < BigInt(limit) ? Number(asked) : limit
}
