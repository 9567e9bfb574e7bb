/**
 * One thread's simulated time, and the processes that live in it. Every step of a schedule is a timer of this clock: it enters
 * one process, and all that follows from it there is done before the next step.
 */
import { install } from '@sinonjs/fake-timers'
import { growArrays } from './fast-arrays.ts'
import { createRandom, type Random } from './random.ts'

const START_MS = 1_700_000_000_000
/** Steps of one schedule; one that needs more spins. */
const MAX_STEPS = 100_000
/** Intervals up to this long, milliseconds, are late in a sluggish process. */
const SHORT_INTERVAL_MS = 100

/** A process: what it did not put on its disk dies with it. */
export interface Process {
  readonly name: string
  alive: boolean
  /** How far its wall clock is off, milliseconds. */
  wallShiftMs: number
  /** What its monotonic clock is ahead of the schedule's, milliseconds. */
  readonly monotonicMs: number
  /** Its short intervals fire so many times less often, as those of a machine that is busy. */
  readonly sluggish: number
  /** Timers that have fired in it. */
  fired: number
}

type Callback = (...args: unknown[]) => void
type SimClock = ReturnType<typeof install>

const realTurn = setImmediate
let clock: SimClock | undefined
let current: Process | undefined
/** Of the schedule that runs. */
let chance: Random | undefined
/** Something ran since the last turn, so that more may follow from it. */
let entered = false

function enter (process: Process | undefined, action: () => void): void {
  current = process
  entered = true
  action()
}

/** Replaces the timers and clocks of this thread, once: modules have got hold of them. */
function takeClock (): SimClock {
  if (clock !== undefined) return clock
  const taken = install({ now: START_MS, toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'setImmediate', 'clearImmediate', 'Date'] })
  const { setTimeout: later, setInterval: each, setImmediate: soon, clearInterval: end } = taken
  Object.assign(globalThis, {
    setTimeout (callback: Callback, ms = 0, ...args: unknown[]) {
      const owner = current
      return later(() => {
        if (owner?.alive === false) return
        if (owner !== undefined) owner.fired++
        enter(owner, () => { callback(...args) })
      }, Math.ceil(ms))
    },
    setInterval (callback: Callback, ms: number) {
      const owner = current
      const timer = each(() => {
        if (owner?.alive === false) end(timer)
        else {
          if (owner !== undefined) owner.fired++
          enter(owner, callback)
        }
      }, ms <= SHORT_INTERVAL_MS ? ms * (owner?.sluggish ?? 1) : ms)
      return timer
    },
  })
  Object.assign(globalThis, {
    setImmediate (callback: Callback, ...args: unknown[]) {
      const owner = current
      return soon(() => { if (owner?.alive !== false) enter(owner, () => { callback(...args) }) })
    },
  })
  Date.now = () => taken.now + (current?.wallShiftMs ?? 0)
  performance.now = () => taken.now - START_MS + (current?.monotonicMs ?? 0)
  Math.random = () => chance?.next() ?? 0
  growArrays()
  clock = taken
  return taken
}

export class World {
  readonly random: Random
  /** What happened, in order, where it is wanted. */
  readonly trace: string[] | undefined
  steps = 0
  private readonly clock: SimClock
  private readonly start: number

  constructor (seed: number, { traced = false }: { traced?: boolean } = {}) {
    this.random = createRandom(seed)
    chance = this.random
    // Stacks are for those who look at one schedule.
    Error.stackTraceLimit = traced ? 10 : 0
    this.trace = traced ? [] : undefined
    this.clock = takeClock()
    this.clock.reset()
    this.start = this.clock.now
    current = undefined
  }

  /** Milliseconds since the schedule began. */
  get now (): number {
    return this.clock.now - this.start
  }

  spawn (name: string, { sluggish = 1, wallShiftMs = 0 }: { sluggish?: number, wallShiftMs?: number } = {}): Process {
    return { name, alive: true, wallShiftMs, monotonicMs: this.random.int(0, 1_000_000), sluggish, fired: 0 }
  }

  /** Does something after `ms`, in no process. */
  after (ms: number, action: () => void): void {
    this.clock.setTimeout(() => { enter(undefined, action) }, Math.ceil(ms))
  }

  /** Does something inside a process, unless it is dead. To be called at most once in a step. */
  enter (process: Process, action: () => void): void {
    if (process.alive) enter(process, action)
  }

  /** `describe` is called only when a trace is wanted. */
  note (describe: () => string): void {
    this.trace?.push(`${String(this.now).padStart(8)}  ${describe()}`)
  }

  /** Goes on until `isOver`, at most until `untilMs`; false when the time was over first. */
  async run (isOver: () => boolean, untilMs: number): Promise<boolean> {
    await this.settle()
    while (!isOver()) {
      if (this.now >= untilMs || this.clock.countTimers() === 0) return false
      if (++this.steps > MAX_STEPS) throw new Error(`the schedule took more than ${MAX_STEPS} steps`)
      this.clock.next()
      if (entered) await this.settle()
    }
    return true
  }

  /** All that follows from what was just done is done. */
  private async settle (): Promise<void> {
    entered = false
    await new Promise<void>((resolve) => { realTurn(resolve) })
  }
}
