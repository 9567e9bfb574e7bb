/** In words, why a worker does not get a task of a batch now. */
import { durationText } from '../../task/duration.ts'
import { labelText } from '../../task/labels.ts'
import type { Batch } from '../submitter/backlog.ts'
import type { LinkedWorker, Unfit } from '../submitter/roster.ts'

/** `now` is in monotonic milliseconds. */
export function unfitText (unfit: Unfit, { capability, declined, leases, window }: LinkedWorker, { key, program, placement }: Batch, now: number): string {
  switch (unfit) {
    case 'unknown': return 'it has not said yet what it can run'
    case 'no-slots': return 'it runs no tasks'
    case 'on': return `the task is for ${placement.on} only`
    case 'memory': return `the task may use ${program.memoryLimitBytes} bytes of memory, it allows ${capability?.memoryLimitBytes}`
    case 'labels': return `the task requires ${labelText(placement.require ?? {})}; it has ${capability?.labels === undefined ? 'no labels' : labelText(capability.labels)}`
    case 'declined': return `it gave a task of this program back, and is asked again in ${durationText((declined.get(key) ?? now) - now)}`
    case 'full': return window === 0 ? 'it takes no tasks of this node now' : `it holds ${leases.size} tasks of this node, which is as many as it should`
    case 'unread': return 'it has not read yet what it was sent'
    case 'inputs': return 'it holds as many inputs of this node as it should'
  }
}
