/** The global object of a Go program: a closed list of harmless things, each made when it is first asked for. */
import { MAX_LOG_BYTES } from '../../../limits.ts'
import { makeJson } from './json-global.ts'
import { constructArray, constructBytes, makeArray } from './lists.ts'
import { SHOWN_NAME_CHARS, bytesOf, textOf } from './operations.ts'
import { PROMISE_CLASS } from './promise.ts'
import type { Realm } from './realm.ts'
import { makeFs, makePath, makeProcess } from './system.ts'
import { type Inert, type Kind, type Methods, type Native, Thing, Thrown, makeError, makeFunction, makeObject } from './thing.ts'

const NS_PER_MS = 1_000_000
/** What one call to getRandomValues may fill, as in browsers. */
const MAX_RANDOM_BYTES = 65_536

function makeClass (makes: Kind, construct: Native, methods?: Methods): Thing {
  return new Thing('Function', { makes, construct, call: construct, ...(methods === undefined ? {} : { methods }) })
}

function makeNamespace (methods: ReadonlyArray<readonly [string, Native]>): Thing {
  return new Thing('Object', { methods: new Map(methods) })
}

function fieldsOf (target: Inert): Array<[string, Inert]> {
  if (!(target instanceof Thing)) return []
  const { items } = target.nature
  return items === undefined ? [...target.fields] : items.map((item, index) => [String(index), item])
}

const OBJECT_METHODS: Methods = new Map<string, Native>([
  ['keys', (realm, _self, [target]) => makeArray(realm, fieldsOf(target).map(([name]) => name))],
  ['values', (realm, _self, [target]) => makeArray(realm, fieldsOf(target).map(([, value]) => value))],
  ['entries', (realm, _self, [target]) => makeArray(realm, fieldsOf(target).map((entry) => makeArray(realm, entry)))],
])

const makePlain: Native = (realm) => {
  realm.spend(200)
  return makeObject()
}

const ERROR_METHODS: Methods = new Map<string, Native>([['toString', (_realm, self) => textOf(self)]])

function errorClass (name: string): Thing {
  return makeClass('Error', (realm, _self, [message]) => {
    realm.spend(400)
    const error = new Thing('Error', { methods: ERROR_METHODS })
    error.fields.set('name', name)
    error.fields.set('message', message === undefined ? '' : textOf(message))
    return error
  })
}

function milliseconds (realm: Realm): number {
  return Number(realm.ambient.wallClockNs() / BigInt(NS_PER_MS))
}

const timeOf = (self: Inert): number => (self instanceof Thing ? self.nature.time : undefined) ?? NaN

const DATE_METHODS: Methods = new Map<string, Native>([
  ['getTimezoneOffset', () => 0],
  ['getTime', (_realm, self) => timeOf(self)],
  ['valueOf', (_realm, self) => timeOf(self)],
  ['toISOString', (_realm, self) => {
    const date = new Date(timeOf(self))
    if (Number.isNaN(date.getTime())) throw new Thrown(makeError('invalid time value', 'RangeError'))
    return date.toISOString()
  }],
])

const constructDate: Native = (realm, _self, [time]) => {
  realm.spend(200)
  return new Thing('Date', { time: typeof time === 'number' ? time : time === undefined ? milliseconds(realm) : NaN, methods: DATE_METHODS })
}

const log: Native = (realm, _self, args) => {
  args.forEach((part, index) => { realm.guest.logs.writeText(`${index === 0 ? '' : ' '}${textOf(part).slice(0, MAX_LOG_BYTES)}`) })
  realm.guest.logs.writeText('\n')
  return undefined
}

const fillRandom: Native = (realm, _self, [target]) => {
  const bytes = bytesOf(target)
  if (bytes === undefined || bytes.length > MAX_RANDOM_BYTES) throw new Thrown(makeError(`getRandomValues fills up to ${MAX_RANDOM_BYTES} bytes of a Uint8Array`, 'TypeError'))
  realm.ambient.random(bytes)
  return target
}

const setTimer: Native = (realm, _self, [job, delay]) => {
  const call = job instanceof Thing ? job.nature.call : undefined
  return realm.loop.after(typeof delay === 'number' ? delay : 0, () => { call?.(realm, undefined, []) })
}

const clearTimer: Native = (realm, _self, [id]) => {
  if (typeof id === 'number') realm.loop.cancel(id)
  return undefined
}

const rounding = (round: (value: number) => number): Native => (_realm, _self, [value]) => round(typeof value === 'number' ? value : NaN)

const GLOBALS = new Map<string, (realm: Realm) => Inert>([
  ['Object', () => makeClass('Object', makePlain, OBJECT_METHODS)],
  ['Array', () => makeClass('Array', constructArray, new Map<string, Native>([
    ['isArray', (_realm, _self, [value]) => value instanceof Thing && value.kind === 'Array'],
    ['of', (realm, _self, items) => makeArray(realm, [...items])],
  ]))],
  ['Uint8Array', () => makeClass('Uint8Array', constructBytes)],
  ['Uint8ClampedArray', () => makeClass('Uint8Array', constructBytes)],
  ['Date', () => makeClass('Date', constructDate, new Map<string, Native>([['now', (realm) => milliseconds(realm)]]))],
  ['Promise', () => makeClass('Promise', PROMISE_CLASS.construct, PROMISE_CLASS.methods)],
  ...['Error', 'TypeError', 'RangeError'].map((name): [string, () => Inert] => [name, () => errorClass(name)]),
  ['JSON', makeJson],
  ['Math', () => makeNamespace([
    ['random', (realm) => realm.ambient.randomUnit()],
    ['floor', rounding(Math.floor)], ['ceil', rounding(Math.ceil)], ['round', rounding(Math.round)], ['trunc', rounding(Math.trunc)],
  ])],
  ['console', () => makeNamespace(['log', 'info', 'warn', 'error', 'debug'].map((name) => [name, log]))],
  ['crypto', () => makeNamespace([['getRandomValues', fillRandom]])],
  ['performance', () => makeNamespace([['now', (realm) => Number(realm.ambient.monotonicNs()) / NS_PER_MS]])],
  ['setTimeout', () => makeFunction(setTimer)],
  ['clearTimeout', () => makeFunction(clearTimer)],
  ['fs', makeFs],
  ['process', makeProcess],
  ['path', makePath],
])

/** Names by which programs of different hosts reach the global object. */
const OWN_NAMES = ['globalThis', 'global', 'self']

export function makeGlobal (): Thing {
  const global = new Thing('Object', { lazy: GLOBALS })
  for (const name of OWN_NAMES) global.fields.set(name, global)
  return global
}

/** Names of the functions that a program has registered on the global object and on objects in it: `add`, `tools.parse`. */
export function registeredFunctions (global: Thing): string[] {
  return [...global.fields].flatMap(([name, value]) => {
    if (!(value instanceof Thing) || value === global || GLOBALS.has(name)) return []
    if (value.nature.call !== undefined) return [name.slice(0, SHOWN_NAME_CHARS)]
    return [...value.fields].flatMap(([inner, item]) => (item instanceof Thing && item.nature.call !== undefined ? [`${name}.${inner}`.slice(0, SHOWN_NAME_CHARS)] : []))
  })
}
