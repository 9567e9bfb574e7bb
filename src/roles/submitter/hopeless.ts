/** Tasks of a node without a network that none of its workers can ever run: nobody else will come. */
import type { TaskEvent } from '../../task/state.ts'
import type { OpenTask } from './open-task.ts'
import { unfitFor, type LinkedWorker, type Unfit } from './roster.ts'
import { unfitText } from '../offers/unfit-text.ts'
import { endOf, refusalOf } from './verdict.ts'

/** What does not pass by itself. */
const LASTING: ReadonlySet<Unfit | undefined> = new Set<Unfit | undefined>(['no-slots', 'on', 'memory', 'labels'])

/** Ends those tasks; none while a worker has not said yet what it can run, or while there is none. `now` is in monotonic milliseconds. */
export function endHopeless (tasks: Iterable<OpenTask>, workers: ReadonlySet<LinkedWorker>, now: number, end: (task: OpenTask, event: TaskEvent) => void): void {
  const [first] = workers
  if (first === undefined) return
  for (const task of tasks) {
    if (!task.waiting || ![...workers].every((worker) => LASTING.has(unfitFor(worker, task.batch, now)))) continue
    const unfit = unfitFor(first, task.batch, now)
    if (unfit !== undefined) end(task, endOf(refusalOf('ERR_DECLINED', unfitText(unfit, first, task.batch, now)), first.link.peer))
  }
}
