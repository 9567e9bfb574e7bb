/** Labels as messages carry them: `{* tstr => tstr}`, by the rules of task/labels.ts. */
import { isLabel, type Labels } from '../task/labels.ts'
import { asRecord, asText, broken } from './shape.ts'

const MAX_CHARS = 64

/** Undefined where there are none. Throws ERR_PROTOCOL. */
export function labelsFromWire (raw: unknown, what: string, maxCount: number): Labels | undefined {
  if (raw === undefined) return undefined
  const entries = Object.entries(asRecord(raw, what))
  if (entries.length > maxCount) throw broken(what)
  const labels: Record<string, string> = {}
  for (const [key, value] of entries) {
    const text = asText(value, what, MAX_CHARS)
    if (!isLabel(key, text)) throw broken(what)
    labels[key] = text
  }
  return entries.length === 0 ? undefined : labels
}
