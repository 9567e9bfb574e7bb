/** The final task of a map: it gets the list of all outputs, as they are in JSON. */
import { CorebrumError } from '../../errors.ts'
import { MAX_CBOR_ITEMS, MAX_INPUT_BYTES } from '../../limits.ts'
import { childId } from '../../task/task-id.ts'
import type { TaskDefinition } from '../../task/definition.ts'
import { itemsIn, type Value } from '../../task/values.ts'
import type { JobEnd } from '../job-kind.ts'
import type { JobTasks } from '../ports.ts'
import { listInput, policyNow, type MapSettings } from './map-settings.ts'
import { readResultLine } from './result-line.ts'
import { readResults } from './results-reader.ts'
import type { ResultsLog } from './results-log.ts'

export interface ReduceComponents {
  /** Of the map. */
  id: string
  tasks: Pick<JobTasks, 'submit' | 'done' | 'cancel' | 'forget'>
  settings: MapSettings
  reduce: TaskDefinition
  /** All results, on disk, and all of them completed. */
  log: ResultsLog
  /** Ends it. */
  signal: AbortSignal
}

/** Runs it under the number behind the last input. Rejects with ERR_INPUT when the list is larger than an input may be, and with ERR_CANCELLED. */
export async function runReduce ({ id, tasks, settings, reduce, log, signal }: ReduceComponents): Promise<JobEnd> {
  const { definition, noCache } = settings
  const list = await listOf(log, definition.outputs.length === 1 ? definition.outputs[0]?.name : undefined, signal)
  const taskId = childId(id, log.indexes)
  const stopped = (): CorebrumError => new CorebrumError('ERR_CANCELLED', 'the map was stopped')
  if (signal.aborted) throw stopped()
  const policy = policyNow(settings, reduce)
  await tasks.submit(reduce, { [listInput(reduce)]: list }, { id: taskId, volatile: true, noCache, ...(policy === undefined ? {} : { policy }) })
  const cancel = (): void => { tasks.cancel(taskId, 'the map that it belongs to was stopped') }
  if (signal.aborted) cancel()
  signal.addEventListener('abort', cancel, { once: true })
  const { state, outputs, failure, worker, usage, logs } = await tasks.done(taskId)
  signal.removeEventListener('abort', cancel)
  tasks.forget(taskId)
  if (signal.aborted) throw stopped()
  const ran = { ...(worker === undefined ? {} : { worker }), ...(usage === undefined ? {} : { usage }), logs }
  if (state === 'completed' && outputs !== undefined) return { ok: true, outputs, ...ran }
  return { ok: false, code: failure?.code ?? 'ERR_INTERNAL', message: `the final task: ${failure?.message ?? `it ended as ${state}`}`, ...(failure === undefined ? {} : { by: failure.by }), ...ran }
}

/** The outputs in the order of the inputs; of a single one its values. */
async function listOf (log: ResultsLog, single: string | undefined, signal: AbortSignal): Promise<Value[]> {
  const list: Value[] = []
  let bytes = 0
  let items = 1
  for await (const piece of readResults(log, { ordered: true, more: () => 'no', signal })) {
    bytes += piece.length
    for (let start = 0; start < piece.length;) {
      const end = piece.indexOf(0x0a, start)
      const outputs = readResultLine(piece.toString('utf8', start, end))?.outputs
      if (outputs === undefined) throw new CorebrumError('ERR_INTERNAL', 'a result that has failed was to be reduced')
      const value = single === undefined ? outputs : outputs[single] ?? null
      items += itemsIn(value)
      list.push(value)
      start = end + 1
    }
    // What stands around the outputs is about as long as what CBOR needs less than JSON.
    if (bytes > 2 * MAX_INPUT_BYTES || items > MAX_CBOR_ITEMS) {
      throw new CorebrumError('ERR_INPUT', `the results are too much for one input of the final task: ${items > MAX_CBOR_ITEMS ? `more than ${MAX_CBOR_ITEMS} values` : `more than ${2 * MAX_INPUT_BYTES} bytes`}; reduce them in parts, by maps of fewer inputs`)
    }
  }
  if (list.length !== log.done) throw new CorebrumError('ERR_JOURNAL', `${log.path} holds ${list.length} results of ${log.done}`)
  return list
}
