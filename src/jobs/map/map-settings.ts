/** What a map is: the task that runs for each input, and how. As it is given, and as its folder keeps it. */
import { CorebrumError } from '../../errors.ts'
import { MAX_NAME_CHARS } from '../../limits.ts'
import type { TaskDefinition, TaskPolicy } from '../../task/definition.ts'
import type { Value } from '../../task/values.ts'
import { quoted } from '../../task/values.ts'
import { asBoolean, asInteger, asRecord, asText, broken, uint } from '../../wire/shape.ts'
import { optional, policyFromSaved, taskFromSaved, taskToSaved, valuesFromSaved } from '../saved-definition.ts'

export interface MapSettings {
  readonly name: string
  readonly createdAtMs: number
  /** Of one input; its module and files are named by CID. */
  readonly definition: TaskDefinition
  /** Inputs that all have in common; those of a line go before them. */
  readonly common: Record<string, Value>
  /** Gets the list of all outputs. */
  readonly reduce: TaskDefinition | undefined
  /** The first failure ends the map. */
  readonly failFast: boolean
  /** Of each of its tasks; but the deadline is that of the whole. */
  readonly policy: Partial<TaskPolicy> | undefined
  readonly noCache: boolean
}

const VERSION = 1

/** When the whole map has to be done, Unix milliseconds: from when it was submitted, whoever goes on with it. */
export function deadlineAtMs ({ createdAtMs, policy }: Pick<MapSettings, 'createdAtMs' | 'policy'>): number | undefined {
  return policy?.deadlineMs === undefined ? undefined : createdAtMs + policy.deadlineMs
}

/** Of one of the map's tasks that is begun now: it has what is left of the time of the whole, and no more than its definition gives it. */
export function policyNow (settings: Pick<MapSettings, 'createdAtMs' | 'policy'>, { deadlineMs: definedMs }: TaskDefinition): Partial<TaskPolicy> | undefined {
  const { policy } = settings
  const atMs = deadlineAtMs(settings)
  if (policy?.deadlineMs === undefined || atMs === undefined) return policy
  const leftMs = Math.min(policy.deadlineMs, Math.max(1, atMs - Date.now()))
  return { ...policy, deadlineMs: Math.min(leftMs, definedMs ?? leftMs) }
}

export function settingsToSaved ({ name, createdAtMs, definition, common, reduce, failFast, policy, noCache }: MapSettings): unknown {
  return {
    v: VERSION,
    name,
    at: uint(createdAtMs),
    definition: taskToSaved(definition),
    common,
    ...(reduce === undefined ? {} : { reduce: taskToSaved(reduce) }),
    failFast,
    ...(policy === undefined ? {} : { policy: JSON.parse(JSON.stringify(policy)) as unknown }),
    noCache,
  }
}

/** Throws ERR_PROTOCOL for anything that `settingsToSaved` did not make. */
export function settingsFromSaved (raw: unknown): MapSettings {
  const saved = asRecord(raw, 'a map')
  if (saved.v !== VERSION) throw broken('a map of this version')
  return {
    name: asText(saved.name, 'map.name', MAX_NAME_CHARS),
    createdAtMs: asInteger(saved.at, 'map.at', 0, Number.MAX_SAFE_INTEGER),
    definition: taskFromSaved(saved.definition),
    common: valuesFromSaved(saved.common, 'map.common'),
    reduce: undefined,
    ...optional('reduce', saved.reduce, taskFromSaved),
    failFast: asBoolean(saved.failFast, 'map.failFast'),
    policy: undefined,
    ...optional('policy', saved.policy, policyFromSaved),
    noCache: asBoolean(saved.noCache, 'map.noCache'),
  }
}

/** Throws ERR_DEFINITION for a task that would be a job itself: one whose items are repeated or compared. */
export function requirePlain ({ name, schedule, agreement }: TaskDefinition): void {
  const found = schedule !== undefined ? 'a time_interval' : agreement !== undefined && agreement.replicas > 1 ? `${agreement.replicas} replicas` : undefined
  if (found !== undefined) throw new CorebrumError('ERR_DEFINITION', `found ${found} in ${quoted(name)}, allowed in a map: a task that runs once for each input - take that out of the definition`)
}

/** The input of the final task that gets the list. Throws ERR_DEFINITION when it is not clear which. */
export function listInput ({ name, inputs }: TaskDefinition): string {
  const lists = inputs.filter(({ type }) => type === 'array' || type === 'json')
  const [first] = lists
  if (first !== undefined && lists.length === 1) return first.name
  throw new CorebrumError('ERR_DEFINITION', `${quoted(name)} cannot take the results of a map: it has ${lists.length} inputs of type array or json, and must have one`)
}
