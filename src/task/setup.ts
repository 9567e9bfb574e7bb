/** What a definition gives a program besides its inputs: arguments, environment, standard input, files. */
import { MAX_NAME_CHARS, MAX_PROGRAM_ARGS, MAX_PROGRAM_VARIABLES, MAX_SETUP_BYTES } from '../limits.ts'
import { readBase64, readInputName, readRawText } from './setup-fields.ts'
import { readFiles } from './setup-files.ts'
import { isMapping } from './values.ts'
import type { InputSpec, SetupSpec } from './definition.ts'
import type { Path } from './document.ts'
import type { StandardInput } from './program.ts'
import type { Section } from './section.ts'
import type { Value } from './values.ts'

const STDIN_FIELDS = ['text', 'base64', 'input'] as const
const STDIN = 'inputs, or one of {text: ...}, {base64: ...}, {input: NAME}'

/** Each part from the first section that has it; undefined where there is none. */
export function readSetup (sections: Section[], inputs: InputSpec[]): SetupSpec | undefined {
  const holder = (key: string): Section | undefined => sections.find((section) => section.raw(key) !== undefined)
  const args = readArgs(holder('args'))
  const env = readEnv(holder('env'))
  const stdin = readStdin(holder('stdin'), inputs)
  const files = readFiles(holder('files'), inputs)
  const spec = {
    ...(args.length > 0 && { args }),
    ...(Object.keys(env).length > 0 && { env }),
    ...(stdin !== undefined && { stdin }),
    ...(files.length > 0 && { files }),
  }
  checkSize(holder('args') ?? holder('env') ?? holder('stdin'), setupBytes(spec))
  return Object.keys(spec).length === 0 ? undefined : spec
}

/** Bytes that the arguments, the environment and the standard input take. */
export function setupBytes ({ args = [], env = {}, stdin }: SetupSpec): number {
  const texts = [...args, ...Object.entries(env).flat()]
  const held = stdin?.from === 'bytes' ? stdin.bytes.length : 0
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), held)
}

/** Names of the inputs that are placed as files or as standard input, each with where. */
export function placedInputs ({ stdin, files = [] }: SetupSpec): Array<{ name: string, place: string }> {
  return [
    ...(stdin?.from === 'input' ? [{ name: stdin.name, place: 'standard input' }] : []),
    ...files.flatMap((file) => ('input' in file ? [{ name: file.input, place: `the file ${JSON.stringify(file.path)}` }] : [])),
  ]
}

function readArgs (section: Section | undefined): string[] {
  const list = section?.list('args')
  if (section === undefined || list === undefined) return []
  if (list.length > MAX_PROGRAM_ARGS) {
    section.report.found(section.at('args'), list, `at most ${MAX_PROGRAM_ARGS} arguments`)
    return []
  }
  return list.flatMap((item, index) => plainText(section, [...section.at('args'), index], item))
}

function readEnv (holder: Section | undefined): Record<string, string> {
  const value = holder?.raw('env')
  if (holder === undefined || value === undefined) return {}
  if (!isMapping(value)) {
    holder.report.found(holder.at('env'), value, 'a mapping of names to text, such as {LANG: en}')
    return {}
  }
  const entries = Object.entries(value)
  if (entries.length > MAX_PROGRAM_VARIABLES) {
    holder.report.found(holder.at('env'), value, `at most ${MAX_PROGRAM_VARIABLES} variables`)
    return {}
  }
  return Object.fromEntries(entries.flatMap(([name, item]) => {
    const path = [...holder.at('env'), name]
    if (!isVariableName(name)) holder.report.mistake(path, `found a variable named ${JSON.stringify(name.slice(0, 60))}, allowed: a name of at most ${MAX_NAME_CHARS} characters, without = and control characters`)
    return plainText(holder, path, item).map((text) => [name, text])
  }))
}

export function isVariableName (name: string): boolean {
  return name.length > 0 && name.length <= MAX_NAME_CHARS && name !== '__proto__' && !/[=\p{Cc}]/u.test(name)
}

/** Text, or a number or truth value as it is written; nothing when it is a mistake. */
function plainText (section: Section, path: Path, value: Value): string[] {
  if (typeof value === 'string' && !value.includes('\0')) return [value]
  if (typeof value === 'boolean') return [String(value)]
  if (typeof value === 'number' || typeof value === 'bigint') return [section.written(path) ?? String(value)]
  section.report.found(path, value, typeof value === 'string' ? 'text without NUL characters' : 'text or a number')
  return []
}

function readStdin (holder: Section | undefined, inputs: InputSpec[]): StandardInput | undefined {
  const value = holder?.raw('stdin')
  if (holder === undefined || value === undefined) return undefined
  if (value === 'inputs') return { from: 'inputs' }
  const section = isMapping(value) ? holder.section('stdin') : undefined
  const given = STDIN_FIELDS.filter((key) => section !== undefined && section.raw(key) !== undefined)
  const [key] = given
  if (section === undefined || key === undefined || given.length > 1) {
    holder.report.found(holder.at('stdin'), value, STDIN, typeof value === 'string' ? 'for this text write {text: ...}' : undefined)
    return undefined
  }
  section.expect(STDIN_FIELDS)
  if (key === 'input') {
    const name = readInputName(section, inputs)
    return name === undefined ? undefined : { from: 'input', name }
  }
  const bytes = key === 'text' ? readRawText(section, key) : readBase64(section, key)
  return bytes === undefined ? undefined : { from: 'bytes', bytes }
}

function checkSize (section: Section | undefined, bytes: number): void {
  if (section === undefined || bytes <= MAX_SETUP_BYTES) return
  const key = ['stdin', 'args', 'env'].find((name) => section.raw(name) !== undefined) ?? 'args'
  section.report.mistake(section.at(key), `found ${bytes} bytes in args, env and stdin together, allowed: ${MAX_SETUP_BYTES} - give larger data as a file or an input`)
}
