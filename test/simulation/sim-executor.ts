/** An executor that runs nothing: a call takes as long as its inputs say and ends with what they say. */
import { CorebrumError } from '../../src/errors.ts'
import { CallError } from '../../src/executor/call-error.ts'
import type { Call, CallResult, Executor, RunOptions } from '../../src/executor/executor.ts'
import type { Value } from '../../src/task/values.ts'
import type { Process, World } from './world.ts'

/** Long enough that a result of it travels beside its message. */
const LARGE_RESULT_BYTES = 70_000
/** Killing a sandbox takes up to this long, milliseconds. */
const KILL_MS = 20

/** The input of every task: its number, how long it runs in milliseconds, and how it ends. */
export type Ending = 'ok' | 'large' | 'trap'

export interface Work {
  readonly number: number
  readonly ms: number
  readonly ending: Ending
  /** By then it must have ended, milliseconds after its submit. */
  readonly deadlineMs?: number
}

export function valuesOf ({ number, ms, ending }: Work): Value[] {
  return [number, ms, ending]
}

/** What a task of these inputs truly gives. */
export function truth ({ number, ending }: Work): { result: Value } | undefined {
  if (ending === 'trap') return undefined
  return { result: ending === 'large' ? new Uint8Array(LARGE_RESULT_BYTES).fill(number % 251) : number * 2 + 1 }
}

export interface SimExecutorEvents {
  /** A call began. */
  onRun: (taskId: string) => void
  /** A call came to its end. */
  onEnd: (taskId: string) => void
  /** Its sandbox died. */
  onDeath: (taskId: string) => void
}

export class SimExecutor implements Executor {
  readonly slots: number
  /** Calls that run now, by task. */
  readonly running = new Map<string, number>()
  private readonly world: World
  private readonly process: Process
  private readonly crashChance: () => number
  private readonly events: SimExecutorEvents
  private readonly queue: Array<() => void> = []
  private busy = 0

  constructor (world: World, process: Process, slots: number, crashChance: () => number, events: SimExecutorEvents) {
    this.world = world
    this.process = process
    this.slots = slots
    this.crashChance = crashChance
    this.events = events
  }

  get load (): number {
    return this.busy + this.queue.length
  }

  async start (): Promise<void> {}
  async stop (): Promise<void> {}

  run ({ values, taskId }: Call, { onStart, onCancellable, onLog }: RunOptions = {}): Promise<CallResult> {
    const work: Work = { number: Number(values[0]), ms: Number(values[1]), ending: values[2] === 'trap' || values[2] === 'large' ? values[2] : 'ok' }
    return new Promise((resolve, reject) => {
      let state: 'waits' | 'runs' | 'over' = 'waits'
      const cancelled = new CorebrumError('ERR_CANCELLED', 'the call was cancelled')
      const leave = (ms: number, then: () => void): void => {
        state = 'over'
        this.world.after(ms, () => {
          this.world.enter(this.process, () => {
            this.count(taskId, -1)
            this.busy--
            then()
            this.next()
          })
        })
      }
      const begin = (): void => {
        if (state !== 'waits') return this.next()
        state = 'runs'
        this.busy++
        this.count(taskId, 1)
        this.events.onRun(taskId)
        onStart?.()
        if (this.world.random.chance(0.2)) onLog?.(`task ${work.number} begins\n`)
        const crashes = this.world.random.chance(this.crashChance())
        this.world.after(crashes ? this.world.random.int(0, work.ms) : work.ms, () => {
          if (state === 'runs' && this.process.alive) leave(0, () => { this.end(taskId, work, crashes, resolve, reject) })
        })
      }
      onCancellable?.((unlessBegun = false) => {
        if (state === 'waits') {
          state = 'over'
          reject(cancelled)
        } else if (state === 'runs' && !unlessBegun) leave(this.world.random.int(0, KILL_MS), () => { reject(cancelled) })
      })
      this.queue.push(begin)
      this.next()
    })
  }

  private end (taskId: string, work: Work, crashes: boolean, resolve: (result: CallResult) => void, reject: (error: Error) => void): void {
    if (crashes) this.events.onDeath(taskId)
    else this.events.onEnd(taskId)
    const outputs = truth(work)
    const usage = { wallMs: work.ms, cpuMs: 0, memoryBytes: 0, moduleBytes: 0, fileBytes: 0 }
    if (crashes) reject(new CorebrumError('ERR_SANDBOX_CRASHED', 'the sandbox died'))
    else if (outputs === undefined) reject(new CallError('ERR_TRAP', 'unreachable was executed', { usage }))
    else resolve({ outputs, logs: '', usage })
  }

  private next (): void {
    while (this.busy < this.slots) {
      const begin = this.queue.shift()
      if (begin === undefined) return
      begin()
    }
  }

  private count (taskId: string, change: number): void {
    const calls = (this.running.get(taskId) ?? 0) + change
    if (calls === 0) this.running.delete(taskId)
    else this.running.set(taskId, calls)
  }
}
