/** Results of a map as lines of JSON: `{"index":n,"outputs":{…}}` or `{"index":n,"error":{"code":…,"message":…}}`. */
import type { ErrorCode } from '../../errors.ts'
import { MAX_MAP_RESULT_BYTES } from '../limits.ts'
import { formatJson, parseJsonValue } from '../../task/json.ts'
import type { TaskRecord } from '../../task/state.ts'
import { fieldOf, isMapping, type Value } from '../../task/values.ts'

export interface ResultLine {
  failed: boolean
  /** With its newline. */
  line: string
}

/** Of a task that has ended. */
export function lineOfRecord (index: number, { state, outputs, failure }: TaskRecord): ResultLine {
  if (state !== 'completed' || outputs === undefined) return lineOfError(index, failure?.code ?? 'ERR_INTERNAL', failure?.message ?? `the task ended as ${state} without a reason`)
  const line = `{"index":${index},"outputs":${formatJson(outputs)}}\n`
  // A character of JSON has at most three bytes.
  if (line.length * 3 <= MAX_MAP_RESULT_BYTES || Buffer.byteLength(line) <= MAX_MAP_RESULT_BYTES) return { failed: false, line }
  return lineOfError(index, 'ERR_OUTPUT_LIMIT', `the outputs have more than ${MAX_MAP_RESULT_BYTES} bytes as JSON, as many as a result of a map may have`)
}

export function lineOfError (index: number, code: ErrorCode, message: string): ResultLine {
  return { failed: true, line: `${formatJson({ index, error: { code, message } })}\n` }
}

/** What a line says; undefined when it is no such line. */
export function readResultLine (line: string): { outputs?: Record<string, Value>, error?: { code: string, message: string } } | undefined {
  const value = parseJsonValue(line, 'a result', { maxChars: MAX_MAP_RESULT_BYTES })
  if (!isMapping(value)) return undefined
  const outputs = fieldOf(value, 'outputs')
  if (isMapping(outputs)) return { outputs }
  const error = fieldOf(value, 'error')
  if (!isMapping(error) || typeof error.code !== 'string' || typeof error.message !== 'string') return undefined
  return { error: { code: error.code, message: error.message } }
}
