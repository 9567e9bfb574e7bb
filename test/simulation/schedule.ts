/** One schedule: hosts, tasks and troubles as a seed draws them, then a network that is whole again, then what must hold. */
import { toCorebrumError } from '../../src/errors.ts'
import { isFinal } from '../../src/task/state.ts'
import type { TaskPolicy } from '../../src/task/definition.ts'
import type { Program } from '../../src/task/program.ts'
import type { CoverageEvent } from './coverage.ts'
import type { Defect } from './defects.ts'
import { Mallory, mangleWith } from './hostile.ts'
import { Promises, shortId, type WatchedTask } from './promises.ts'
import type { Random } from './random.ts'
import type { Ending, Work } from './sim-executor.ts'
import { valuesOf } from './sim-executor.ts'
import { SimNetwork } from './sim-network.ts'
import { SimNode, type Parts, type SimNodeEvents } from './sim-node.ts'
import { World } from './world.ts'

export interface ScheduleInit {
  traced?: boolean
  /** A peer that keeps no rule takes part, and messages come twice, or in another order, until the network is whole. */
  hostile?: boolean
  defect?: Defect
}

export interface ScheduleResult {
  seed: number
  /** What did not hold. */
  violations: string[]
  covered: CoverageEvent[]
  tasks: number
  steps: number
  trace: string[]
}

/** After the network is whole, everything has ended within this time. */
const WHOLE_MS = 900_000
/** By then nothing runs any more whose task is over: the last redial, a renewal, and a little. */
const STOPPED_AFTER_MS = 80_000
/** Nothing is to do: so many timers may fire in a process all the same. */
const IDLE_MS = 20_000
const MAX_IDLE_TIMERS = 40
/** Whoever cancels a task and does not see it end asks again after this long. */
const CANCEL_AGAIN_MS = 5_000
/** Of a task that only ends when somebody cancels it. */
const ENDLESS_MS = 3_600_000

/** Tasks have a priority below this one. */
const PRIORITIES = 3

const PROGRAMS: readonly Program[] = ['double', 'triple', 'echo'].map((name) => ({
  name,
  module: { cid: `bafkreisimulated${name}`, size: 100, urls: [] },
  inputs: [{ name: 'number', type: 'integer' }, { name: 'ms', type: 'integer' }, { name: 'ending', type: 'string' }],
  outputs: [{ name: 'result', type: 'json' }],
  timeLimitMs: 60_000,
  grants: { networking: false, fileSystem: false },
}))

export async function runSchedule (seed: number, init: ScheduleInit = {}): Promise<ScheduleResult> {
  const schedule = new Schedule(seed, init)
  const crashed = (thrown: unknown): void => { schedule.promises.broken(`a process crashed: ${thrown instanceof Error ? thrown.stack ?? thrown.message : String(thrown)}`) }
  process.on('unhandledRejection', crashed)
  process.on('uncaughtException', crashed)
  try {
    await schedule.run()
  } catch (thrown) {
    crashed(thrown)
  } finally {
    process.off('unhandledRejection', crashed)
    process.off('uncaughtException', crashed)
  }
  const { world, promises, covered } = schedule
  return { seed, violations: promises.violations, covered: [...covered], tasks: promises.tasks.size, steps: world.steps, trace: world.trace ?? [] }
}

function policyOf ({ number, deadlineMs }: Work): TaskPolicy {
  return { priority: number % PRIORITIES, retries: number % PRIORITIES === 0 ? 1 : undefined, deadlineMs, require: undefined, on: undefined }
}

class Schedule {
  readonly world: World
  readonly promises: Promises
  readonly covered = new Set<CoverageEvent>()
  private readonly random: Random
  private readonly init: ScheduleInit
  private readonly network: SimNetwork
  private readonly hosts = new Map<string, SimNode>()
  private readonly submitters: SimNode[]
  private readonly chaosMs: number
  /** Hosts that stay away once they were killed. */
  private readonly abandoned = new Set<string>()
  /** Finished calls whose results were not acknowledged, by host and task. */
  private readonly unacknowledged = new Map<string, Set<string>>()
  private crashChance: number
  /** Troubles that answer to what happens, and how likely each is. */
  private provocations: number
  /** A worker does not last as long as a task. */
  private readonly flapping: boolean
  private readonly provokes: number
  private whole = false
  private mallory?: Mallory
  private submits = 0

