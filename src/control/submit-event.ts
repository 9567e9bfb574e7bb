/** What a submitted task reports while somebody waits for it, whichever node runs it. */
import { isMapping, type Value } from '../task/values.ts'
import { textField, textsField, viewField } from './fields.ts'
import type { View } from './views.ts'

export type SubmitEvent =
  | { type: 'accepted', id: string, warnings: string[] }
  /** `task` is a task view; the last one has a final state. */
  | { type: 'task', task: View }
  /** A run of a recurring task has ended, as `task` says. */
  | { type: 'run', task: View }
  /** The module wrote this; with `restarts` the task was begun again, and the log with it. All of the log has come before the final state. */
  | { type: 'log', id: string, text: string, restarts?: true }

/** One line of the daemon's answer; undefined for a kind of event that a newer daemon knows. */
export function readSubmitEvent (value: Value): SubmitEvent | undefined {
  if (!isMapping(value)) return undefined
  const type = textField(value, 'type')
  const id = textField(value, 'id') ?? ''
  if (type === 'accepted') return { type, id, warnings: textsField(value, 'warnings') }
  if (type === 'log') return { type, id, text: textField(value, 'text') ?? '', ...(value['restarts'] === true ? { restarts: true } : {}) }
  const task = viewField(value, 'task')
  return (type === 'task' || type === 'run') && task !== undefined ? { type, task } : undefined
}
