/** The tasks of a node as its jobs use them. */
import { CorebrumError } from '../errors.ts'
import { Endings, type Ending, type Ends } from '../roles/submitter/endings.ts'
import type { Intake } from '../roles/submitter/intake.ts'
import type { TaskJournal } from '../roles/journal.ts'
import type { NewTask } from '../roles/submitter/open-task.ts'
import { createTaskHandle } from '../roles/tasks/task-handle.ts'
import type { TaskTable } from '../roles/tasks/task-table.ts'
import { isFinal, newTask, type TaskEvent } from '../task/state.ts'
import { holdTask, pinTask, type PinComponents } from './pin.ts'
import type { JobTasks } from './ports.ts'

export interface JobTasksComponents extends PinComponents {
  peerId: string
  tasks: TaskTable
  journal: Pick<TaskJournal, 'find' | 'durable' | 'ended' | 'amended'>
  intake: Intake
  /** Accepts a task, or answers it from an earlier result; rejects or throws as `Submitter.submit`. */
  accept: (task: NewTask) => unknown
  cancel: (id: string, message: string) => void
  keepApart: (group: string, peer: string) => void
  forget: (id: string) => void
  log?: (level: 'error' | 'info', message: string) => void
}

/** A job, or a task that could not begin, that ends. */
interface EndingJob extends Ends<EndingJob> {
  ending: Ending<EndingJob> | undefined
  readonly onEnd: () => void
}

const ENDS: ReadonlySet<TaskEvent['type']> = new Set(['completed', 'failed', 'cancelled'])

export function createJobTasks (components: JobTasksComponents): JobTasks {
  const { peerId, tasks, journal, intake, accept, cancel, keepApart, forget, store, log = () => {} } = components
  const find: JobTasks['find'] = async (id) => tasks.get(id) ?? await journal.find(id)

  const endings = new Endings<EndingJob>({ peerId, tasks, journal, log, what: 'ends of jobs', onEnd: ({ onEnd }) => { onEnd() } })
  /** On their way to the journal. */
  const ending = new Map<string, Promise<void>>()

  function end (id: string, event: TaskEvent, volatile: boolean): Promise<void> {
    return new Promise((resolve) => {
      endings.end({ id, volatile, ending: undefined, onEnd: () => { ending.delete(id); resolve() } }, event)
    })
  }

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
    addAgain: (id, name, createdAtMs) => { tasks.adopt(newTask(id, name, createdAtMs)) },
    async apply (id, event) {
      const entry = tasks.entry(id)
      if (entry === undefined) return
      const { record, volatile } = entry
      if (!ENDS.has(event.type)) {
        tasks.apply(id, event)
        return
      }
      // The first end counts.
      if (isFinal(record.state) || ending.has(id)) return await ending.get(id)
      const ended = end(id, event, volatile)
      if (!isFinal(entry.record.state)) ending.set(id, ended)
      await ended
    },
    openIds: () => tasks.list().flatMap(({ id, state }) => isFinal(state) ? [] : id),
    stop () { void endings.stop() },
  }
}
