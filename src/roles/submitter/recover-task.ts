/** Makes an open task of what the journal kept of it, and lets it wait: for a worker, or for the one that had it. */
import { FENCE_GAP, LEASE_MS } from './limits.ts'
import type { RecoveredTask } from '../journal.ts'
import type { Leasing } from './leasing.ts'
import { rememberGrant } from './grants.ts'
import { openTask, type OpenTask } from './open-task.ts'
import type { TaskTable } from '../tasks/task-table.ts'

/** `peerId` is this node: its own worker has forgotten what it ran. */
export function recoverTask ({ task: submitted, record, granted, recoveries }: RecoveredTask, leasing: Pick<Leasing, 'batch' | 'addAgain' | 'expect'>, { tasks, peerId }: { tasks: Pick<TaskTable, 'adopt'>, peerId: string }): OpenTask {
  const task = openTask(submitted, leasing.batch(submitted.program, submitted.policy), record.createdAtMs)
  tasks.adopt(record)
  task.fence = record.fence
  for (const [fence, peer] of granted) {
    rememberGrant(task, fence, peer)
    task.fence = Math.max(task.fence, fence)
  }
  task.fence += FENCE_GAP * recoveries
  task.unwritten = task.fence
  const { state, worker, fence, history } = record
  if (state === 'pending' || worker === undefined || worker === peerId) leasing.addAgain(task, history)
  else leasing.expect(task, { peer: worker, fence, forMs: LEASE_MS, history })
  return task
}
