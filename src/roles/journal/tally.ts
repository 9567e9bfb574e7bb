/**
 * What must be in the journal, written with every batch: how many records there are that somebody waits for, and the exclusive
 * or of the hashes of their keys. A part of the database that vanished without a trace shows here at the next start.
 *
 *   !tally = [count: uint, keys: uint, finished: uint, bytes: uint, age: ms, wall: ms, recoveries: uint]
 *
 * It has its own clock for ages: see AgeClock. Also how many finished tasks there are, and their bytes.
 */
import { decode, encode } from '../../cbor.ts'
import { keyHash } from '../../journal/sealed.ts'
import { asAmount, asArray, asInteger, uint } from '../../wire/shape.ts'
import { allOf, isChangeKey, type Kind } from './keys.ts'

/** Kinds of which no record may be missing. */
const AWAITED: readonly Kind[] = ['p', 'k', 'o', 'j', 'w']

/**
 * Milliseconds that grow only as time passes here, whatever is done to the clock of the system: a machine without a battery
 * begins in 1970, and may be set to the right year while it runs. Time during which the node was off counts up to `maxAwayMs`.
 */
export class AgeClock {
  private base: number
  private readonly monotonic: () => number
  private readonly wall: () => number
  private since: number

  constructor ({ monotonic = () => performance.now(), wall = Date.now }: { monotonic?: () => number, wall?: () => number } = {}) {
    this.monotonic = monotonic
    this.wall = wall
    this.base = 0
    this.since = monotonic()
  }

  now (): number {
    return Math.round(this.base + this.monotonic() - this.since)
  }

  wallNow (): number {
    return this.wall()
  }

  /** Goes on from what was saved. */
  resume (age: number, wallThen: number, maxAwayMs: number): void {
    this.base = age + Math.min(Math.max(0, this.wall() - wallThen), maxAwayMs)
    this.since = this.monotonic()
  }
}

export class Tally {
  readonly clock: AgeClock
  private count = 0
  private keys = 0
  /** Finished tasks and the bytes of what is kept of them. */
  finished = 0
  bytes = 0
  /** Starts that found open tasks. */
  recoveries = 0

  constructor (clock: AgeClock) {
    this.clock = clock
  }

  /** A record that somebody waits for is put, and was not there. */
  add (key: string): void {
    this.count++
    this.keys = (this.keys ^ keyHash(key)) >>> 0
  }

  remove (key: string): void {
    this.count--
    this.keys = (this.keys ^ keyHash(key)) >>> 0
  }

  encode (): Uint8Array {
    return encode([uint(this.count), this.keys, uint(this.finished), uint(this.bytes), this.clock.now(), this.clock.wallNow(), uint(this.recoveries)])
  }

  /** Takes over what was written. Throws ERR_PROTOCOL. */
  restore (body: Uint8Array, maxAwayMs: number): void {
    const f = asArray(decode(body), 'tally', 7)
    const whole = (i: number): number => asInteger(f[i], 'tally', 0, Number.MAX_SAFE_INTEGER)
    const [count, keys, finished, bytes, recoveries] = [whole(0), whole(1), whole(2), whole(3), whole(6)]
    this.clock.resume(asAmount(f[4], 'tally.age'), asAmount(f[5], 'tally.wall'), maxAwayMs)
    Object.assign(this, { count, keys, finished, bytes, recoveries })
  }

  /** True when exactly the records are there that were counted. */
  matches (found: { count: number, keys: number }): boolean {
    return found.count === this.count && found.keys === this.keys
  }

  /** Takes over what was counted anew. */
  recount ({ count, keys, finished, bytes }: { count: number, keys: number, finished: number, bytes: number }): void {
    Object.assign(this, { count, keys, finished, bytes })
  }

  /** What was written is lost: goes on from ages that are there, and with a number of starts that was not reached. */
  startOver (ageMs: number): void {
    const wall = this.clock.wallNow()
    this.clock.resume(ageMs, wall, 0)
    this.startUncounted()
  }

  /** The number of this start cannot be kept: one that was not reached, seconds on the clock of the system. */
  startUncounted (): void {
    this.recoveries = Math.max(this.recoveries, Math.floor(this.clock.wallNow() / 1_000))
  }
}

/** Counts the records that somebody waits for; undefined with the first one that is damaged. */
export async function countAwaited (rowsOf: (range: { gte: string, lt: string }) => AsyncIterable<ReadonlyArray<{ key: string, body: Uint8Array | undefined }>>): Promise<{ count: number, keys: number } | undefined> {
  const found = { count: 0, keys: 0 }
  for (const kind of AWAITED) {
    for await (const rows of rowsOf(allOf(kind))) {
      for (const { key, body } of rows) {
        if (body === undefined) return undefined
        if (kind === 'o' && isChangeKey(key)) continue
        found.count++
        found.keys = (found.keys ^ keyHash(key)) >>> 0
      }
    }
  }
  return found
}