  constructor (seed: number, init: ScheduleInit) {
    this.world = new World(seed, { traced: init.traced ?? false })
    this.random = this.world.random
    this.init = init
    const { random } = this
    const cover = (event: CoverageEvent): void => { this.covered.add(event) }
    this.promises = new Promises(cover, (describe) => { this.world.note(describe) })
    const latencyMs = random.time(1, 80)
    this.network = new SimNetwork(this.world, {
      latencyMs,
      jitterMs: random.chance(0.7) ? random.int(0, 3 * latencyMs) : 0,
      loss: random.chance(0.5) ? random.next() * 0.6 : 0,
      duplication: random.chance(0.5) ? random.next() * 0.4 : 0,
    })
    this.network.copies = random.chance(0.1)
    this.crashChance = random.chance(0.15) ? random.next() * 0.4 : 0
    this.flapping = random.chance(0.01)
    this.chaosMs = this.flapping ? 240_000 : random.time(200, 25_000)
    this.provocations = this.flapping ? 15 : random.chance(0.6) ? random.int(1, 3) : 0
    this.provokes = random.pick([0.05, 0.15, 0.5])
    const count = random.int(2, 5)
    const submitting = Math.min(count, random.chance(0.75) ? 1 : 2)
    const events = this.events()
    for (let i = 0; i < count; i++) {
      const submits = i < submitting
      const slots = submits && submitting < count && random.chance(0.7) ? 0 : random.int(1, 3)
      const name = `${submits ? 's' : 'w'}${i}`
      this.hosts.set(name, new SimNode(name, this.world, this.network, this.hosts, {
        slots,
        worksForItself: random.chance(0.7),
        sluggish: random.chance(0.4) ? 1 : random.pick([4, 10]),
        crashChance: () => this.crashChance,
        journal: {
          writeMs: random.pick([2, 20, 200, 1_500]),
          ...(init.defect === 'accepts-before-written' ? { early: 'submitted' } : init.defect === 'ends-before-written' ? { early: 'ended' } : {}),
        },
        ...(init.defect === undefined ? {} : { defect: init.defect }),
      }, events))
    }
    this.submitters = [...this.hosts.values()].slice(0, submitting)
  }

  async run (): Promise<void> {
    const { world, random, chaosMs } = this
    for (const host of this.hosts.values()) world.after(random.chance(0.8) ? 0 : random.int(0, chaosMs), () => { this.start(host) })
    this.planTasks()
    for (let troubles = random.int(0, random.pick([2, 5, 10])); troubles > 0; troubles--) world.after(random.int(0, random.chance(0.5) ? Math.min(1_500, chaosMs) : chaosMs), () => { this.trouble() })
    if (this.init.hostile === true || this.init.defect === 'believes-anybody') this.admitMallory()
    await world.run(() => world.now >= chaosMs && this.whole, chaosMs + 1)
    this.makeWhole()
    const wholeAt = world.now
    world.after(STOPPED_AFTER_MS, () => { this.checkStopped() })
    const quiet = await world.run(() => this.isQuiet(), wholeAt + WHOLE_MS)
    if (!quiet) this.reportUnrest()
    this.promises.atTheEnd()
    if (quiet && this.promises.violations.length === 0) await this.checkIdle()
    await this.readBack()
    if (this.network.lost > 0) this.covered.add('lostFrame')
    for (const { runs } of this.promises.tasks.values()) if (runs > 1) this.covered.add('ranTwice')
    for (const { parts } of this.hosts.values()) if (parts !== undefined) parts.process.alive = false
  }

