/** Puts what waits where there is room: batches by priority, in each those tasks first that not every worker may take. */
import type { Apart } from './apart.ts'
import type { Backlog, Batch } from './backlog.ts'
import type { OpenTask } from './open-task.ts'
import { avoids } from './retry-policy.ts'
import { pickWorker, type LinkedWorker } from './roster.ts'

export interface PlacingComponents {
  backlog: Backlog
  workers: Iterable<LinkedWorker>
  apart: Apart
}

/** Calls `lease` for each task that waits and has found a worker. `now` is in monotonic milliseconds. */
export function placeWaiting ({ backlog, workers, apart }: PlacingComponents, now: number, lease: (worker: LinkedWorker, task: OpenTask, now: number) => void): void {
  for (const batch of backlog.waiting()) {
    while (batch.particular.length > 0) {
      const found = findParticular({ backlog, workers, apart }, batch, now)
      if (found === undefined) break
      lease(found.worker, found.task, now)
    }
    while (batch.waiting > 0) {
      const worker = pickWorker(workers, batch, now)
      const task = worker === undefined ? undefined : backlog.shift(batch)
      if (worker === undefined || task === undefined) break
      lease(worker, task, now)
    }
  }
}

/** Whether a worker that may take the batch may take this task of it. */
function mayHave ({ trouble, apart: group }: OpenTask, peer: string, apart: Apart, now: number): boolean {
  return !(trouble !== undefined && avoids(trouble, peer, now)) && (group === undefined || apart.allows(group, peer))
}

function findParticular ({ backlog, workers, apart }: PlacingComponents, batch: Batch, now: number): { worker: LinkedWorker, task: OpenTask } | undefined {
  // Where nobody has room for any task of the batch, none of them is worth a look.
  if (pickWorker(workers, batch, now) === undefined) return undefined
  let worker: LinkedWorker | undefined
  const task = backlog.shiftParticular(batch, (candidate) => {
    worker = pickWorker(workers, batch, now, (peer) => mayHave(candidate, peer, apart, now))
    return worker !== undefined
  })
  return worker === undefined || task === undefined ? undefined : { worker, task }
}
