/**
 * The ways back to submitters that went away and are owed results, or for which something still runs: they are dialled with
 * back-off for as long as that is so.
 */
import { MAILBOX_AFTER_MS, OWED_REDIAL_MAX_MS, REDELIVER_MS, RETURN_DIAL_MS } from './limits.ts'
import { REDIAL_MAX_MS, REDIAL_MIN_MS } from '../../limits.ts'
import type { Worker } from './worker.ts'

export interface WaysBackComponents {
  worker: Pick<Worker, 'linkedTo' | 'undeliveredFor' | 'leasesOf' | 'expire'>
  /** Opens a work stream unless there is one; resolves also when it cannot. */
  open: (peer: string) => Promise<void>
  /** The submitter has not been reached for MAILBOX_AFTER_MS or longer; called after each dial in vain. Default: nothing is done. */
  onAway?: (peer: string) => void
  /** Monotonic milliseconds. */
  now: () => number
}

interface Way {
  /** When it went, monotonic milliseconds; a stream that ends at once does not move it. */
  readonly since: number
  /** Dials so far. */
  dials: number
  lastDial: number
  dialling: boolean
  /** There was a sign of life since the last dial began. */
  heard: boolean
  timer?: NodeJS.Timeout
}

export interface WaysBack {
  /** Tries to reach a submitter until it is back or nothing is left for it. */
  find (peer: string): void
  /** A sign of life: one that is looked for is dialled at once, or REDIAL_MIN_MS after the last dial. */
  met (peer: string): void
  /** Submitters that have not been reached for MAILBOX_AFTER_MS or longer. */
  away (): string[]
  stop (): void
}

export function createWaysBack ({ worker, open, onAway = () => {}, now }: WaysBackComponents): WaysBack {
  const ways = new Map<string, Way>()
  let stopped = false

  const isAway = (peer: string, { since }: Way): boolean => now() - since >= MAILBOX_AFTER_MS && !worker.linkedTo(peer)

  const isWanted = (peer: string): boolean => worker.undeliveredFor(peer) > 0 || worker.leasesOf(peer) > 0

  function wait (peer: string, way: Way): void {
    worker.expire(peer)
    if (!isWanted(peer)) {
      ways.delete(peer)
      return
    }
    const gone = now() - way.since
    const longest = gone < REDELIVER_MS ? REDIAL_MAX_MS : OWED_REDIAL_MAX_MS
    // What runs is soon given to others.
    const shortest = way.dials === 0 && worker.leasesOf(peer) > 0 ? RETURN_DIAL_MS : REDIAL_MIN_MS
    const ms = Math.min(longest, shortest * 2 ** Math.min(way.dials, 16))
    clearTimeout(way.timer)
    // One dial is due when it becomes known who is away. Who is heard of often is not dialled more often for it.
    const due = way.heard ? REDIAL_MIN_MS - (now() - way.lastDial) : gone < MAILBOX_AFTER_MS ? Math.min(ms, MAILBOX_AFTER_MS - gone) : ms
    way.timer = setTimeout(() => { void dial(peer, way) }, due).unref()
  }

  async function dial (peer: string, way: Way): Promise<void> {
    // A stream that is open now, after the wait, is one that takes the results; one that ended at once was none.
    if (!isWanted(peer) || worker.linkedTo(peer)) {
      ways.delete(peer)
      return
    }
    way.dials++
    way.lastDial = now()
    way.heard = false
    way.dialling = true
    await open(peer)
    way.dialling = false
    if (stopped || ways.get(peer) !== way) return
    if (isAway(peer, way)) onAway(peer)
    wait(peer, way)
  }

  return {
    find (peer) {
      if (stopped) return
      const known = ways.get(peer)
      if (known !== undefined) {
        // A result that comes up now need not wait for the next dial in vain.
        if (known.dials > 0 && isAway(peer, known)) onAway(peer)
        return
      }
      const way: Way = { since: now(), dials: 0, lastDial: -Infinity, dialling: false, heard: false }
      ways.set(peer, way)
      wait(peer, way)
    },
    met (peer) {
      const way = ways.get(peer)
      if (way === undefined || stopped) return
      way.heard = true
      if (way.dialling) return
      clearTimeout(way.timer)
      if (now() - way.lastDial < REDIAL_MIN_MS) wait(peer, way)
      else void dial(peer, way)
    },
    away: () => [...ways].filter(([peer, way]) => isAway(peer, way)).map(([peer]) => peer),
    stop () {
      stopped = true
      for (const { timer } of ways.values()) clearTimeout(timer)
      ways.clear()
    },
  }
}
