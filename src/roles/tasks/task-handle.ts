/** A submitted task as its user holds it. */
import { CorebrumError } from '../../errors.ts'
import { isFinal, type TaskRecord } from '../../task/state.ts'
import type { Value } from '../../task/values.ts'
import type { TaskTable } from './task-table.ts'

export interface TaskHandle {
  readonly id: string
  /** The task as it stands now. */
  record (): TaskRecord
  /**
   * The final record, whatever the final state is; rejects with ERR_CANCELLED when `signal` aborts the wait, not the task, and
   * when this node stops first and goes on with the task when it starts again.
   */
  done (options?: { signal?: AbortSignal }): Promise<TaskRecord>
  /** The outputs; rejects with a CorebrumError of the task's own code when it did not complete. */
  result (options?: { signal?: AbortSignal }): Promise<Record<string, Value>>
  /**
   * The record now and after each change, ending with the final one, or without it when `signal` aborts; `logs` grow while the task runs.
   * A slow reader misses steps, not the end.
   */
  events (options?: { signal?: AbortSignal }): AsyncIterable<TaskRecord>
  cancel (): void
}

/** Steps that wait for a reader of events. */
const MAX_EVENTS_WAITING = 64

/** True when a task has done nothing but log: who sees the later record misses nothing. */
function onlyLogged (before: TaskRecord, after: TaskRecord): boolean {
  return before.state === after.state && before.fence === after.fence
}

function nodeStopped (): CorebrumError {
  return new CorebrumError('ERR_CANCELLED', 'this node was stopped; the task goes on when it starts again')
}

/** Throws ERR_TASK_UNKNOWN. */
export function createTaskHandle (tasks: TaskTable, id: string, cancel: (id: string) => void): TaskHandle {
  // Held here, so that a handle outlives the retention of the table.
  const entry = tasks.entry(id)
  if (entry === undefined) throw new CorebrumError('ERR_TASK_UNKNOWN', `there is no task ${id}`)
  const record = (): TaskRecord => entry.record

  async function done ({ signal }: { signal?: AbortSignal } = {}): Promise<TaskRecord> {
    const now = record()
    if (isFinal(now.state)) return now
    if (tasks.left) throw nodeStopped()
    return await new Promise<TaskRecord>((resolve, reject) => {
      const stopped = (): void => {
        unlisten()
        reject(new CorebrumError('ERR_CANCELLED', `the wait for task ${id} was ended`))
      }
      const unlisten = tasks.listen(id, (next) => {
        if (!isFinal(next.state)) return
        unlisten()
        signal?.removeEventListener('abort', stopped)
        resolve(next)
      }, () => {
        signal?.removeEventListener('abort', stopped)
        reject(nodeStopped())
      })
      if (signal?.aborted === true) stopped()
      else signal?.addEventListener('abort', stopped, { once: true })
    })
  }

  return {
    id,
    record,
    done,
    async result (options) {
      return resultOf(await done(options))
    },
    async * events ({ signal } = {}) {
      const queue: TaskRecord[] = [record()]
      let wake: (() => void) | undefined
      const unlisten = tasks.listen(id, (next) => {
        const last = queue.at(-1)
        if (queue.length >= MAX_EVENTS_WAITING || (last !== undefined && onlyLogged(last, next))) queue.pop()
        queue.push(next)
        wake?.()
      }, () => { wake?.() })
      const stopped = (): void => { wake?.() }
      signal?.addEventListener('abort', stopped, { once: true })
      try {
        while (signal?.aborted !== true) {
          const next = queue.shift()
          if (next === undefined) {
            if (tasks.left) throw nodeStopped()
            await new Promise<void>((resolve) => { wake = resolve })
          } else {
            yield next
            if (isFinal(next.state)) return
          }
        }
      } finally {
        unlisten()
        signal?.removeEventListener('abort', stopped)
      }
    },
    cancel () { cancel(id) },
  }
}

/** A task that has ended and that only the journal holds. */
export function createFinishedHandle (record: TaskRecord): TaskHandle {
  return {
    id: record.id,
    record: () => record,
    done: async () => record,
    result: async () => resultOf(record),
    async * events () { yield record },
    cancel () {},
  }
}

function resultOf ({ state, outputs, failure }: TaskRecord): Record<string, Value> {
  if (state === 'completed' && outputs !== undefined) return outputs
  throw new CorebrumError(failure?.code ?? 'ERR_INTERNAL', failure?.message ?? `the task ended as ${state} without a reason`)
}
