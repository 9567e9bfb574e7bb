/** The tasks of a node as its jobs use them. */
import { CorebrumError } from '../errors.ts'
import type { Intake } from '../roles/submitter/intake.ts'
import type { TaskJournal } from '../roles/journal.ts'
import type { NewTask } from '../roles/submitter/open-task.ts'
import { createTaskHandle } from '../roles/tasks/task-handle.ts'
import type { TaskTable } from '../roles/tasks/task-table.ts'
import { isFinal } from '../task/state.ts'
import { holdTask, pinTask, type PinComponents } from './pin.ts'
import type { JobTasks } from './ports.ts'

export interface JobTasksComponents extends PinComponents {
  peerId: string
  tasks: TaskTable
  journal: Pick<TaskJournal, 'find' | 'ended'>
  intake: Intake
  /** Accepts a task, or answers it from an earlier result; rejects or throws as `Submitter.submit`. */
  accept: (task: NewTask) => unknown
  cancel: (id: string, message: string) => void
  keepApart: (group: string, peer: string) => void
  forget: (id: string) => void
}

export function createJobTasks (components: JobTasksComponents): JobTasks {
  const { peerId, tasks, journal, intake, accept, cancel, keepApart, forget, store } = components
  const find: JobTasks['find'] = async (id) => tasks.get(id) ?? await journal.find(id)

  return {
    peerId,
    find,
    cancel,
    keepApart,
    forget,
    async submit (definition, inputs, { id, policy, volatile = false, apart, noCache = false }) {
      // A volatile one is not in the journal, and there are thousands of them a second.
      if (volatile ? tasks.get(id) !== undefined : await find(id) !== undefined) return
      const task = await intake(definition, inputs, { baseDir: '', id, ...(policy === undefined ? {} : { policy }) })
      try {
        await accept({ ...task, ...(volatile ? { volatile } : {}), ...(apart === undefined ? {} : { apart }), ...(noCache ? { noCache } : {}) })
      } catch (error) {
        task.release?.()
        throw error
      }
    },
    async done (id) {
      if (tasks.get(id) !== undefined) return await createTaskHandle(tasks, id, () => {}).done()
      const record = await journal.find(id)
      if (record === undefined) throw new CorebrumError('ERR_TASK_UNKNOWN', `there is no task ${id}, or it is kept no longer`)
      return record
    },
    pin: (definition, options) => pinTask(definition, components, options),
    hold: (definition) => holdTask(definition, store),
    add: (id, name, createdAtMs, volatile) => tasks.add(id, name, createdAtMs, volatile),
    async apply (id, event) {
      const entry = tasks.entry(id)
      if (entry === undefined) return
      const { record: before, volatile } = entry
      const after = tasks.apply(id, event)
      if (!volatile && after !== undefined && isFinal(after.state) && !isFinal(before.state)) await journal.ended(after)
    },
  }
}
