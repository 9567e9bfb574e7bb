/** Tasks as text. */
import { numberField, textField, viewField } from '../control/fields.ts'
import type { View } from '../control/views.ts'
import { formatJson } from '../task/json.ts'
import type { Value } from '../task/values.ts'

const SHORT_PEER = 8

/** The end of a peer id tells peers apart; the beginning is the same for all of them. */
export function shortPeer (peer: string | undefined): string {
  if (peer === undefined) return '-'
  return peer.length <= SHORT_PEER ? peer : `…${peer.slice(-SHORT_PEER)}`
}

/** `RUNNING on …k3VbQ9xz`, `COMPLETED on …k3VbQ9xz in 0.012 s`. */
export function stateLine (task: View): string {
  const worker = textField(task, 'worker')
  const timings = viewField(task, 'timings')
  const totalMs = timings === undefined ? undefined : numberField(timings, 'totalMs')
  return [
    textField(task, 'state') ?? 'UNKNOWN',
    ...(worker === undefined ? [] : [`on ${shortPeer(worker)}`]),
    ...(totalMs === undefined ? [] : [`in ${(totalMs / 1000).toFixed(3)} s`]),
  ].join(' ')
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
