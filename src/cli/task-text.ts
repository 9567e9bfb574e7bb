/** Tasks as text. */
import { numberField, textField, viewField, viewsField } from '../control/fields.ts'
import type { View } from '../control/views.ts'
import type { ErrorCode } from '../errors.ts'
import { formatJson } from '../task/json.ts'
import type { Value } from '../task/values.ts'
import { plainText } from './plain-text.ts'
import { bytes } from './table.ts'

const SHORT_PEER = 8

/** The end of a peer id tells peers apart; the beginning is the same for all of them. */
export function shortPeer (peer: string | undefined): string {
  if (peer === undefined) return '-'
  return peer.length <= SHORT_PEER ? peer : `…${peer.slice(-SHORT_PEER)}`
}

/** A PeerId of an Ed25519 key, in base58. */
const PEER_ID = /\b12D3KooW[1-9A-HJ-NP-Za-km-z]{44}\b/g

/** Text of others for a terminal, with the peer ids in it as short as elsewhere. */
export function peopleText (text: string | undefined): string {
  return plainText(text ?? '').replace(PEER_ID, shortPeer)
}

/** `RUNNING on …k3VbQ9xz`, `COMPLETED on …k3VbQ9xz in 0.012 s`. */
export function stateLine (task: View): string {
  const worker = textField(task, 'worker')
  const timings = viewField(task, 'timings')
  const totalMs = timings === undefined ? undefined : numberField(timings, 'totalMs')
  return [
    `${textField(task, 'state') ?? 'UNKNOWN'}${jobText(task)}`,
    ...(worker === undefined ? [] : [`on ${shortPeer(worker)}`]),
    ...(totalMs === undefined ? [] : [`in ${(totalMs / 1000).toFixed(3)} s`]),
    ...reuseOf(task),
  ].join(' ')
}

/** That it was not run, and what was. */
function reuseOf (task: View): string[] {
  const reusedFrom = textField(task, 'reusedFrom')
  return reusedFrom === undefined ? [] : [`(reused the result of task ${reusedFrom}, run by ${shortPeer(textField(task, 'worker'))})`]
}

/** Of a task that is made of others: `, 2 of 3 done, 1 failed`. */
function jobText (task: View): string {
  const job = viewField(task, 'job')
  const done = job === undefined ? undefined : numberField(job, 'done')
  if (job === undefined || done === undefined) return ''
  const total = numberField(job, 'total')
  const failed = numberField(job, 'failed') ?? 0
  return `, ${total === undefined ? done : `${done} of ${total}`} done${failed === 0 ? '' : `, ${failed} failed`}`
}

/** `ran 0.8 ms (cpu 0.7 ms), memory 1.1 MiB, module 34 KiB, fuel 12345`; nothing where it is not known, or nothing ran. */
export function usageLine (task: View): string[] {
  const usage = viewField(task, 'usage')
  // That of a reused result is of a run that was shown when it was made.
  if (usage === undefined || textField(task, 'reusedFrom') !== undefined) return []
  const part = (key: string, text: (value: number) => string): string[] => {
    const value = numberField(usage, key)
    return value === undefined ? [] : [text(value)]
  }
  const cpu = part('cpuMs', (ms) => ` (cpu ${ms} ms)`).join('')
  const parts = [
    ...part('wallMs', (ms) => `ran ${ms} ms${cpu}`),
    ...part('memoryBytes', (count) => `memory ${bytes(count)}`),
    ...part('moduleBytes', (count) => `module ${bytes(count)}`),
    ...part('fileBytes', (count) => count === 0 ? '' : `files ${bytes(count)}`),
    ...part('fuel', (fuel) => `fuel ${fuel}`),
  ]
  return [parts.filter((text) => text !== '').join(', ')]
}

/** What a task ends with that was run, and not refused. */
const OF_RUNS: ReadonlySet<string> = new Set<ErrorCode>([
  'ERR_VALUE_RANGE', 'ERR_TRAP', 'ERR_STACK_OVERFLOW', 'ERR_MEMORY_LIMIT', 'ERR_TABLE_LIMIT', 'ERR_TIME_LIMIT', 'ERR_OUTPUT_LIMIT', 'ERR_RESULT_TYPE',
  'ERR_EXIT_CODE', 'ERR_POINTER', 'ERR_SANDBOX_CRASHED', 'ERR_FUEL_LIMIT', 'ERR_NETWORK_REFUSED',
])

/** Why workers did not take the task, or failed with it, one line for each. */
export function declineLines (task: View): string[] {
  return viewsField(task, 'declines').map((decline) => {
    const peer = shortPeer(textField(decline, 'peer'))
    const reason = peopleText(textField(decline, 'reason'))
    return OF_RUNS.has(textField(decline, 'code') ?? '') ? `failed on ${peer}, tried again: ${reason}` : `${peer} did not do it: ${reason}`
  })
}

/** The bare outputs, one JSON object on one line. */
export function outputsOf (task: View): string {
  return formatJson(viewField(task, 'outputs') ?? {})
}

/** The values alone: one value as it is, several as `name: value` lines. Text stands without quotes. */
export function outputsAsText (task: View): string {
  const entries = Object.entries(viewField(task, 'outputs') ?? {})
  const plain = (value: Value): string => typeof value === 'string' ? value : formatJson(value)
  const [only] = entries
  if (entries.length === 1 && only !== undefined) return plain(only[1])
  return entries.map(([name, value]) => `${name}: ${plain(value)}`).join('\n')
}
