/**
 * What a submitter learns from attempts: back-offs, deadlines, workers that a task avoids, who ran which of the tasks that run
 * apart, and how far each worker is trusted. All clocks are on one timer.
 */
import type { ErrorCode } from '../../errors.ts'
import type { HistoryEvent } from '../../task/history.ts'
import { createApart, type Apart } from './apart.ts'
import type { OpenTask } from './open-task.ts'
import { createReputation, type Misdeed, type Reputation } from './reputation.ts'
import { afterFailure, afterFault, avoid, newTrouble, recoveredTrouble, type Next } from './retry-policy.ts'
import { createTimetable, type Timetable } from './timetable.ts'

export interface AttemptsInit {
  /** The back-off of a task is over. */
  onReady: (task: OpenTask) => void
  /** A task has not ended in time. */
  onDeadline: (task: OpenTask) => void
  reputation?: Reputation
  /** Monotonic milliseconds. */
  now: () => number
  /** 0 to 1. Default Math.random. */
  random?: () => number
}

/** What a fault says of the worker; a stream that breaks, and work that is declined, say nothing. */
const MISDEEDS: ReadonlyMap<ErrorCode, Misdeed> = new Map<ErrorCode, Misdeed>([
  ['ERR_SANDBOX_CRASHED', 'crashed'], ['ERR_INTERNAL', 'failed'], ['ERR_PROTOCOL', 'lied'], ['ERR_BLOB_NOT_FOUND', 'failed'], ['ERR_PEER_TIMEOUT', 'expired'],
])

export class Attempts {
  readonly apart: Apart = createApart()
  readonly reputation: Reputation
  private readonly init: AttemptsInit
  private readonly random: () => number
  private readonly timetable: Timetable

  constructor (init: AttemptsInit) {
    this.init = init
    this.random = init.random ?? Math.random
    this.reputation = init.reputation ?? createReputation({ now: init.now })
    this.timetable = createTimetable({ now: init.now })
  }

  stop (): void {
    this.timetable.stop()
  }

  /** A task is open from now on; its deadline counts from when it was submitted, by the wall clock of that time. */
  begin (task: OpenTask): void {
    const { policy: { deadlineMs }, apart, createdAtMs } = task
    if (apart !== undefined) this.apart.join(apart)
    if (deadlineMs === undefined) return
    // Never later than from now on, should the clock have been set back meanwhile.
    const inMs = Math.min(deadlineMs, createdAtMs + deadlineMs - Date.now())
    task.deadline = this.timetable.set(this.init.now() + inMs, () => { this.init.onDeadline(task) })
  }

  /** As `begin`, of a task of before a restart: what had failed is known again. How long its back-off still takes, milliseconds. */
  recover (task: OpenTask, history: readonly HistoryEvent[]): number {
    this.begin(task)
    const found = recoveredTrouble(history)
    task.trouble = found?.trouble
    return found === undefined ? 0 : Math.min(found.delayMs, Math.max(0, found.readyAtMs - Date.now()))
  }

  /** The task is to be run no more. */
  end (task: OpenTask): void {
    this.endWait(task)
    if (task.deadline !== undefined) this.timetable.cancel(task.deadline)
    task.deadline = undefined
  }

  /** The task, which was ended, is over. */
  close ({ apart }: OpenTask): void {
    if (apart !== undefined) this.apart.leave(apart)
  }

  /** A worker holds a task, or holds it no more without a result. */
  took ({ apart }: OpenTask, peer: string): void {
    if (apart !== undefined) this.apart.took(apart, peer)
  }

  gaveBack ({ apart }: OpenTask, peer: string): void {
    if (apart !== undefined) this.apart.gaveBack(apart, peer)
  }

  /** A worker has given the result that ends a task. */
  delivered ({ apart, batch }: OpenTask, peer: string, code: ErrorCode | undefined): void {
    if (apart !== undefined) this.apart.keepApart(apart, peer)
    if (code === undefined) this.reputation.succeeded(peer)
    // What it took for a good result is not what the program declares.
    else if (code === 'ERR_RESULT_TYPE') this.reputation.note(peer, 'failed', batch.digest)
  }

  /** A lease ended without a result, and not by the task: what that says of the worker. */
  blame ({ batch }: OpenTask, peer: string, code: ErrorCode): void {
    const what = MISDEEDS.get(code)
    if (what !== undefined) this.reputation.note(peer, what, batch.digest)
  }

  /** A lease ran out. With `idlers` its worker has held it to the end and done nothing; it is added to them, and noted once. */
  ranOut (task: OpenTask, peer: string, idlers?: Set<string>): void {
    if (idlers === undefined) return this.blame(task, peer, 'ERR_PEER_TIMEOUT')
    if (!idlers.has(peer)) this.reputation.note(peer, 'idled')
    idlers.add(peer)
  }

  /** Counts an attempt that a worker failed. */
  fault (task: OpenTask, peer: string, code: ErrorCode): Next {
    const trouble = task.trouble ??= newTrouble()
    const next = afterFault(trouble, code, this.random)
    if (next.again && next.avoidMs > 0) avoid(trouble, peer, this.init.now() + next.avoidMs)
    return next
  }

  /** Counts an attempt that the task itself failed. */
  failure (task: OpenTask, code: ErrorCode): Next {
    const trouble = task.trouble ??= newTrouble()
    return afterFailure(trouble, code, task.policy.retries ?? 0, this.random)
  }

  /** A worker has the task after all: its back-off is over. */
  endWait (task: OpenTask): void {
    if (task.backoff !== undefined) this.timetable.cancel(task.backoff)
    task.backoff = undefined
  }

  /** The task neither waits nor has a lease for so long; then `onReady` is called. */
  wait (task: OpenTask, ms: number): void {
    task.backoff = this.timetable.set(this.init.now() + ms, () => {
      task.backoff = undefined
      this.init.onReady(task)
    })
  }
}
