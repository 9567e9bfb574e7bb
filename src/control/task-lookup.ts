/** Finds a task by its id or by the beginning of it. */
import { CorebrumError } from '../errors.ts'
import { MIN_ID_PREFIX } from '../limits.ts'
import type { Node, TaskHandle } from '../node.ts'

const SHOWN = 5

/** Throws ERR_TASK_UNKNOWN when no task, or more than one, begins with `id`. */
export function findTask (node: Node, id: string): TaskHandle {
  const exact = node.task(id)
  if (exact !== undefined) return exact
  const prefix = id.toLowerCase()
  if (prefix.length < MIN_ID_PREFIX) {
    throw new CorebrumError('ERR_TASK_UNKNOWN', `"${id}" names no task: give the whole id, or at least its first ${MIN_ID_PREFIX} characters`)
  }
  const matches = node.tasks().filter((record) => record.id.startsWith(prefix)).map((record) => record.id)
  const [first] = matches
  if (first === undefined) throw new CorebrumError('ERR_TASK_UNKNOWN', `this node has no task ${id}; see \`corebrum list\``)
  if (matches.length > 1) {
    const more = matches.length > SHOWN ? ' and more' : ''
    throw new CorebrumError('ERR_TASK_UNKNOWN', `"${id}" is the beginning of ${matches.length} tasks: ${matches.slice(0, SHOWN).join(', ')}${more}`)
  }
  const handle = node.task(first)
  if (handle === undefined) throw new CorebrumError('ERR_TASK_UNKNOWN', `this node has no task ${id} any more`)
  return handle
}
