/**
 * Where and when a task may run, as offers and leases carry it; absent where nothing was said of it.
 *
 *   placement = [priority: int, require: {* tstr => tstr}, on: tstr]     ; `on` is empty where any worker may run it
 */
import { MAX_PRIORITY, MAX_REQUIRED_LABELS } from '../limits.ts'
import type { Placement } from '../task/policy.ts'
import { labelsFromWire } from './labels.ts'
import { asArray, asInteger, asText } from './shape.ts'

const MAX_PEER_CHARS = 128

/** As items behind those that a message has anyway; none for a placement of which nothing was said. */
export function placementToWire ({ priority, require, on }: Placement): unknown[] | undefined {
  return priority === 0 && require === undefined && on === undefined ? undefined : [priority, require ?? {}, on ?? '']
}

/** Undefined where it is absent. Throws ERR_PROTOCOL. */
export function placementFromWire (raw: unknown, what: string): Placement | undefined {
  if (raw === undefined || raw === null) return undefined
  const f = asArray(raw, what, 3)
  const priority = asInteger(f[0], `${what}.priority`, -MAX_PRIORITY, MAX_PRIORITY)
  const require = labelsFromWire(f[1], `${what}.require`, MAX_REQUIRED_LABELS)
  const on = asText(f[2], `${what}.on`, MAX_PEER_CHARS)
  return { priority, ...(require !== undefined && { require }), ...(on !== '' && { on }) }
}