  private events (): SimNodeEvents {
    const { promises, random } = this
    return {
      onSubmitterSends: (node, peer, message) => {
        if (message.kind === 'lease') promises.leased(message.taskId, message.fence, peer)
        this.provoke(node.name, peer)
        if (message.kind !== 'program') this.world.note(() => `message   ${node.name} > ${peer}: ${message.kind} ${'leases' in message ? message.leases.map(({ taskId, fence }) => `${shortId(taskId)}/${fence}`).join(' ') : `${shortId(message.taskId)}/${message.fence}`}`)
      },
      onSubmitterHears: (node, peer, message) => {
        if (message.kind === 'result') promises.resultComes(peer, message)
        this.provoke(node.name, peer)
        this.world.note(() => `message   ${node.name} < ${peer}: ${message.kind}${'taskId' in message ? ` ${shortId(message.taskId)}/${message.fence}` : ''}${message.kind === 'claim' ? ` ${message.slots}` : ''}`)
      },
      onWorkerHears: (node, _peer, message) => {
        const waiting = this.unacknowledged.get(node.name)
        if (message.kind === 'ack') for (const { taskId } of message.leases) waiting?.delete(taskId)
        if (message.kind !== 'lease') return
        if (node.parts?.executor.running.has(message.taskId) === true) this.covered.add('resumed')
        if (waiting?.has(message.taskId) === true) this.covered.add('answeredAgain')
      },
      onLetter: (node) => {
        this.covered.add('letter')
        this.world.note(() => `letter    for ${node.name} is opened`)
      },
      onRun: (node, taskId) => {
        const task = promises.tasks.get(taskId)
        if (task !== undefined) task.runs++
        if (this.flapping) this.world.after(random.int(200, 1_500), () => { if (!this.whole) this.crash(node) })
        else this.provoke(node.name, task?.submitter ?? node.name)
        this.world.note(() => `run       ${node.name} begins ${shortId(taskId)}`)
      },
      onDeath: (node, taskId) => {
        const task = promises.tasks.get(taskId)
        this.covered.add('sandboxCrash')
        if (task !== undefined) task.deaths++
        this.world.note(() => `run       the sandbox of ${shortId(taskId)} on ${node.name} dies`)
      },
      onEnd: (node, taskId) => {
        const waiting = this.unacknowledged.get(node.name) ?? new Set()
        this.unacknowledged.set(node.name, waiting.add(taskId))
        this.provoke(node.name, promises.tasks.get(taskId)?.submitter ?? node.name)
        this.world.note(() => `run       ${node.name} has finished ${shortId(taskId)}`)
      },
    }
  }

  private planTasks (): void {
    const { random, world } = this
    const count = this.flapping ? 1 : random.chance(0.9) ? random.int(1, 6) : random.int(10, 30)
    const longest = random.pick([5, 100, 1_000, 1_000, 8_000, 25_000])
    const programs = PROGRAMS.slice(0, random.int(1, PROGRAMS.length))
    const endless = random.chance(0.03)
    for (let number = 1; number <= count; number++) {
      const ending: Ending = random.chance(0.05) ? 'trap' : random.chance(0.03) ? 'large' : 'ok'
      const forever = endless && random.chance(0.5)
      const deadlineMs = random.chance(0.04) ? random.time(20, 20_000) : undefined
      const ms = forever ? ENDLESS_MS : this.flapping ? random.int(2_000, 6_000) : random.time(1, longest)
      const work: Work = { number, ms, ending, ...(deadlineMs === undefined ? {} : { deadlineMs }) }
      const at = random.chance(0.6) ? random.int(0, Math.min(50, this.chaosMs)) : random.int(0, this.chaosMs)
      const submitter = random.pick(this.submitters)
      const program = random.pick(programs)
      const cancelAt = forever || random.chance(0.12) ? random.int(at, this.chaosMs) : undefined
      world.after(at, () => { this.submit(submitter, program, work, cancelAt === undefined ? undefined : Math.max(1, cancelAt - at)) })
    }
  }

