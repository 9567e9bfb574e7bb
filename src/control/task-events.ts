/** The life of a submitted task as lines of JSON (NDJSON): `accepted` first, then `task` for each change of state. */
import { Readable } from 'node:stream'
import type { TaskHandle } from '../node.ts'
import { formatJson } from '../task/json.ts'
import type { Value } from '../task/values.ts'
import { taskView } from './views.ts'

export function eventStream (handle: TaskHandle, warnings: string[]): Readable {
  const gone = new AbortController()
  const stream = Readable.from(lines(handle, warnings, gone.signal), { objectMode: false })
  // Without this, a client that went away would leave a reader waiting until its task ends.
  stream.once('close', () => { gone.abort() })
  return stream
}

async function * lines (handle: TaskHandle, warnings: string[], signal: AbortSignal): AsyncGenerator<string> {
  yield line({ type: 'accepted', id: handle.id, warnings })
  for await (const record of handle.events({ signal })) yield line({ type: 'task', task: taskView(record) })
}

function line (value: Value): string {
  return `${formatJson(value)}\n`
}
