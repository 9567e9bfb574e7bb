/** Results that come when their task is over already: recorded as duplicates, and acknowledged so that the worker can forget them. */
import { MAX_LATE_LOOKUPS } from './limits.ts'
import { reduceTask, type TaskEvent, type TaskRecord } from '../../task/state.ts'
import type { Answer } from './endings.ts'
import type { TaskJournal } from '../journal.ts'
import type { OpenTask } from './open-task.ts'
import type { TaskTable } from '../tasks/task-table.ts'

export interface LateResultsComponents {
  tasks: TaskTable
  journal: Pick<TaskJournal, 'durable' | 'find' | 'amended'>
}

/** Takes an answer for a task that has ended; `ending` is the task when its end is being written. */
export type LateResults = (answer: Answer, ending?: OpenTask) => void

export function createLateResults ({ tasks, journal }: LateResultsComponents): LateResults {
  let lookups = 0

  async function lookUp ({ worker, ref }: Answer): Promise<void> {
    lookups++
    try {
      const record = await journal.find(ref.taskId)
      const event = record === undefined ? undefined : duplicateOf(record, record, worker.link.peer, ref.fence)
      if (record !== undefined && event !== undefined) journal.amended(reduceTask(record, event))
    } catch {
      // The journal says itself what is wrong with it; a remark is not worth more.
    } finally {
      lookups--
    }
  }

  return (answer, ending) => {
    const { worker, ref } = answer
    const record = tasks.get(ref.taskId)
    if (record === undefined) {
      if (journal.durable && lookups < MAX_LATE_LOOKUPS) void lookUp(answer)
    } else {
      const event = duplicateOf(ending?.ending?.record ?? record, record, worker.link.peer, ref.fence)
      const after = event === undefined ? undefined : tasks.apply(ref.taskId, event)
      if (after !== undefined && ending === undefined && tasks.entry(ref.taskId)?.volatile !== true) journal.amended(after)
    }
    // What is not written yet is not acknowledged to anybody.
    if (ending?.ending === undefined) worker.acks.add(ref)
    else ending.ending.answers.push(answer)
  }
}

/** What is recorded of a second result; nothing where the peer never had that lease, repeats its own result, or is known to be late. */
function duplicateOf ({ state, worker }: TaskRecord, { history }: TaskRecord, peer: string, fence: number): TaskEvent | undefined {
  if (state === 'cancelled' || worker === peer) return undefined
  const isOf = (kind: 'leased' | 'duplicate'): boolean => history.some((event) => event.kind === kind && event.peer === peer && event.fence === fence)
  if (!isOf('leased') || isOf('duplicate')) return undefined
  return { type: 'noted', event: { atMs: Date.now(), kind: 'duplicate', peer, fence } }
}
