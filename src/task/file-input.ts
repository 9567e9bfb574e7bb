/** `--file-input name=path`: a file's content as one input, or as a file in the program's root. */
import { CorebrumError } from '../errors.ts'
import { MAX_PROGRAM_FILES } from '../limits.ts'
import { filePathFault, pathConflict, relativePath } from './file-path.ts'
import { parseJsonValue } from './json.ts'
import { closest } from './suggest.ts'
import { utf8Text } from './utf8.ts'
import { fit, quoted } from './values.ts'
import { isPipeline, type AnyDefinition, type FileSource, type InputSpec, type TaskDefinition } from './definition.ts'
import type { Mapping, Value } from './values.ts'

export interface FileInput {
  /** An input of the definition, or else a path in the program's root. */
  name: string
  bytes: Uint8Array
}

/**
 * The definition and the inputs with the files in their places. Throws ERR_INPUT where one has none: an input that is given
 * already or takes no file, or a path in a task without files.
 */
export function withFileInputs (definition: AnyDefinition, given: Mapping, files: readonly FileInput[]): { definition: AnyDefinition, inputs: Mapping } {
  const inputs = { ...given }
  const placed: FileInput[] = []
  // What JSON makes of a Buffer is no value.
  for (const file of files.map(({ name, bytes }) => ({ name, bytes: new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length) }))) {
    const input = definition.inputs.find(({ name }) => name === file.name)
    if (input === undefined) placed.push(file)
    else if (Object.hasOwn(inputs, file.name)) throw refusal(file, 'the input is given twice, allowed: once - leave out one of --file-input, --set and --input')
    else inputs[file.name] = inputOf(input, file)
  }
  return { definition: placed.length === 0 ? definition : withFiles(definition, placed), inputs }
}

function inputOf ({ type }: InputSpec, file: FileInput): Value {
  const { name, bytes } = file
  switch (type) {
    case 'bytes': return bytes
    case 'string': return textOf(file)
    case 'array': case 'object': case 'json': {
      const fitting = fit(parseJsonValue(textOf(file), `--file-input ${name}`), type)
      if (fitting.ok) return fitting.value
      throw refusal(file, fitting.problem)
    }
    default: throw refusal(file, `the input is of type ${type}, which takes no file - use --set ${name}=VALUE`)
  }
}

function textOf (file: FileInput): string {
  const text = utf8Text(file.bytes)
  if (text === undefined) throw refusal(file, 'the file is not UTF-8 text - declare the input as bytes')
  return text
}

/** A file takes the place of one that the definition has at the same path. */
function withFiles (definition: AnyDefinition, added: FileInput[]): TaskDefinition {
  const [first] = added
  if (isPipeline(definition)) throw refusal(first ?? { name: '', bytes: new Uint8Array(0) }, `not an input of this pipeline, allowed: ${definition.inputs.map(({ name }) => name).join(', ') || 'none'} - files are placed by its steps`)
  const { grants, setup } = definition
  if (!grants.fileSystem && first !== undefined) {
    const names = definition.inputs.map(({ name }) => name)
    const meant = closest(first.name, names)
    const known = names.length === 0 ? 'the task declares no inputs' : `its inputs are ${names.join(', ')}`
    const advice = meant === undefined ? 'to place it as a file, set allow_file_system: true in the definition' : `did you mean ${quoted(meant)}?`
    throw refusal(first, `not an input of this task, ${known}, and it has no files - ${advice}`)
  }
  const files = added.map((file): FileSource => ({ path: pathOf(file), bytes: file.bytes }))
  const paths = new Set(files.map(({ path }) => path))
  const all = [...(setup?.files ?? []).filter(({ path }) => !paths.has(path)), ...files]
  if (all.length > MAX_PROGRAM_FILES) throw new CorebrumError('ERR_INPUT', `--file-input: the task has ${all.length} files, allowed: ${MAX_PROGRAM_FILES}`)
  const conflict = pathConflict(all.map(({ path }) => path))
  if (conflict !== undefined) throw new CorebrumError('ERR_INPUT', `--file-input: ${quoted(all[conflict.index]?.path ?? '')} is ${conflict.problem}`)
  return { ...definition, setup: { ...setup, files: all } }
}

function pathOf (file: FileInput): string {
  const path = relativePath(file.name)
  const fault = filePathFault(path)
  if (fault !== undefined) throw refusal(file, `found ${fault}`)
  return path
}

function refusal ({ name }: FileInput, problem: string): CorebrumError {
  const text = `--file-input ${quoted(name)}: ${problem}`
  return new CorebrumError('ERR_INPUT', text, { problems: [text] })
}
