/** Moves open tasks on: in the table, where their listeners see it, and in the journal, which is written behind. */
import type { TaskEvent, TaskRecord } from '../../task/state.ts'
import type { TaskJournal } from '../journal.ts'
import type { OpenTask } from './open-task.ts'
import type { TaskTable } from '../tasks/task-table.ts'

export interface TaskChanges {
  /** The record as it then stands. */
  apply (task: OpenTask, event: TaskEvent): TaskRecord | undefined
}

export function createTaskChanges ({ tasks, journal }: { tasks: TaskTable, journal: Pick<TaskJournal, 'durable' | 'changed'> }): TaskChanges {
  if (!journal.durable) return { apply: ({ id }, event) => tasks.apply(id, event) }
  return {
    apply (task, event) {
      const before = tasks.get(task.id)
      const after = tasks.apply(task.id, event)
      if (task.volatile || after === undefined || after.history === before?.history) return after
      const last = after.history.at(-1)
      if (last !== undefined) journal.changed(after, last)
      return after
    },
  }
}
