/**
 * Tasks of one group run on different peers: whoever holds a lease of one of them, or has delivered a result of one, gets no other.
 */
import { LRUCache } from 'lru-cache'
import { MAX_IDLE_APART_GROUPS } from './limits.ts'
import type { OpenTask } from './open-task.ts'

export interface Apart {
  /** A task of the group was submitted; `leave` when it has ended. */
  join (group: string): void
  leave (group: string): void
  /** The peer was leased a task of the group. */
  took (group: string, peer: string): void
  /** Its lease ended without a result: it may have another one. */
  gaveBack (group: string, peer: string): void
  /** The peer has run a task of the group: it gets no other, whatever leases end. */
  keepApart (group: string, peer: string): void
  allows (group: string, peer: string): boolean
}

interface Group {
  /** Tasks of it that have not ended. */
  open: number
  /** Leases that each peer holds; Infinity for one that has delivered. */
  readonly peers: Map<string, number>
}

/** Whether the peer has this task, or may have it beside the others of its group; always where it has no group. */
export function holdsOrMay ({ apart: group, lease, absence }: OpenTask, peer: string, apart: Pick<Apart, 'allows'>): boolean {
  return group === undefined || lease?.worker.link.peer === peer || absence?.peer === peer || apart.allows(group, peer)
}

/** `maxIdle` groups without open tasks are remembered: more tasks of them may come. */
export function createApart ({ maxIdle = MAX_IDLE_APART_GROUPS }: { maxIdle?: number } = {}): Apart {
  const active = new Map<string, Group>()
  const idle = new LRUCache<string, Group>({ max: maxIdle })
  const find = (group: string): Group | undefined => active.get(group) ?? idle.get(group)
  const known = (group: string): Group => {
    const found = find(group)
    if (found !== undefined) return found
    const made: Group = { open: 0, peers: new Map() }
    idle.set(group, made)
    return made
  }
  const change = (name: string, peer: string, by: number): void => {
    const { peers } = known(name)
    const leases = (peers.get(peer) ?? 0) + by
    if (leases > 0) peers.set(peer, leases)
    else peers.delete(peer)
  }
  return {
    join (name) {
      const group = known(name)
      group.open++
      idle.delete(name)
      active.set(name, group)
    },
    leave (name) {
      const group = active.get(name)
      if (group === undefined || --group.open > 0) return
      active.delete(name)
      idle.set(name, group)
    },
    took: (group, peer) => { change(group, peer, 1) },
    gaveBack: (group, peer) => { change(group, peer, -1) },
    keepApart: (group, peer) => { change(group, peer, Infinity) },
    allows: (group, peer) => find(group)?.peers.has(peer) !== true,
  }
}
