/** From what a user typed to what a node takes: the same for the daemon and for a command that runs its own node. */
import { LRUCache } from 'lru-cache'
import { CorebrumError } from '../errors.ts'
import { MAX_DEFINITION_BYTES } from '../limits.ts'
import { DATA_FILE, readUserFile } from '../modules/local-file.ts'
import { parseSetOption } from '../task/set-option.ts'
import { parseJsonInputs } from '../task/json.ts'
import { withFileInputs, type FileInput } from '../task/file-input.ts'
import { withAgreement } from '../task/agreement.ts'
import { parseDefinition, type ParsedDefinition } from '../task/parse.ts'
import { isPipeline, type AnyDefinition } from '../task/definition.ts'
import { utf8Text } from '../task/utf8.ts'
import type { Value } from '../task/values.ts'
import { unknownOutput } from './output-bytes.ts'

/** Definitions that were read lately: scripts submit the same one again and again. */
const recent = new LRUCache<string, ParsedDefinition>({ max: 64, maxSize: 16 * 1024 * 1024, sizeCalculation: (_parsed, text) => text.length })

/** A copy of its own for each submission: what a definition object names is looked up once for that object. */
async function parsed (text: string, fileName: string, baseDir: string | undefined): Promise<ParsedDefinition> {
  const key = `${fileName}\n${text}`
  let found = recent.get(key)
  if (found === undefined) {
    let alone = true
    const readFile = async (path: string): Promise<string> => {
      alone = false
      return await readStepFile(baseDir ?? '', path)
    }
    found = await parseDefinition(text, { fileName, ...(baseDir === undefined ? {} : { readFile }) })
    // What other files say may be another thing next time.
    if (alone) recent.set(key, found)
  }
  return { ...found, definition: { ...found.definition } }
}

/** The definition of a step that stands in a file of its own, in the folder of the whole or below it. */
async function readStepFile (baseDir: string, path: string): Promise<string> {
  const { bytes } = await readUserFile(baseDir, path, MAX_DEFINITION_BYTES, { kind: { ...DATA_FILE, name: 'definition' } })
  const text = utf8Text(bytes)
  if (text === undefined) throw new CorebrumError('ERR_DEFINITION', `${path} is not UTF-8 text`)
  return text
}

export interface SubmissionText {
  /** The definition, YAML or JSON. */
  definition: string
  /** How messages name it. */
  fileName?: string
  /** Absolute; the folder of other files that the definition names. Absent: it can name none. */
  baseDir?: string | undefined
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
  /** On how many peers it runs, and how many must agree; these go before what the definition says. */
  replicas?: number
  quorum?: number
}

export interface Submission {
  definition: AnyDefinition
  inputs: Record<string, Value>
  warnings: string[]
}

/** Rejects with ERR_DEFINITION, ERR_INPUT or ERR_USAGE; each mistake is one entry of `problems`. */
export async function readSubmission ({ definition: text, fileName = 'the definition', baseDir, inputs, inputsName = '--input', set = [], files = [], outputFiles = [], replicas, quorum }: SubmissionText): Promise<Submission> {
  const { definition: written, warnings } = await parsed(text, fileName, baseDir)
  const definition = withAgreement(written, { replicas, quorum })
  const given: Record<string, Value> = inputs === undefined ? {} : parseJsonInputs(inputs, inputsName)
  for (const option of set) {
    const { name, value } = parseSetOption(option, definition.inputs)
    given[name] = value
  }
  const names = (isPipeline(definition) ? definition.steps.flatMap(({ task }) => task.outputs) : definition.outputs).map(({ name }) => name)
  for (const name of outputFiles) if (!names.includes(name)) throw unknownOutput(name, names)
  return { ...withFileInputs(definition, given, files), warnings }
}
