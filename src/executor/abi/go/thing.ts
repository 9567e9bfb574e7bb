/**
 * What a Go program meets in place of JavaScript's values. The names that it gives are keys of maps, never of JavaScript
 * objects, so that no prototype, constructor or global of the host can be reached through them.
 */
import { GuestAbort } from '../guest.ts'
import type { Realm } from './realm.ts'

export type Inert = undefined | null | boolean | number | string | Thing

/** A function of the host, or of the program by way of the host. Throws `Thrown` for what the program may catch. */
export type Native = (realm: Realm, self: Inert, args: readonly Inert[]) => Inert
export type Methods = ReadonlyMap<string, Native>
export type Kind = 'Object' | 'Array' | 'Uint8Array' | 'Function' | 'Error' | 'Date' | 'Promise'

/** Of an exception, in a message. */
const SHOWN_CHARS = 1000

/** An exception as the program sees it; where nothing catches it, it ends the call. */
export class Thrown extends GuestAbort {
  readonly value: Inert

  constructor (value: Inert) {
    const message = value instanceof Thing ? value.fields.get('message') : value
    super('ERR_TRAP', `the program left an exception uncaught: ${message instanceof Thing ? 'an object' : String(message).slice(0, SHOWN_CHARS)}`)
    this.value = value
  }
}

export interface PromiseState {
  status: 'pending' | 'fulfilled' | 'rejected'
  value: Inert
  /** Run once when it is settled. */
  reactions: Array<() => void>
}

/** What a thing is besides its fields. */
export interface Nature {
  /** Of an array. */
  items?: Inert[]
  /** Of a Uint8Array. */
  bytes?: Uint8Array
  /** Of a function. */
  call?: Native
  /** Of a constructor, with what it makes. */
  construct?: Native
  makes?: Kind
  /** Of a Date, milliseconds since 1970. */
  time?: number
  promise?: PromiseState
  methods?: Methods
  /** Fields that are made when they are first read. */
  lazy?: ReadonlyMap<string, (realm: Realm) => Inert>
}

const NO_METHODS: Methods = new Map()

export class Thing {
  readonly kind: Kind
  readonly fields = new Map<string, Inert>()
  readonly nature: Nature

  constructor (kind: Kind, nature: Nature = {}) {
    this.kind = kind
    this.nature = nature
  }

  get methods (): Methods {
    return this.nature.methods ?? NO_METHODS
  }
}

export function makeObject (fields: Iterable<readonly [string, Inert]> = []): Thing {
  const thing = new Thing('Object')
  for (const [name, value] of fields) thing.fields.set(name, value)
  return thing
}

/** A function with neither fields nor a way to construct. */
export function makeFunction (call: Native): Thing {
  return new Thing('Function', { call })
}

export function makeError (message: string, name = 'Error', code?: string): Thing {
  const thing = new Thing('Error')
  thing.fields.set('name', name)
  thing.fields.set('message', message)
  if (code !== undefined) thing.fields.set('code', code)
  return thing
}

export function typeError (message: string): Thrown {
  return new Thrown(makeError(message, 'TypeError'))
}
