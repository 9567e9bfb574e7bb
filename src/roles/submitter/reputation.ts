/**
 * How far this node trusts the workers that it knows. A worker that fails tasks of different programs, lets leases run out, or
 * gives other results than the rest is avoided for a while, longer each time; time and success make up for it. One program that
 * fails everywhere says nothing of the workers: it weighs on a worker once. All of it is in memory and goes with the node.
 */
import { LRUCache } from 'lru-cache'
import { AVOID_PEER_MAX_MS, AVOID_PEER_MIN_MS, MAX_PEERS_JUDGED, TROUBLE_HALF_LIFE_MS } from './limits.ts'

/** What a worker did: its sandbox died, it broke in another way, its lease ran out, it held a lease to the end and did nothing, it lied about its result, its result was another one than what was agreed. */
export type Misdeed = 'crashed' | 'failed' | 'expired' | 'idled' | 'lied' | 'differed'

/** What can be said of a peer, and is looked at for each task. */
export interface Standing {
  /** Monotonic milliseconds until which it is avoided; 0: not. */
  avoidedUntil: number
  /** Weight of its misdeeds, at `at`. */
  weight: number
  /** Monotonic milliseconds. */
  at: number
}

export interface Reputation {
  /** `program` is what it failed with, where that matters: repeats of one program count less. */
  note (peer: string, what: Misdeed, program?: string): void
  /** It delivered a good result. */
  succeeded (peer: string): void
  /** From nearly 0 to 1, which is where every peer begins. */
  trust (peer: string): number
  isAvoided (peer: string): boolean
  /** The object that stays that of the peer until `unfollow`, which is to be called as often; for who looks at it for each task. */
  follow (peer: string): Standing
  unfollow (peer: string): void
}

interface Entry {
  readonly standing: Standing
  /** Programs that it failed with lately, and when that was last counted, monotonic milliseconds. */
  readonly programs: LRUCache<string, number>
  /** Times in a row that it was avoided. */
  times: number
  /** Who looks at its standing. */
  followers: number
}

/** Silence is mostly the network's. */
const WEIGHTS: Readonly<Record<Misdeed, number>> = { crashed: 1, failed: 1, expired: 0.5, idled: 2, lied: 2, differed: 2 }
/** Of a misdeed with a program that it has failed with before. */
const WEIGHT_OF_REPEAT = 0.1
/** All leases of a worker run out at once: those of one program count again only after so long. */
const EXPIRED_AGAIN_MS = 60_000
/** A worker is avoided when its misdeeds weigh so much: crashes of three programs, or two results that differ. */
const AVOIDED_FROM = 3
/** What is left of the weight after a good result. */
const AFTER_SUCCESS = 0.95
/** Programs that are remembered of a worker in trouble. */
const MAX_PROGRAMS = 16

/** `now` is in monotonic milliseconds; default performance.now. */
export function createReputation ({ now = () => performance.now(), maxPeers = MAX_PEERS_JUDGED }: { now?: () => number, maxPeers?: number } = {}): Reputation {
  /** Peers in trouble: while there are none, a good result costs nothing. */
  const troubled = new Set<Standing>()
  const entries = new LRUCache<string, Entry>({ max: maxPeers, dispose: ({ standing, followers }) => { if (followers === 0) troubled.delete(standing) } })
  /** Those that somebody looks at, which are as many as there are streams. */
  const followed = new Map<string, Entry>()
  const find = (peer: string): Entry | undefined => followed.get(peer) ?? entries.get(peer)
  const entryOf = (peer: string): Entry => {
    const known = find(peer)
    if (known !== undefined) return known
    const made: Entry = { standing: { avoidedUntil: 0, weight: 0, at: now() }, programs: new LRUCache({ max: MAX_PROGRAMS }), times: 0, followers: 0 }
    entries.set(peer, made)
    return made
  }
  const settle = (standing: Standing, at: number): void => {
    standing.weight = weightOf(standing, at)
    standing.at = at
  }
  return {
    note (peer, what, program) {
      const entry = entryOf(peer)
      const { standing, programs } = entry
      const at = now()
      settle(standing, at)
      const countedAt = program === undefined ? undefined : programs.get(program)
      if (what === 'expired' && countedAt !== undefined && at - countedAt < EXPIRED_AGAIN_MS) return
      if (program !== undefined) programs.set(program, at)
      standing.weight += countedAt === undefined || what === 'expired' ? WEIGHTS[what] : WEIGHT_OF_REPEAT
      troubled.add(standing)
      if (standing.weight < AVOIDED_FROM || standing.avoidedUntil > at) return
      standing.avoidedUntil = at + Math.min(AVOID_PEER_MAX_MS, AVOID_PEER_MIN_MS * 2 ** Math.min(entry.times, 16))
      entry.times++
      // It gets another chance afterwards, not a clean slate.
      standing.weight = AVOIDED_FROM - 1
      programs.clear()
    },
    succeeded (peer) {
      if (troubled.size === 0) return
      const entry = find(peer)
      if (entry === undefined || entry.standing.weight === 0) return
      const { standing } = entry
      settle(standing, now())
      standing.weight *= AFTER_SUCCESS
      if (standing.weight >= 0.05) return
      standing.weight = 0
      entry.times = 0
      troubled.delete(standing)
    },
    trust (peer) {
      const entry = find(peer)
      return entry === undefined ? 1 : trustIn(entry.standing, now())
    },
    isAvoided: (peer) => (find(peer)?.standing.avoidedUntil ?? 0) > now(),
    follow (peer) {
      const entry = entryOf(peer)
      entry.followers++
      followed.set(peer, entry)
      return entry.standing
    },
    unfollow (peer) {
      const entry = followed.get(peer)
      if (entry === undefined || --entry.followers > 0) return
      followed.delete(peer)
      entries.set(peer, entry)
    },
  }
}

/** From nearly 0 to 1. */
export function trustIn (standing: Standing, now: number): number {
  return standing.weight === 0 ? 1 : 1 / (1 + weightOf(standing, now))
}

function weightOf ({ weight, at }: Standing, now: number): number {
  return weight === 0 ? 0 : weight * 2 ** ((at - now) / TROUBLE_HALF_LIFE_MS)
}
