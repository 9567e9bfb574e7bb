/** How a map ends: what its record says of all results together. */
import { ERRORS, toCorebrumError, type ErrorCode } from '../../errors.ts'
import { durationText } from '../../task/duration.ts'
import { isFinal, type TaskRecord } from '../../task/state.ts'
import type { JobEnd } from '../job-kind.ts'
import type { MapFolder, MapState } from './map-folder.ts'
import type { MapSettings } from './map-settings.ts'
import { runReduce, type ReduceComponents } from './reduce.ts'
import { readResultLine } from './result-line.ts'
import { readResults } from './results-reader.ts'
import type { ResultsLog } from './results-log.ts'

/** Errors of this node: the map can go on when they are gone. */
const PASSING: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['ERR_STORE', 'ERR_JOURNAL', 'ERR_QUEUE_FULL', 'ERR_CANCELLED'])

/** Of a map all of whose inputs have a result. Rejects where it could end otherwise at another time. */
export async function outcomeOf (components: Omit<ReduceComponents, 'reduce'>): Promise<JobEnd> {
  const { log, settings: { reduce } } = components
  await log.flush()
  if (log.firstFailed !== undefined) return await failureOf(log, log.firstFailed)
  if (reduce === undefined) return { ok: true, outputs: { total: log.done } }
  return await runReduce({ ...components, reduce }).catch((thrown: unknown): JobEnd => {
    const { code, message } = toCorebrumError(thrown)
    if (PASSING.has(code)) throw thrown
    return { ok: false, code, message }
  })
}

/** Of a map in which the input `index`, and maybe others, failed. */
export async function failureOf (log: ResultsLog, index: number): Promise<JobEnd> {
  await log.flush()
  let text: string | undefined
  for await (const piece of readResults(log, { ordered: true, from: index, more: () => 'paused' })) {
    text = piece.toString('utf8', 0, piece.indexOf(0x0a))
    break
  }
  const error = text === undefined ? undefined : readResultLine(text)?.error
  const failed = log.failed === 1 ? 'one' : String(log.failed)
  return { ok: false, code: asCode(error?.code), message: `${failed} of ${log.done} inputs failed; the first is input ${index}: ${error?.message ?? 'unknown'}` }
}

/** Of a map that was not done by its deadline. */
export function lateEnd ({ policy }: Pick<MapSettings, 'policy'>): JobEnd {
  return { ok: false, code: 'ERR_DEADLINE', message: `the map had not ended ${durationText(policy?.deadlineMs ?? 0)} after it was submitted` }
}

/** Of a map that had ended before. */
export function endOfState ({ state, code = 'ERR_CANCELLED', message = 'the map was cancelled', outputs = {} }: MapState): JobEnd {
  return state === 'completed' ? { ok: true, outputs } : { ok: false, code, message }
}

/**
 * Writes down the end of a map that its folder takes for open: it came while another process had the folder, or could not be
 * written. Rejects with ERR_JOURNAL.
 */
export async function conclude (folder: MapFolder, known: Promise<TaskRecord | undefined>): Promise<void> {
  try {
    const record = await known
    const { state } = folder
    if (record === undefined || !isFinal(record.state) || (state.state !== 'open' && state.state !== 'paused')) return
    const { failure, outputs = {} } = record
    if (failure === undefined) await folder.setState({ ...state, state: 'completed', outputs })
    else await folder.setState({ ...state, state: failure.code === 'ERR_CANCELLED' ? 'cancelled' : 'failed', code: failure.code, message: failure.message })
  } catch (error) {
    await folder.unlock()
    throw error
  }
}

export function stateOfEnd (end: JobEnd): MapState {
  return end.ok ? { state: 'completed', outputs: end.outputs } : { state: 'failed', code: end.code, message: end.message }
}

function asCode (code: string | undefined): ErrorCode {
  return code !== undefined && Object.hasOwn(ERRORS, code) ? code as ErrorCode : 'ERR_INTERNAL' // it is a key of the table
}
