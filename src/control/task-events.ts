/**
 * The life of a submitted task as events: each change of its state, and its log as it grows. On the control socket they are lines of
 * JSON (NDJSON); behind a submission `accepted` comes first.
 */
import type { Readable } from 'node:stream'
import type { Node, TaskHandle } from '../node.ts'
import { formatJson } from '../task/json.ts'
import { isFinal, type TaskRecord } from '../task/state.ts'
import { streamWhileRead } from './reply.ts'
import type { SubmitEvent } from './submit-event.ts'
import { taskView, type TaskViewOptions } from './views.ts'

export interface TaskEventsOptions extends TaskViewOptions {
  signal?: AbortSignal
  /** The tasks of a job, by number: for those of a recurring one. Default: they are not told of. */
  children?: Node['children']
}

/** The task as it stands and what follows, to its final state; ends before that when `signal` aborts. */
export async function * taskEvents (handle: TaskHandle, options: TaskEventsOptions = {}): AsyncGenerator<SubmitEvent> {
  let before: TaskRecord | undefined
  for await (const record of handle.events(options)) {
    if (record.job?.kind === 'recurring') yield * runEvents(record.id, before?.job?.done ?? 0, record.job.done, options)
    const events: SubmitEvent[] = before !== undefined && onlyLogged(before, record) ? [] : [{ type: 'task', task: taskView(record, options) }]
    const logged = logEvent(before, record)
    // A task logs once it runs, and has logged all before it ends.
    if (logged !== undefined && isFinal(record.state)) events.unshift(logged)
    else if (logged !== undefined) events.push(logged)
    yield * events
    before = record
  }
}

/** Runs that have ended since the last look. */
async function * runEvents (id: string, from: number, to: number, { children, ...options }: TaskEventsOptions): AsyncGenerator<SubmitEvent> {
  if (children === undefined || to <= from) return
  for (const run of await children(id, { from, limit: to - from })) if (isFinal(run.state)) yield { type: 'run', task: taskView(run, options) }
}

/** What the log of a record has more than the one before; all of it where that is no continuation. */
function logEvent (before: TaskRecord | undefined, { id, logs }: TaskRecord): SubmitEvent | undefined {
  const shown = before?.logs ?? ''
  if (logs === shown) return undefined
  if (logs.startsWith(shown)) return { type: 'log', id, text: logs.slice(shown.length) }
  return { type: 'log', id, text: logs, restarts: true }
}

function onlyLogged (before: TaskRecord, after: TaskRecord): boolean {
  return before.logs !== after.logs && before.state === after.state && before.fence === after.fence
}

/** As lines of JSON; `first` goes before them. */
export function eventStream (handle: TaskHandle, first: SubmitEvent[] = [], options: Omit<TaskEventsOptions, 'signal'> = {}): Readable {
  return streamWhileRead((signal) => lines(taskEvents(handle, { ...options, signal }), first))
}

async function * lines (events: AsyncIterable<SubmitEvent>, first: SubmitEvent[]): AsyncGenerator<string> {
  for (const event of first) yield line(event)
  for await (const event of events) yield line(event)
}

function line (event: SubmitEvent): string {
  return `${formatJson({ ...event })}\n`
}
