/** From what a user typed to what a node takes: the same for the daemon and for a command that runs its own node. */
import { LRUCache } from 'lru-cache'
import { parseSetOption } from '../task/set-option.ts'
import { parseJsonInputs } from '../task/json.ts'
import { withFileInputs, type FileInput } from '../task/file-input.ts'
import { parseDefinition, type ParsedDefinition } from '../task/parse.ts'
import type { TaskDefinition } from '../task/definition.ts'
import type { Value } from '../task/values.ts'
import { unknownOutput } from './output-bytes.ts'

/** Definitions that were read lately: scripts submit the same one again and again. */
const recent = new LRUCache<string, ParsedDefinition>({ max: 64, maxSize: 16 * 1024 * 1024, sizeCalculation: (_parsed, text) => text.length })

/** A copy of its own for each submission: what a definition object names is looked up once for that object. */
async function parsed (text: string, fileName: string): Promise<ParsedDefinition> {
  const key = `${fileName}\n${text}`
  const found = recent.get(key) ?? await parseDefinition(text, { fileName })
  recent.set(key, found)
  return { ...found, definition: { ...found.definition } }
}

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
  /** Inputs, or files for the program's root, that are given as files. */
  files?: readonly FileInput[]
  /** Outputs that go to files of their own. */
  outputFiles?: readonly string[]
}

export interface Submission {
  definition: TaskDefinition
  inputs: Record<string, Value>
  warnings: string[]
}

/** Rejects with ERR_DEFINITION, ERR_INPUT or ERR_USAGE; each mistake is one entry of `problems`. */
export async function readSubmission ({ definition: text, fileName = 'the definition', inputs, inputsName = '--input', set = [], files = [], outputFiles = [] }: SubmissionText): Promise<Submission> {
  const { definition, warnings } = await parsed(text, fileName)
  const given: Record<string, Value> = inputs === undefined ? {} : parseJsonInputs(inputs, inputsName)
  for (const option of set) {
    const { name, value } = parseSetOption(option, definition.inputs)
    given[name] = value
  }
  const names = definition.outputs.map(({ name }) => name)
  for (const name of outputFiles) if (!names.includes(name)) throw unknownOutput(name, names)
  return { ...withFileInputs(definition, given, files), warnings }
}
