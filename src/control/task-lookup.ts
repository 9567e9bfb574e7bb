/** Finds a task by its id or by the beginning of it. */
import { CorebrumError } from '../errors.ts'
import { MIN_ID_PREFIX } from './limits.ts'
import type { Node, TaskHandle } from '../node.ts'

const SHOWN = 5

/** Rejects with ERR_TASK_UNKNOWN when no task, or more than one, begins with `id`. */
export async function findTask (node: Node, id: string): Promise<TaskHandle> {
  const exact = await node.find(id)
  if (exact !== undefined) return exact
  const prefix = id.toLowerCase()
  if (prefix.length < MIN_ID_PREFIX) {
    throw new CorebrumError('ERR_TASK_UNKNOWN', `"${id}" names no task: give the whole id, or at least its first ${MIN_ID_PREFIX} characters`)
  }
  const matches = await node.idsWith(prefix, SHOWN + 1)
  const [first] = matches
  if (first === undefined) throw new CorebrumError('ERR_TASK_UNKNOWN', `this node has no task ${id}; see \`corebrum list\``)
  if (matches.length > 1) {
    const more = matches.length > SHOWN ? ' and more' : ''
    throw new CorebrumError('ERR_TASK_UNKNOWN', `"${id}" is the beginning of several tasks: ${matches.slice(0, SHOWN).join(', ')}${more}`)
  }
  const handle = await node.find(first)
  if (handle === undefined) throw new CorebrumError('ERR_TASK_UNKNOWN', `this node has no task ${id} any more`)
  return handle
}