  private submit (node: SimNode, program: Program, work: Work, cancelAfterMs: number | undefined): void {
    const { parts } = node
    if (parts === undefined) return
    const id = `00000000-0000-4000-8000-${(++this.submits).toString(16).padStart(12, '0')}`
    const task = this.promises.watch(id, node.name, work)
    if (cancelAfterMs !== undefined) this.world.after(cancelAfterMs, () => { this.cancel(node, task) })
    this.world.note(() => `submit    ${shortId(id)} to ${node.name}: ${work.ms} ms, ${work.ending}`)
    this.world.enter(parts.process, () => {
      parts.submit({ id, program, values: valuesOf(work), policy: policyOf(work) }).then(() => {
        task.accepted = true
        this.world.note(() => `accepted  ${shortId(id)}`)
        this.follow(node, parts, task)
      }, (thrown: unknown) => {
        this.world.note(() => `refused   ${shortId(id)}: ${toCorebrumError(thrown).code}`)
        if (toCorebrumError(thrown).code !== 'ERR_JOURNAL') throw thrown
      })
    })
  }

  /** Sees every state of a task from now on. */
  private follow ({ disk }: SimNode, { tasks, process }: Parts, task: WatchedTask): void {
    const record = tasks.get(task.id) ?? disk.finished.get(task.id)
    if (record !== undefined) this.promises.seen(record)
    tasks.listen(task.id, (next) => { if (process.alive) this.promises.seen(next) })
  }

  /** As a user who asks again until the answer is that it has ended. */
  private cancel (node: SimNode, task: WatchedTask): void {
    const { parts } = node
    if (task.cancelAsked ? task.final !== undefined : parts === undefined) {
      if (!task.cancelAsked) this.world.after(this.random.int(100, 2_000), () => { this.cancel(node, task) })
      return
    }
    if (!task.cancelAsked) this.beforeCancel(node, task)
    task.cancelAsked = true
    if (parts !== undefined) this.world.enter(parts.process, () => { parts.submitter.cancel(task.id) })
    this.world.after(CANCEL_AGAIN_MS, () => { this.cancel(node, task) })
  }

  private beforeCancel (node: SimNode, task: WatchedTask): void {
    this.world.note(() => `cancel    ${shortId(task.id)}`)
    if (task.final !== undefined) this.covered.add('cancelTooLate')
    for (const host of this.hosts.values()) {
      if (host.parts?.executor.running.has(task.id) !== true) continue
      if (host !== node && !this.whole && this.random.chance(0.4)) this.separate([[host.name, node.name]], this.random.time(100, 20_000))
      this.covered.add(host === node || this.network.carries(host.name, node.name) ? 'cancelledWhileRunning' : 'cancelledCutOff')
    }
  }

  private start (host: SimNode): void {
    if (host.parts !== undefined) return
    this.unacknowledged.delete(host.name)
    host.start((parts) => {
      for (const task of this.promises.tasks.values()) {
        if (task.submitter !== host.name) continue
        // What was not written of its leases is forgotten; the fences of the next ones are above them all the same.
        delete task.last
        this.follow(host, parts, task)
      }
    })
  }

  private crash (host: SimNode): void {
    const { parts } = host
    if (parts === undefined) return
    const { random, covered } = this
    if (this.submitters.includes(host)) {
      covered.add('submitterCrash')
      if (parts.tasks.open > 0) covered.add('submitterCrashWithOpenTasks')
      if ([...this.promises.tasks.values()].some(({ submitter, accepted, final }) => submitter === host.name && !accepted && final === undefined)) covered.add('submitUnanswered')
    }
    if (host.slots > 0) covered.add('workerCrash')
    if (parts.executor.running.size > 0) covered.add('workerCrashWithLease')
    if ([...this.hosts.keys()].some((peer) => parts.worker.undeliveredFor(peer) > 0)) covered.add('workerCrashWithResult')
    if (parts.journal.unwritten > 0) covered.add('lostWrites')
    host.crash(random.chance(0.4))
    const others = [...this.hosts.values()].filter((other) => other !== host && other.slots > 0 && !this.abandoned.has(other.name) && !this.submitters.includes(other))
    if (!this.submitters.includes(host) && others.length > 0 && random.chance(0.2)) this.abandoned.add(host.name)
    else this.world.after(random.time(20, 15_000), () => { this.start(host) })
  }

