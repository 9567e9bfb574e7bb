/** What was promised and what came of it: every id that was given, and the first final state that was seen of it. */
import type { ControlClient } from '../../src/control/client.ts'
import { textField, viewField, viewsField } from '../../src/control/fields.ts'
import type { View } from '../../src/control/views.ts'
import { formatJson } from '../../src/task/json.ts'
import { isFinal, TASK_STATES } from '../../src/task/state.ts'

interface Promised {
  readonly truth: string
  /** State, worker and outputs as they were first seen in a final state. */
  seen?: string
}

export interface Ledger {
  readonly size: number
  readonly ended: number
  /** The daemon has given this id for a task whose outputs must be `truth`. */
  promised (id: string, truth: string): void
  /** Looks at tasks that had not ended; what is wrong is kept. */
  look (client: ControlClient): Promise<void>
  /** Looks at all of them once more: what had ended must still have ended so. */
  audit (client: ControlClient): Promise<void>
  /** One sentence for each broken promise. */
  readonly faults: readonly string[]
  unended (): string[]
}

const FINAL_EVENTS: ReadonlySet<string> = new Set(TASK_STATES.filter(isFinal))

export function createLedger (): Ledger {
  const tasks = new Map<string, Promised>()
  const open = new Set<string>()
  const faults: string[] = []

  function note (id: string, view: View): void {
    const task = tasks.get(id)
    const state = textField(view, 'state') ?? ''
    if (task === undefined || !FINAL_EVENTS.has(state.toLowerCase())) {
      if (task?.seen !== undefined) faults.push(`${id} was seen as ended (${task.seen}) and is ${state} now`)
      return
    }
    open.delete(id)
    const outputs = formatJson(viewField(view, 'outputs') ?? null)
    const seen = `${state} by ${textField(view, 'worker')}: ${outputs}`
    if (state !== 'COMPLETED') faults.push(`${id} ended as ${state}: ${formatJson(viewField(view, 'error') ?? null)}`)
    else if (outputs !== task.truth) faults.push(`${id} has a wrong result: ${outputs.slice(0, 100)} instead of ${task.truth.slice(0, 100)}`)
    if (task.seen !== undefined && task.seen !== seen) faults.push(`${id} ended twice: ${task.seen.slice(0, 200)}, then ${seen.slice(0, 200)}`)
    task.seen = seen
  }

  async function lookAt (client: ControlClient, ids: Iterable<string>): Promise<void> {
    for (const id of ids) note(id, await client.get(`/v1/tasks/${id}`))
  }

  return {
    get size () { return tasks.size },
    get ended () { return tasks.size - open.size },
    promised (id, truth) {
      tasks.set(id, { truth })
      open.add(id)
    },
    look: (client) => lookAt(client, [...open]),
    async audit (client) {
      await lookAt(client, tasks.keys())
      for (const id of tasks.keys()) {
        const events = viewsField(await client.get(`/v1/tasks/${id}/history`), 'events')
        const ends = events.filter((event) => FINAL_EVENTS.has(textField(event, 'event') ?? '')).length
        if (ends !== 1) faults.push(`${id} has ${ends} ends in its history`)
      }
    },
    faults,
    unended: () => [...open],
  }
}
