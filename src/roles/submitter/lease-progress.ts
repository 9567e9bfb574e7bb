/** What a worker says of leases that it holds, applied to their tasks; of others it has nothing to say. */
import type { LeaseRef } from '../../wire/messages.ts'
import { renew, type LinkedWorker } from './roster.ts'
import type { TaskChanges } from './task-changes.ts'
import type { TaskTable } from '../tasks/task-table.ts'

export function noteRunning (changes: TaskChanges, worker: LinkedWorker, leases: readonly LeaseRef[]): void {
  for (const { taskId, fence } of leases) {
    const lease = worker.leases.get(taskId)
    if (lease?.fence === fence) changes.apply(lease.task, { type: 'started', fence, atMs: Date.now() })
  }
}

export function noteLog (tasks: TaskTable, worker: LinkedWorker, { taskId, fence, text }: LeaseRef & { text: string }): void {
  if (worker.leases.get(taskId)?.fence === fence) tasks.apply(taskId, { type: 'logged', fence, text })
}

/** `resume` leases a task anew to the worker, which has gone on with it over a broken stream; false when it may not. */
export function renewAll (worker: LinkedWorker, leases: readonly LeaseRef[], now: number, resume: (ref: LeaseRef) => boolean): void {
  for (const ref of leases) {
    const lease = worker.leases.get(ref.taskId)
    if (lease?.fence === ref.fence) renew(lease, now)
    // The worker holds what is no longer its own: cancelled, expired, or done elsewhere.
    else if (lease !== undefined || !resume(ref)) worker.link.send({ kind: 'cancel', taskId: ref.taskId, fence: ref.fence })
  }
}
