/** From what a user typed to what a node takes: the same for the daemon and for a command that runs its own node. */
import { parseSetOption } from '../task/set-option.ts'
import { parseJsonInputs } from '../task/json.ts'
import { parseDefinition } from '../task/parse.ts'
import type { TaskDefinition } from '../task/definition.ts'
import type { Value } from '../task/values.ts'

export interface SubmissionText {
  /** The definition, YAML or JSON. */
  definition: string
  /** How messages name it. */
  fileName?: string
  /** The inputs, one JSON object. */
  inputs?: string
  /** How messages name them. */
  inputsName?: string
  /** `name=value`, typed by the definition; these go before `inputs`. */
  set?: readonly string[]
}

export interface Submission {
  definition: TaskDefinition
  inputs: Record<string, Value>
  warnings: string[]
}

/** Rejects with ERR_DEFINITION or ERR_INPUT; each mistake is one entry of `problems`. */
export async function readSubmission ({ definition: text, fileName = 'the definition', inputs, inputsName = '--input', set = [] }: SubmissionText): Promise<Submission> {
  const { definition, warnings } = await parseDefinition(text, { fileName })
  const given: Record<string, Value> = inputs === undefined ? {} : parseJsonInputs(inputs, inputsName)
  for (const option of set) {
    const { name, value } = parseSetOption(option, definition.inputs)
    given[name] = value
  }
  return { definition, inputs: given, warnings }
}
