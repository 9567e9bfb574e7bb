/** Would this node take this work? Pure: yes, and after which wait, or the reason why not. */
import type { ErrorCode } from '../../errors.ts'
import { labelText, missingLabel, type Labels } from '../../task/labels.ts'
import type { Placement } from '../../task/policy.ts'
import type { Program } from '../../task/program.ts'
import { hostsNotIn } from '../../web/host-patterns.ts'
import type { Capability } from '../../wire/capability.ts'
import type { Offer } from '../../wire/offer.ts'

/** What is known of some work before it is taken: from an offer, or from a program. */
export interface Demand {
  /** 0: no limit of its own. */
  memoryLimitBytes: number
  /** 0: not known. */
  moduleBytes: number
  /** Set when it sends HTTP requests: the hosts that it names, where they are known. */
  hosts?: readonly string[]
  /** Labels that the worker must have. */
  require?: Labels | undefined
  /** PeerId of the only worker that is meant. */
  on?: string | undefined
}

export interface Situation {
  /** This node's PeerId. */
  peerId: string
  capability: Capability
  /** Calls that run or wait here. */
  load: number
  draining: boolean
  hasModule: boolean
  maxModuleBytes: number
  /** Hosts that tasks may send HTTP requests to from here; see web/host-patterns.ts. */
  allowedHosts: readonly string[]
  /** Work streams that are open. */
  streams: number
  maxStreams: number
}

export type Admission =
  | { admitted: true, maxDelayMs: number }
  | { admitted: false, code: ErrorCode, reason: string }

/** Spread of answers when everything fits: enough that the first answer often spares the others the dial. */
const BASE_DELAY_MS = 5
/** More when the module would have to be fetched: who holds it should come first. */
const FETCH_DELAY_MS = 20
/** More for each call ahead, in multiples of the slots. */
const BUSY_DELAY_MS = 200
/** No wait is longer: a busy node is a fair choice too when all are. */
const MAX_DELAY_MS = 1_000

/** What an offer says of the work; the hosts that it names are not known before its program is. */
export function demandOfOffer ({ memoryLimitBytes, moduleBytes, networking, placement }: Offer): Demand {
  return { memoryLimitBytes, moduleBytes, ...(networking ? { hosts: [] } : {}), require: placement?.require, on: placement?.on }
}

/** As a lease demands it. */
export function demandOfLease ({ module, memoryLimitBytes = 0, grants }: Program, placement: Placement | undefined): Demand {
  return { memoryLimitBytes, moduleBytes: module.size, ...(grants.networking ? { hosts: grants.hosts ?? [] } : {}), require: placement?.require, on: placement?.on }
}

/** Whether a program may run here at all, whatever the load. */
export function admitProgram (demand: Demand, { peerId, capability, draining, maxModuleBytes, allowedHosts }: Situation): Admission {
  const no = (reason: string, code: ErrorCode = 'ERR_DECLINED'): Admission => ({ admitted: false, code, reason })
  if (draining) return no('this node is shutting down')
  if (capability.slots === 0) return no('this node runs no tasks')
  if (demand.on !== undefined && demand.on !== peerId) return no(`the task is for ${demand.on}, this node is ${peerId}`)
  if (missingLabel(demand.require, capability.labels) !== undefined) {
    return no(`the task requires ${labelText(demand.require ?? {})}; this node has ${capability.labels === undefined ? 'no labels' : labelText(capability.labels)}`)
  }
  if (demand.memoryLimitBytes > capability.memoryLimitBytes) {
    return no(`the task may use ${demand.memoryLimitBytes} bytes of memory, this node allows ${capability.memoryLimitBytes}`)
  }
  if (demand.hosts !== undefined) {
    const others = hostsNotIn(demand.hosts, allowedHosts)
    const allows = `this node allows ${allowedHosts.length === 0 ? 'none' : allowedHosts.join(', ')}; its owner names hosts with --allow-host`
    if (others.length > 0) return no(`the task sends HTTP requests to ${others.join(', ')}, ${allows}`)
    if (allowedHosts.length === 0) return no(`the task sends HTTP requests, ${allows}`)
  }
  if (demand.moduleBytes > maxModuleBytes) return no(`the module has ${demand.moduleBytes} bytes, this node takes at most ${maxModuleBytes}`)
  return { admitted: true, maxDelayMs: 0 }
}

/**
 * Whether to answer an offer now, and the longest wait before it: a worker waits a random part of it. A busy node leaves
 * an offer to others until its `chance` has grown to 1; then it answers as well, so that no submitter waits for the backlog
 * of another one to end.
 */
export function admitOffer (demand: Demand & { chance: number }, situation: Situation): Admission {
  const { capability, load, hasModule, streams, maxStreams } = situation
  const base = admitProgram(demand, situation)
  if (!base.admitted) return base
  if (load >= capability.slots * 2 && demand.chance < 1) {
    return { admitted: false, code: 'ERR_DECLINED', reason: `all ${capability.slots} slots are busy and ${load - capability.slots} calls wait` }
  }
  if (streams >= maxStreams) return { admitted: false, code: 'ERR_DECLINED', reason: `${streams} work streams are open, at most ${maxStreams} are allowed` }
  const maxDelayMs = BASE_DELAY_MS + (hasModule ? 0 : FETCH_DELAY_MS) + BUSY_DELAY_MS * load / capability.slots
  return { admitted: true, maxDelayMs: Math.min(MAX_DELAY_MS, maxDelayMs) }
}
