/**
 * How a task is placed and tried: `priority`, `retries`, `deadline`, `require` and `on` of a definition, at its root or in a
 * mapping `policy`; a command line gives the same as flags, which go first.
 */
import { MAX_DEADLINE_MS, MAX_PRIORITY, MAX_REQUIRED_LABELS, MAX_RETRIES } from '../limits.ts'
import { DURATION_RULE, parseDuration } from './duration.ts'
import { isLabel, LABEL_RULE, labelValue, type Labels } from './labels.ts'
import { describe, isMapping, type Value } from './values.ts'
import type { TaskDefinition, TaskPolicy } from './definition.ts'
import type { Section } from './section.ts'

export const POLICY_FIELDS = ['priority', 'retries', 'deadline', 'require', 'on'] as const
type PolicyField = typeof POLICY_FIELDS[number]
/** As a definition holds it. */
export type DefinedPolicy = Pick<TaskDefinition, 'priority' | 'retries' | 'deadlineMs' | 'require' | 'on'>

/** A PeerId, or a part of one: letters and digits of base 58. */
export const PEER_NAME = /^[1-9A-HJ-NP-Za-km-z]{4,128}$/

/** What each field may hold, for messages. */
export const POLICY_RULES: Readonly<Record<PolicyField, string>> = {
  priority: `an integer from -${MAX_PRIORITY} to ${MAX_PRIORITY}; higher runs first`,
  retries: `a whole number from 0 to ${MAX_RETRIES}: how often it is run again after it failed itself`,
  deadline: `${DURATION_RULE}, up to ${MAX_DEADLINE_MS / 86_400_000}d from when it is submitted`,
  require: `a mapping of up to ${MAX_REQUIRED_LABELS} labels, ${LABEL_RULE}`,
  on: 'the PeerId of a node, or a beginning or an end of it that only one node has; see `corebrum workers`',
}

/** What determines which worker may take a task, and when: tasks of one program that agree in it are one batch. */
export type Placement = Pick<TaskPolicy, 'priority' | 'require' | 'on'>

/** Empty for a task of which nothing was said; else a text that equal placements share. */
export function placementKey ({ priority, require, on }: Placement): string {
  if (priority === 0 && require === undefined && on === undefined) return ''
  const labels = require === undefined ? [] : Object.entries(require).sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify([priority, on ?? null, ...labels.flat()])
}

export function isPriority (value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= MAX_PRIORITY
}

export function isRetries (value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_RETRIES
}

/** Milliseconds; undefined for what is no deadline. */
export function deadlineOf (value: unknown): number | undefined {
  const ms = parseDuration(value)
  return ms !== undefined && ms <= MAX_DEADLINE_MS ? ms : undefined
}

export function isPeerName (value: unknown): value is string {
  return typeof value === 'string' && PEER_NAME.test(value)
}

/** The policy of a definition, only with what it says; every mistake is in the report. */
export function readPolicy (root: Section): DefinedPolicy {
  const inner = root.section('policy')
  inner?.expect(POLICY_FIELDS)
  const sections = inner === undefined ? [root] : [root, inner]
  if (inner !== undefined) refuseTwice(root, inner)
  const read = <T>(field: PolicyField, convert: (value: Value, section: Section) => T | undefined): T | undefined => {
    const section = sections.find((holder) => holder.raw(field) !== undefined)
    const value = section?.raw(field)
    if (section === undefined || value === undefined) return undefined
    const before = section.report.mistakes
    const converted = convert(value, section)
    if (converted === undefined && section.report.mistakes === before) section.report.found(section.at(field), value, POLICY_RULES[field])
    return converted
  }
  const retries = read('retries', (value) => isRetries(value) ? value : undefined)
  const deadlineMs = read('deadline', deadlineOf)
  const require = nonEmpty(read('require', readRequire))
  const on = read('on', (value) => isPeerName(value) ? value : undefined)
  return {
    priority: read('priority', (value) => isPriority(value) ? value : undefined) ?? 0,
    ...(retries !== undefined && { retries }),
    ...(deadlineMs !== undefined && { deadlineMs }),
    ...(require !== undefined && { require }),
    ...(on !== undefined && { on }),
  }
}

function refuseTwice (root: Section, inner: Section): void {
  for (const field of POLICY_FIELDS) {
    if (root.raw(field) !== undefined && inner.raw(field) !== undefined) {
      inner.report.mistake(inner.at(field), `found it at the root of the definition too, allowed: one place - remove one of them`)
    }
  }
}

/** Labels that are wrong are reported and left out; undefined where the value is no mapping. */
function readRequire (value: Value, section: Section): Labels | undefined {
  const at = section.at('require')
  if (!isMapping(value)) return undefined
  const entries = Object.entries(value)
  if (entries.length > MAX_REQUIRED_LABELS) section.report.mistake(at, `found ${entries.length} labels, allowed: at most ${MAX_REQUIRED_LABELS}`)
  const labels: Record<string, string> = {}
  for (const [key, item] of entries.slice(0, MAX_REQUIRED_LABELS)) {
    const text = labelValue(item)
    if (text !== undefined && isLabel(key, text)) labels[key] = text
    else section.report.mistake([...at, key], `found ${describe(item)}, allowed: ${LABEL_RULE}`)
  }
  return labels
}

/** What requires nothing is as what is not there. */
function nonEmpty (labels: Labels | undefined): Labels | undefined {
  return labels === undefined || Object.keys(labels).length === 0 ? undefined : labels
}
