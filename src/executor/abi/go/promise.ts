/** Promises of the host, for Go functions that answer with one and for Go programs that wait for one. */
import { invoke } from './operations.ts'
import type { Realm } from './realm.ts'
import { type Inert, type Methods, type Native, type PromiseState, Thing, Thrown, makeFunction, typeError } from './thing.ts'

const PROMISE_BYTES = 300

function makePromise (realm: Realm): Thing {
  realm.spend(PROMISE_BYTES)
  return new Thing('Promise', { methods: METHODS, promise: { status: 'pending', value: undefined, reactions: [] } })
}

/** Of `Promise`, the constructor. */
export const PROMISE_CLASS = {
  construct: ((realm, _self, [executor]) => {
    const promise = makePromise(realm)
    const settler = (settle: typeof resolve): Thing => makeFunction((_realm, _this, [value]) => {
      settle(realm, promise, value)
      return undefined
    })
    try {
      invoke(realm, executor, undefined, [settler(resolve), settler(reject)], 'the executor of a promise')
    } catch (thrown) {
      reject(realm, promise, reasonOf(thrown))
    }
    return promise
  }) satisfies Native,
  methods: new Map<string, Native>([
    ['resolve', (realm, _self, [value]) => settled(realm, resolve, value)],
    ['reject', (realm, _self, [reason]) => settled(realm, reject, reason)],
  ]),
}

const METHODS: Methods = new Map<string, Native>([
  ['then', (realm, self, [onValue, onReason]) => then(realm, self, onValue, onReason)],
  ['catch', (realm, self, [onReason]) => then(realm, self, undefined, onReason)],
  ['finally', (realm, self, [onEnd]) => {
    const run = (): void => { invoke(realm, onEnd, undefined, [], 'what finally was given') }
    return then(realm, self, makeFunction((_realm, _this, [value]) => { run(); return value }), makeFunction((_realm, _this, [reason]) => { run(); throw new Thrown(reason) }))
  }],
])

function settled (realm: Realm, settle: typeof resolve, value: Inert): Thing {
  const promise = makePromise(realm)
  settle(realm, promise, value)
  return promise
}

/** Settles the promise with a value, or as another promise is once that is settled. */
export function resolve (realm: Realm, promise: Thing, value: Inert): void {
  const inner = value instanceof Thing ? value.nature.promise : undefined
  if (inner === undefined) settle(realm, promise, 'fulfilled', value)
  else if (value !== promise) whenSettled(realm, inner, () => { settle(realm, promise, inner.status === 'rejected' ? 'rejected' : 'fulfilled', inner.value) })
}

function reject (realm: Realm, promise: Thing, reason: Inert): void {
  settle(realm, promise, 'rejected', reason)
}

function settle (realm: Realm, { nature: { promise: state } }: Thing, status: 'fulfilled' | 'rejected', value: Inert): void {
  if (state === undefined || state.status !== 'pending') return
  state.status = status
  state.value = value
  for (const reaction of state.reactions.splice(0)) realm.loop.soon(reaction)
}

function whenSettled (realm: Realm, state: PromiseState, reaction: () => void): void {
  if (state.status === 'pending') state.reactions.push(reaction)
  else realm.loop.soon(reaction)
}

function then (realm: Realm, self: Inert, onValue: Inert, onReason: Inert): Thing {
  const state = self instanceof Thing ? self.nature.promise : undefined
  if (state === undefined) throw typeError('this is no promise')
  const next = makePromise(realm)
  whenSettled(realm, state, () => {
    const fulfilled = state.status === 'fulfilled'
    const handler = fulfilled ? onValue : onReason
    try {
      if (handler === undefined || handler === null) (fulfilled ? resolve : reject)(realm, next, state.value)
      else resolve(realm, next, invoke(realm, handler, undefined, [state.value], 'what then was given'))
    } catch (thrown) {
      reject(realm, next, reasonOf(thrown))
    }
  })
  return next
}

/** What the program threw; anything else ends the call. */
function reasonOf (thrown: unknown): Inert {
  if (thrown instanceof Thrown) return thrown.value
  throw thrown
}
