/** What a submitted task reports while somebody waits for it, whichever node runs it. */
import { isMapping, type Value } from '../task/values.ts'
import { textField, textsField, viewField } from './fields.ts'
import type { View } from './views.ts'

export type SubmitEvent =
  | { type: 'accepted', id: string, warnings: string[] }
  /** `task` is a task view; the last one has a final state. */
  | { type: 'task', task: View }

/** One line of the daemon's answer; undefined for a kind of event that a newer daemon knows. */
export function readSubmitEvent (value: Value): SubmitEvent | undefined {
  if (!isMapping(value)) return undefined
  const type = textField(value, 'type')
  if (type === 'accepted') return { type, id: textField(value, 'id') ?? '', warnings: textsField(value, 'warnings') }
  const task = viewField(value, 'task')
  return type === 'task' && task !== undefined ? { type, task } : undefined
}
