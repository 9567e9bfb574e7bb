/** Peers that keep no rule, and paths that deliver messages twice or in another order: nothing may crash, or believe them. */
import { submitterLink, workerLink, type SubmitterLink, type WorkerLink } from '../../src/roles/link.ts'
import { OFFERS_TOPIC } from '../../src/roles/offers/offers.ts'
import { programDigest, type Program } from '../../src/task/program.ts'
import { NO_USAGE } from '../../src/task/usage.ts'
import { WORK_PROTOCOL, type LeaseRef } from '../../src/wire/messages.ts'
import { encodeOffer } from '../../src/wire/offer.ts'
import type { Promises } from './promises.ts'
import type { Random } from './random.ts'
import type { Mangle, SimNetwork } from './sim-network.ts'
import type { SimPort } from './sim-port.ts'
import type { World } from './world.ts'

const DEEDS_EVERY_MS = 120
const MAX_DEEDS = 60

/** Frames whose messages are swapped, doubled, left out or held back until a later frame. */
export function mangleWith (random: Random): Mangle {
  const probability = random.pick([0.02, 0.1, 0.4])
  const heldBack = new Map<string, unknown[]>()
  return (messages, from, to) => {
    if (!random.chance(probability)) return [messages]
    const path = `${from} ${to}`
    const held = heldBack.get(path) ?? []
    switch (random.pick(['double', 'swap', 'drop', 'hold', 'again'] as const)) {
      case 'double': return [messages, messages]
      case 'swap': return [[...messages].reverse()]
      case 'drop': return messages.length > 1 ? [messages.slice(1)] : []
      case 'hold': {
        heldBack.set(path, messages)
        return held.length === 0 ? [] : [held]
      }
      case 'again': return held.length === 0 ? [messages] : [messages, held]
    }
  }
}

export class Mallory {
  private readonly world: World
  private readonly network: SimNetwork
  private readonly promises: Promises
  private readonly names: readonly string[]
  private readonly programs: readonly Program[]
  /** A defect on purpose: the network takes it for whoever it says it is. */
  private readonly forges: boolean
  private readonly port: SimPort
  private readonly toSubmitters = new Map<string, SubmitterLink>()
  private readonly toWorkers: WorkerLink[] = []

  constructor (world: World, network: SimNetwork, promises: Promises, names: readonly string[], programs: readonly Program[], forges: boolean) {
    this.world = world
    this.network = network
    this.promises = promises
    this.names = names
    this.programs = programs
    this.forges = forges
    this.port = network.join('mallory', world.spawn('mallory'))
  }

  start (isOver: () => boolean): void {
    void this.port.serve(WORK_PROTOCOL, (channel) => { this.toWorkers.push(workerLink(channel, () => {})) })
    this.network.listen(this.port)
    let deeds = 0
    const next = (): void => {
      if (isOver() || ++deeds > MAX_DEEDS) return
      this.world.after(this.world.random.int(1, DEEDS_EVERY_MS), () => {
        this.world.enter(this.port.process, () => { this.deed() })
        next()
      })
    }
    next()
  }

  leave (): void {
    this.network.crash('mallory', false)
    this.port.process.alive = false
  }

  private deed (): void {
    const { random } = this.world
    if (this.forges) return void this.impersonate()
    const victim = random.pick(this.names)
    const link = this.toSubmitters.get(victim)
    if (link === undefined) return void this.approach(victim)
    const ref = this.someLease()
    switch (random.pick(['result', 'result', 'failure', 'renew', 'running', 'refuse', 'hello', 'garbage', 'offer', 'lease', 'end'] as const)) {
      case 'result': return link.send({ kind: 'result', ...ref, outcome: { ok: true, outputs: { result: -1 }, usage: NO_USAGE, logs: 'a lie' } })
      case 'failure': return link.send({ kind: 'result', ...ref, outcome: { ok: false, code: 'ERR_TRAP', message: 'a lie', usage: NO_USAGE, logs: '' } })
      case 'renew': return link.send({ kind: 'renew', leases: [ref] })
      case 'running': return link.send({ kind: 'running', leases: [ref] })
      case 'refuse': return link.send({ kind: 'refuse', ...ref, code: 'ERR_DECLINED', reason: 'a lie' })
      case 'hello': return link.send({ kind: 'hello', capability: { engine: 'lies', features: [], memoryLimitBytes: 0, slots: 1 } })
      case 'garbage': return link.send({ kind: 'claim', slots: random.pick([0, -1, 1e9]) === 0 ? 0 : Number.NaN })
      case 'offer': return void this.port.publish(OFFERS_TOPIC, encodeOffer({ digest: 'ab'.repeat(32), tasks: 1, cid: 'bafkreilie', moduleBytes: 1, memoryLimitBytes: 0, networking: false, fileSystem: false, chance: 1, addresses: [], issuedAtMs: Date.now(), ttlMs: 60_000 }))
      case 'lease': return this.lease(ref)
      case 'end':
        link.abort(new Error('as it likes'))
        this.toSubmitters.delete(victim)
    }
  }

  /** Opens a stream as a worker does, and claims nothing. */
  private async approach (victim: string): Promise<void> {
    try {
      const channel = await this.port.open(victim, WORK_PROTOCOL)
      const link = submitterLink(channel, () => {})
      link.onClose = () => { this.toSubmitters.delete(victim) }
      this.toSubmitters.set(victim, link)
    } catch {
      // It is not there.
    }
  }

  /** Sends a result as the worker that has the lease. */
  private async impersonate (): Promise<void> {
    const { random } = this.world
    const leased = [...this.promises.tasks.values()].filter(({ granted, final }) => granted.size > 0 && final === undefined)
    if (leased.length === 0) return
    const { id, submitter, granted } = random.pick(leased)
    const [fence, worker] = random.pick([...granted])
    this.port.alias = worker
    try {
      const channel = await this.port.open(submitter, WORK_PROTOCOL)
      submitterLink(channel, () => {}).send({ kind: 'result', taskId: id, fence, outcome: { ok: true, outputs: { result: -1 }, usage: NO_USAGE, logs: 'a lie' } })
    } catch {
      // It is not there.
    }
  }

  /** As a submitter: cancels, acknowledges and leases what belongs to others. */
  private lease (ref: LeaseRef): void {
    const link = this.toWorkers.at(-1)
    const [program] = this.programs
    if (link === undefined || program === undefined) return
    const digest = programDigest(program)
    const { random } = this.world
    if (random.chance(0.5)) link.send({ kind: 'program', digest, program })
    link.send(random.pick([
      { kind: 'cancel', ...ref },
      { kind: 'ack', leases: [ref] },
      { kind: 'lease', ...ref, digest, leaseMs: 10_000, values: [1, random.int(1, 500), 'ok'] },
      { kind: 'lease', ...ref, digest, leaseMs: 10_000, values: [1] },
    ] as const))
  }

  /** A lease that somebody has or may get. */
  private someLease (): LeaseRef {
    const { random } = this.world
    const tasks = [...this.promises.tasks.values()]
    if (tasks.length === 0) return { taskId: '00000000-0000-4000-8000-ffffffffffff', fence: 1 }
    const { id, granted } = random.pick(tasks)
    const fences = [...granted.keys()]
    return { taskId: id, fence: fences.length === 0 ? 1 : random.pick(fences) + random.pick([0, 0, 0, 1, -1].filter((by) => by >= 0 || (fences[0] ?? 0) > 0)) }
  }
}
