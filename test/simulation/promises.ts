/** What must hold of every task, whatever happens: watches all that can be seen of it, and says what was broken. */
import { MAX_ATTEMPTS } from '../../src/limits.ts'
import { MAX_SANDBOX_CRASHES } from '../../src/roles/submitter/limits.ts'
import { isFinal, type TaskRecord } from '../../src/task/state.ts'
import type { WorkerMessage } from '../../src/wire/messages.ts'
import type { CoverageEvent } from './coverage.ts'
import { truth, type Work } from './sim-executor.ts'

export interface WatchedTask {
  readonly id: string
  /** Name of the node that it was submitted to. */
  readonly submitter: string
  readonly work: Work
  /** The submit was answered: from then on it may not be lost. */
  accepted: boolean
  /** Somebody asked to cancel it. */
  cancelAsked: boolean
  runs: number
  /** Sandboxes that died under it. */
  deaths: number
  /** As it was last seen, by anybody. */
  last?: TaskRecord
  final?: TaskRecord
  /** Who was leased it, by fence. */
  readonly granted: Map<number, string>
}

export class Promises {
  readonly tasks = new Map<string, WatchedTask>()
  readonly violations: string[] = []
  private readonly cover: (event: CoverageEvent) => void
  private readonly note: (describe: () => string) => void

  constructor (cover: (event: CoverageEvent) => void, note: (describe: () => string) => void) {
    this.cover = cover
    this.note = note
  }

  watch (id: string, submitter: string, work: Work): WatchedTask {
    const task: WatchedTask = { id, submitter, work, accepted: false, cancelAsked: false, runs: 0, deaths: 0, granted: new Map() }
    this.tasks.set(id, task)
    return task
  }

  broken (what: string): void {
    this.note(() => `BROKEN    ${what}`)
    this.violations.push(what)
  }

  /** The submitter grants a lease. */
  leased (id: string, fence: number, worker: string): void {
    const task = this.tasks.get(id)
    if (task === undefined) return this.broken(`${id} was leased and never submitted`)
    const highest = Math.max(0, ...task.granted.keys())
    if (fence <= highest) this.broken(`${id} was leased with fence ${fence} to ${worker} after fence ${highest} to ${task.granted.get(highest) ?? '?'}`)
    if (task.final !== undefined) this.broken(`${id} was leased after it was seen as ${task.final.state}`)
    task.granted.set(fence, worker)
  }

  /** The submitter is about to hear of a result. */
  resultComes (peer: string, { taskId, fence, outcome }: Extract<WorkerMessage, { kind: 'result' }>): void {
    const task = this.tasks.get(taskId)
    if (task === undefined) return
    if (outcome.ok && outcome.refs !== undefined) this.cover('largeResult')
    if (task.granted.get(fence) !== peer) return
    if (task.final !== undefined) this.cover('duplicateResult')
    else if (task.last !== undefined && fence < task.last.fence) this.cover('lateResult')
  }

  /** Somebody sees the record of a task. */
  seen (record: TaskRecord): void {
    const task = this.tasks.get(record.id)
    if (task === undefined) return this.broken(`${record.id} is there and was never submitted`)
    const { last, final } = task
    task.last = record
    if (final !== undefined) return this.sameEnd(final, record)
    if (last !== undefined && record.fence < last.fence) this.broken(`the fence of ${record.id} went from ${last.fence} to ${record.fence}`)
    if (last?.state !== record.state || last.fence !== record.fence) this.note(() => `task      ${shortId(record.id)} ${record.state}, fence ${record.fence}${record.worker === undefined ? '' : `, ${record.worker}`}${record.failure === undefined ? '' : `, ${record.failure.code}`}`)
    const decline = record.declines.at(-1)
    if (last !== undefined && last.declines.at(-1) !== decline && decline !== undefined) {
      this.cover('released')
      if (decline.code === 'ERR_PEER_TIMEOUT') this.cover('expired')
    }
    if (isFinal(record.state)) this.ended(task, record)
  }

  /** After everything was whole again for long enough. */
  atTheEnd (): void {
    for (const { id, accepted, final, last } of this.tasks.values()) {
      if (accepted && final === undefined) this.broken(`${id} never ended: ${last === undefined ? 'it is lost' : `${last.state}, fence ${last.fence}`}`)
    }
  }

  private sameEnd (final: TaskRecord, record: TaskRecord): void {
    if (!isFinal(record.state)) return this.broken(`${record.id} was seen as ${final.state} and then as ${record.state}`)
    if (record.state !== final.state || record.endedAtMs !== final.endedAtMs || !sameOutputs(record.outputs, final.outputs)) {
      this.broken(`${record.id} ended as ${final.state} of ${final.worker ?? 'nobody'}, and then as ${record.state} of ${record.worker ?? 'nobody'}`)
    }
  }

  private ended (task: WatchedTask, record: TaskRecord): void {
    task.final = record
    const { id, work } = task
    const expected = truth(work)
    if (record.state === 'cancelled') {
      this.cover('cancelled')
      if (!task.cancelAsked) this.broken(`${id} was cancelled by nobody`)
    } else if (record.state === 'completed') {
      if (expected === undefined || !sameOutputs(record.outputs, expected)) this.broken(`${id} completed with a result that is not true: ${JSON.stringify(record.outputs).slice(0, 100)}`)
      this.checkGranted(task, record)
    } else if (record.failure?.code === 'ERR_TRAP') {
      this.cover('trap')
      if (expected !== undefined) this.broken(`${id} failed, which is not true`)
      this.checkGranted(task, record)
    } else if (record.failure?.code === 'ERR_ATTEMPTS') {
      this.cover('gaveUp')
      if (record.attempts < MAX_ATTEMPTS) this.broken(`${id} was given up after ${record.attempts} attempts`)
    } else if (record.failure?.code === 'ERR_DEADLINE') {
      this.cover('deadline')
      if (work.deadlineMs === undefined || record.state !== 'timeout') this.broken(`${id} ended by a deadline that it did not have`)
    } else if (record.failure?.code === 'ERR_SANDBOX_CRASHED') {
      this.cover('killedSandboxes')
      if (task.deaths < MAX_SANDBOX_CRASHES) this.broken(`${id} was given up after ${task.deaths} sandboxes`)
    } else this.broken(`${id} ended as ${record.state} with ${record.failure?.code ?? 'no reason'}`)
  }

  private checkGranted (task: WatchedTask, record: TaskRecord): void {
    const fences = [...task.granted].filter(([, worker]) => worker === record.worker).map(([fence]) => fence)
    if (fences.length === 0) this.broken(`${task.id} was ended by ${record.worker ?? 'nobody'}, who never had a lease of it`)
    if (Math.max(...fences) < record.fence) this.cover('lateAccepted')
  }
}

export function shortId (id: string): string {
  return `#${Number.parseInt(id.slice(24), 16)}`
}

function sameOutputs (a: Record<string, unknown> | undefined, b: Record<string, unknown> | undefined): boolean {
  const [x, y] = [a?.['result'], b?.['result']]
  return x === y || (x instanceof Uint8Array && y instanceof Uint8Array && Buffer.compare(x, y) === 0)
}
