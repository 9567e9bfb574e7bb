/**
 * Results that answer for others: of deterministic tasks, whose receipt is known and whose worker is this node or trusted, or that
 * a quorum agreed on. Only completed tasks; a failure is never reused. The journal keeps which they are; so does this, of the last.
 */
import { LRUCache } from 'lru-cache'
import { MAX_REUSABLE_RESULTS } from '../../limits.ts'
import { checkOutputs } from '../../task/outputs.ts'
import { programDigest } from '../../task/program.ts'
import { inputsDigest, resultKey } from '../../task/receipt-digests.ts'
import { newTask, reduceTask, type TaskEvent, type TaskRecord } from '../../task/state.ts'
import { NO_USAGE } from '../../task/usage.ts'
import type { TaskJournal } from '../journal.ts'
import type { NewTask } from '../submitter/open-task.ts'
import type { TaskTable } from '../tasks/task-table.ts'

export interface ReuseComponents {
  /** This node's PeerId. */
  peerId: string
  /** PeerIds of workers whose results it takes as its own. */
  trusted: readonly string[]
  tasks: TaskTable
  journal: Pick<TaskJournal, 'durable' | 'find' | 'reusable' | 'noteReusable' | 'ended'>
}

/** What a task is reused by: its program and its inputs. */
type Call = Pick<NewTask, 'program' | 'values' | 'refs'>

export interface Reuse {
  /** What equal calls have in common; undefined where every call may have another result. */
  keyOf (call: Call): string | undefined
  /** A task whose outputs are the result under this key, and fit `check`. Rejects with ERR_JOURNAL. */
  find (key: string, check?: NewTask['check']): Promise<TaskRecord | undefined>
  /** The task has completed and its receipt is good, or it was agreed on: from now on it answers for others. */
  note (key: string, record: Pick<TaskRecord, 'id' | 'state' | 'receipt' | 'job'>): void
  /**
   * Ends a new task with a result that is known, as one that was not run; it is then released and, where there is a journal, on
   * disk. False where none is known, or `noCache` says that it must be run. Rejects with ERR_JOURNAL and ERR_QUEUE_FULL.
   */
  answer (task: NewTask): Promise<boolean>
}

export function createReuse ({ peerId, trusted, tasks, journal }: ReuseComponents): Reuse {
  const ids = new LRUCache<string, string>({ max: MAX_REUSABLE_RESULTS })
  const isTrusted = new Set([peerId, ...trusted])

  /** Looked at again with each use: whom this node trusts changes. */
  function isGood ({ state, receipt, job }: Pick<TaskRecord, 'state' | 'receipt' | 'job'>): boolean {
    return state === 'completed' && (job?.kind === 'agreement' || (receipt !== undefined && isTrusted.has(receipt.body.worker)))
  }

  async function find (key: string, check?: NewTask['check']): Promise<TaskRecord | undefined> {
    const id = ids.get(key)
    const record = (id === undefined ? undefined : tasks.get(id) ?? await journal.find(id)) ?? await journal.reusable(key)
    if (record?.outputs === undefined || !isGood(record)) return undefined
    // The outputs of equal programs may be described in different ways.
    const fits = check === undefined || await checkOutputs(check, record.outputs).then(() => true, () => false)
    return fits ? record : undefined
  }

  return {
    keyOf ({ program, values, refs }) {
      return program.deterministic === true && !program.grants.networking ? resultKey(programDigest(program), inputsDigest(values, refs)) : undefined
    },
    find,
    note (key, record) {
      if (!isGood(record)) return
      ids.set(key, record.id)
      journal.noteReusable(key, record.id)
    },
    async answer (task) {
      const key = task.noCache === true ? undefined : this.keyOf(task)
      const known = key === undefined ? undefined : await find(key, task.check)
      if (known === undefined) return false
      const { id, program, volatile = false, release } = task
      const createdAtMs = Date.now()
      const events = reuseEvents(known, peerId)
      // First, as it may be refused: then the journal must not know it either.
      tasks.add(id, program.name, createdAtMs, volatile)
      if (journal.durable && !volatile) {
        await journal.ended(events.reduce(reduceTask, newTask(id, program.name, createdAtMs))).catch((error: unknown) => {
          tasks.forget(id)
          throw error
        })
      }
      for (const event of events) tasks.apply(id, event)
      release?.()
      return true
    },
  }
}

/** The end of a task whose result is that of `known`. */
function reuseEvents ({ id, worker, outputs = {}, usage = NO_USAGE, logs, receipt, endedAtMs }: TaskRecord, self: string): TaskEvent[] {
  const atMs = Date.now()
  const ranAtMs = receipt?.body.endedAtMs ?? endedAtMs
  const detail = `the result of task ${id}${ranAtMs === undefined ? '' : `, run at ${new Date(ranAtMs).toISOString()}`}`
  return [
    { type: 'noted', event: { atMs, kind: 'reused', detail, ...(worker === undefined ? {} : { peer: worker }) } },
    { type: 'completed', worker: worker ?? self, outputs, usage, logs, atMs, more: { reusedFrom: id, ...(receipt === undefined ? {} : { receipt }) } },
  ]
}