  /** Something has just happened between two hosts: trouble is most telling now. */
  private provoke (a: string, b: string): void {
    const { random } = this
    if (this.provocations === 0 || this.whole || !random.chance(this.provokes)) return
    this.provocations--
    const lastsMs = random.time(10, 20_000)
    this.world.after(random.time(1, 60) - 1, () => {
      const host = this.hosts.get(random.pick([a, b]))
      if (this.whole || host === undefined) return
      switch (random.pick(a === b ? ['crash'] as const : ['crash', 'crash', 'cut', 'break'] as const)) {
        case 'crash': return this.crash(host)
        case 'cut': return this.separate([[a, b]], lastsMs)
        case 'break': return this.breakBetween(a, b)
      }
    })
  }

  private breakBetween (a: string, b: string): void {
    const silent = this.random.chance(0.3)
    this.covered.add('break')
    this.world.note(() => `break     ${a} - ${b}${silent ? ', silently' : ''}`)
    this.network.breakBetween(a, b, silent)
  }

  private trouble (): void {
    if (this.whole) return
    const { random, world, network, covered } = this
    const names = [...this.hosts.keys()]
    const a = random.pick(names)
    const b = random.pick(names.filter((name) => name !== a))
    const host = this.hosts.get(a)
    if (host === undefined) return
    const lastsMs = random.time(10, 40_000)
    switch (random.pick(['crash', 'crash', 'crash-submitter', 'cut', 'isolate', 'stall', 'break', 'clock', 'disk'] as const)) {
      case 'crash': return this.crash(host)
      case 'crash-submitter': return this.crash(random.pick(this.submitters))
      case 'cut': return this.separate([[a, b]], lastsMs)
      case 'isolate': return this.separate(names.filter((name) => name !== a).map((name) => [a, name]), lastsMs)
      case 'stall':
        covered.add('stall')
        world.note(() => `stall     ${a} - ${b} for ${lastsMs} ms`)
        network.setStalled(a, b, true)
        world.after(lastsMs, () => { network.setStalled(a, b, false) })
        return
      case 'break': return this.breakBetween(a, b)
      case 'clock':
        covered.add('clockShift')
        host.wallShiftMs += random.pick([-1, 1]) * random.time(1_000, 400 * 86_400_000)
        world.note(() => `clock     of ${a} is off by ${host.wallShiftMs} ms`)
        if (host.parts !== undefined) host.parts.process.wallShiftMs = host.wallShiftMs
        return
      case 'disk': {
        const { parts } = host
        if (parts === undefined) return
        covered.add('diskFull')
        world.note(() => `disk      of ${a} is full for ${lastsMs} ms`)
        parts.journal.full = true
        world.after(lastsMs, () => { parts.journal.full = false })
      }
    }
  }

  private separate (pairs: ReadonlyArray<readonly [string, string]>, lastsMs: number): void {
    this.covered.add('cut')
    for (const [a, b] of pairs) {
      this.world.note(() => `cut       ${a} - ${b} for ${lastsMs} ms`)
      this.network.setCut(a, b, true)
    }
    this.world.after(lastsMs, () => { for (const [a, b] of pairs) this.network.setCut(a, b, false) })
  }

  private admitMallory (): void {
    this.covered.add('hostile')
    const mallory = new Mallory(this.world, this.network, this.promises, [...this.hosts.keys()], PROGRAMS, this.init.defect === 'believes-anybody')
    mallory.start(() => this.whole)
    this.mallory = mallory
    if (this.init.defect === undefined) this.network.mangle = mangleWith(this.random)
  }

