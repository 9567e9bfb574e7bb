/** Why a task that is made of others is not over: how far it is, and which of them are open. Pure. */
import { isFinal, type JobProgress, type TaskRecord } from '../../task/state.ts'
import { splitTaskId } from '../../task/task-id.ts'
import { quoted } from '../../task/values.ts'
import type { Explanation } from './explain-task.ts'

/** A job that has not ended. */
export type OpenJob = TaskRecord & { job: JobProgress }

export function isOpenJob (record: TaskRecord): record is OpenJob {
  return record.job !== undefined && !isFinal(record.state)
}

/** Those of the open tasks of a job that are worth a look each, at most `max`; the items of a map all wait for the same. */
export function partsToExplain ({ job }: OpenJob, open: readonly TaskRecord[], max: number): TaskRecord[] {
  return job.kind === 'map' ? open.filter(({ state }) => state === 'pending').slice(0, 1) : open.slice(0, max)
}

/** `open` are the tasks of it that have not ended, by number; `parts` what is said of those that were looked at. */
export function explainJob (record: OpenJob, open: readonly TaskRecord[], parts: Explanation[]): Explanation {
  const { id, name, state, declines } = record
  return { id, name, state, summary: summaryOf(record, open, parts.length), workers: [], peers: [], declines, parts }
}

function summaryOf ({ id, job }: OpenJob, open: readonly TaskRecord[], shown: number): string {
  const { kind, done, total, paused, holder } = job
  if (holder !== undefined) return `process ${holder} of this machine goes on with it, and this node waits until that has ended it or lets go of it`
  const of = (singular: string, plural: string): string => {
    const ended = total === undefined ? `${done}` : `${done} of ${total}`
    const counted = total ?? done
    return `${ended} ${counted === 1 ? singular : plural} ${done === 1 ? 'has' : 'have'} ended`
  }
  const rest = open.length > shown ? `; ${shown} of the ${open.length} open ones follow` : ''
  switch (kind) {
    case 'map': return `${of('input', 'inputs')}${paused === true ? `; it is paused, and \`corebrum submit --resume ${id}\` goes on with it` : mapText(job, open)}`
    case 'agreement': return `${of('copy', 'copies')}; it waits for ${open.length === 1 ? 'the one that is' : 'those that are'} open${rest}`
    case 'pipeline': {
      const steps = open.map((step) => quoted(step.name))
      return `${of('step', 'steps')}; ${steps.length === 0 ? 'the next one is about to begin' : `it is at ${steps.length === 1 ? 'step' : 'the steps'} ${steps.slice(0, shown).join(', ')}${rest}`}`
    }
    case 'recurring': {
      const run = open[0] === undefined ? undefined : splitTaskId(open[0].id)?.numbers.at(-1)
      return `${of('run', 'runs')}; ${run === undefined ? 'the next one begins when its interval is over' : `run ${run} is under way`}`
    }
  }
}

/** Where the inputs are that have no result yet; those that are not open are read when others have ended. */
function mapText ({ total, done }: JobProgress, open: readonly TaskRecord[]): string {
  const waiting = open.filter(({ state }) => state === 'pending').length
  const unread = total === undefined ? 0 : Math.max(0, total - done - open.length)
  const parts = [
    `${open.length - waiting} with workers`,
    ...(waiting === 0 ? [] : [`${waiting} waiting for one`]),
    ...(unread === 0 ? [] : [`${unread} not begun`]),
  ]
  return `; ${parts.join(', ')}${waiting === 0 ? '' : '; the one that has waited longest follows'}`
}
