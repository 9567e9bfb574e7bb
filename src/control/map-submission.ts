/** From what a user typed to a map: the same for the daemon and for a command that runs its own node. */
import { CorebrumError } from '../errors.ts'
import type { MapRequest } from '../jobs/map/maps.ts'
import type { MapStatus } from '../jobs/map/map-status.ts'
import { bindInputs, declareInputs } from '../task/bind.ts'
import { isPipeline, type TaskDefinition, type TaskPolicy } from '../task/definition.ts'
import { parseJsonInputs } from '../task/json.ts'
import { quoted, type Value } from '../task/values.ts'
import { readSubmission, type SubmissionText } from './submission.ts'
import { compact, type View } from './views.ts'

export interface MapSubmissionText extends Pick<SubmissionText, 'definition' | 'fileName' | 'baseDir' | 'inputs' | 'inputsName' | 'set'> {
  /** Of the final task. */
  reduce?: Pick<SubmissionText, 'definition' | 'fileName' | 'baseDir'>
  failFast?: boolean
  noCache?: boolean
  policy?: Partial<TaskPolicy>
}

/** Rejects with ERR_DEFINITION, ERR_INPUT or ERR_USAGE; each mistake is one entry of `problems`. */
export async function readMapSubmission ({ reduce, failFast, noCache, policy, ...text }: MapSubmissionText): Promise<{ request: MapRequest, warnings: string[] }> {
  const each = await readSubmission(text)
  const final = reduce === undefined ? undefined : await readSubmission(reduce)
  const request: MapRequest = {
    definition: single(each.definition),
    baseDir: text.baseDir ?? '',
    common: each.inputs,
    ...(final === undefined ? {} : { reduce: single(final.definition), reduceBaseDir: reduce?.baseDir ?? '' }),
    ...(failFast === undefined ? {} : { failFast }),
    ...(noCache === undefined ? {} : { noCache }),
    ...(policy === undefined ? {} : { policy }),
  }
  return { request, warnings: [...each.warnings, ...final?.warnings ?? []] }
}

/**
 * Looks at inputs of a map before there is one; `where` names each. Rejects with ERR_INPUT when no task could take one of them, and as
 * `readMapSubmission` of the definition.
 */
export async function checkMapInputs (text: MapSubmissionText, samples: ReadonlyArray<{ text: string, where: string }>): Promise<void> {
  const { definition, inputs } = await readSubmission(text)
  const task = single(definition)
  for (const { text: line, where } of samples) {
    const given = { ...inputs, ...parseJsonInputs(line, `--map: ${where}`) }
    try {
      await bindInputs(declareInputs(task, given), given)
    } catch (cause) {
      if (!(cause instanceof CorebrumError) || cause.code !== 'ERR_INPUT') throw cause
      throw new CorebrumError('ERR_INPUT', `--map: ${where}: ${cause.message}`, { cause, problems: cause.problems })
    }
  }
}

/** The input that the numbers of a range are for. Rejects as `readMapSubmission`, and with ERR_USAGE when it is not clear which. */
export async function rangeInput (text: MapSubmissionText): Promise<string> {
  const { definition, inputs } = await readSubmission(text)
  const integers = definition.inputs.filter(({ name, type }) => type === 'integer' && !Object.hasOwn(inputs, name)).map(({ name }) => name)
  const [only] = integers
  if (only !== undefined && integers.length === 1) return only
  const found = integers.length === 0 ? 'no input of type integer that is open' : `several integer inputs: ${integers.join(', ')}`
  throw new CorebrumError('ERR_USAGE', `--map: ${quoted(definition.name)} has ${found}; name the input, as in --map number=1..1000`)
}

export function mapView ({ id, name, state, items, total, done, failed, message, code, reduced, outputs }: MapStatus): View {
  return compact({ id, name, state, items, total, done, failed, message, code, reduced, outputs: outputs as Value | undefined })
}

function single (definition: Awaited<ReturnType<typeof readSubmission>>['definition']): TaskDefinition {
  if (!isPipeline(definition)) return definition
  throw new CorebrumError('ERR_USAGE', `${quoted(definition.name)} is a pipeline; a map runs one task for each input, and one at its end: give it the definition of a task`)
}