  /** Every pair carries, every host runs, and nothing more goes wrong. */
  private makeWhole (): void {
    this.whole = true
    this.crashChance = 0
    delete this.network.mangle
    this.mallory?.leave()
    Object.assign(this.network.quality, { loss: 0, duplication: 0 })
    this.world.note(() => 'whole     from now on')
    const names = [...this.hosts.keys()]
    for (const [i, a] of names.entries()) {
      for (const b of names.slice(i + 1)) {
        this.network.setCut(a, b, false)
        this.network.setStalled(a, b, false)
        // What was mangled is out of step for good.
        if (this.init.hostile === true) this.network.breakBetween(a, b, false)
      }
    }
    for (const host of this.hosts.values()) {
      if (host.parts !== undefined) host.parts.journal.full = false
      else if (!this.abandoned.has(host.name)) this.world.after(this.random.int(0, 1_000), () => { this.start(host) })
    }
  }

  private isQuiet (): boolean {
    for (const { accepted, final } of this.promises.tasks.values()) if (accepted && final === undefined) return false
    for (const host of this.hosts.values()) {
      const { parts } = host
      if (parts === undefined) {
        if (this.abandoned.has(host.name)) continue
        return false
      }
      if (this.restOf(host, parts) !== undefined) return false
    }
    return true
  }

  /** What a process still has to do. */
  private restOf ({ disk }: SimNode, { tasks, executor, worker, submitter, journal }: Parts): string | undefined {
    if (tasks.open > 0) return `${tasks.open} open tasks`
    if (executor.load > 0) return `${executor.load} calls`
    if (worker.load > 0) return `${worker.load} leases`
    if (journal.unwritten > 0) return `${journal.unwritten} writes`
    for (const { letter } of disk.letters.values()) if (this.hosts.has(letter.recipient)) return `a letter for ${letter.recipient}`
    for (const peer of this.hosts.keys()) if (worker.undeliveredFor(peer) > 0) return `${worker.undeliveredFor(peer)} results for ${peer}`
    for (const { leases, leasedBytes, link } of submitter.linked()) if (leases.size > 0 || leasedBytes !== 0) return `${leases.size} leases of ${link.peer}`
    return undefined
  }

  private reportUnrest (): void {
    for (const host of this.hosts.values()) {
      const rest = host.parts === undefined ? undefined : this.restOf(host, host.parts)
      if (rest !== undefined) this.promises.broken(`${host.name} still has ${rest}, ${WHOLE_MS} ms after the network was whole`)
    }
  }

  private checkStopped (): void {
    for (const { name, parts } of this.hosts.values()) {
      for (const id of parts?.executor.running.keys() ?? []) {
        const state = this.promises.tasks.get(id)?.final?.state
        if (state !== undefined) this.promises.broken(`${name} still runs ${id}, which is ${state}, ${STOPPED_AFTER_MS} ms after the network was whole`)
      }
    }
  }

  private async checkIdle (): Promise<void> {
    const { world } = this
    // What is under way when the last task ends may end.
    const settledAt = world.now + IDLE_MS
    await world.run(() => world.now >= settledAt, settledAt)
    const processes = [...this.hosts.values()].flatMap(({ parts }) => parts === undefined ? [] : [parts.process])
    for (const process of processes) process.fired = 0
    await world.run(() => world.now >= settledAt + IDLE_MS, settledAt + IDLE_MS)
    for (const { name, fired } of processes) if (fired > MAX_IDLE_TIMERS) this.promises.broken(`${name} has nothing to do, and ${fired} timers fired within ${IDLE_MS} ms`)
  }

  /** What a user who asks now is told. */
  private async readBack (): Promise<void> {
    for (const task of this.promises.tasks.values()) {
      const parts = this.hosts.get(task.submitter)?.parts
      if (!task.accepted || parts === undefined) continue
      const inMemory = parts.tasks.get(task.id)
      const record = inMemory ?? await parts.journal.find(task.id)
      if (inMemory === undefined) this.covered.add('readBack')
      if (record === undefined) this.promises.broken(`${task.id} was accepted, and nobody knows it any more`)
      else if (isFinal(record.state)) this.promises.seen(record)
      if (record?.receipt !== undefined) this.covered.add('receipt')
    }
  }
}
