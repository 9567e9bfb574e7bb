/** What a worker says of leases that it holds, applied to their tasks; of others it has nothing to say. */
import type { LeaseRef } from '../wire/messages.ts'
import { renew, type LinkedWorker } from './roster.ts'
import type { TaskTable } from './task-table.ts'

export function noteRunning (tasks: TaskTable, worker: LinkedWorker, leases: readonly LeaseRef[]): void {
  for (const { taskId, fence } of leases) {
    if (worker.leases.get(taskId)?.fence === fence) tasks.apply(taskId, { type: 'started', fence, atMs: Date.now() })
  }
}

export function noteLog (tasks: TaskTable, worker: LinkedWorker, { taskId, fence, text }: LeaseRef & { text: string }): void {
  if (worker.leases.get(taskId)?.fence === fence) tasks.apply(taskId, { type: 'logged', fence, text })
}

export function renewAll (worker: LinkedWorker, leases: readonly LeaseRef[], now: number): void {
  for (const { taskId, fence } of leases) {
    const lease = worker.leases.get(taskId)
    if (lease?.fence === fence) renew(lease, now)
    // The worker holds what is no longer its own: cancelled, expired, or done elsewhere.
    else worker.link.send({ kind: 'cancel', taskId, fence })
  }
}
