/** `files:` of a definition: what lies in the program's root when it starts. And `file:` of an output: what lies there at its end. */
import { MAX_NAME_CHARS, MAX_PROGRAM_FILES, MAX_WASI_PATH_BYTES } from '../limits.ts'
import { filePathFault, pathConflict, relativePath } from './file-path.ts'
import { readCid } from './module-cid.ts'
import { readBase64, readInputName, readRawText } from './setup-fields.ts'
import { isMapping } from './values.ts'
import type { FileSource, InputSpec } from './definition.ts'
import type { Path } from './document.ts'
import type { Report } from './report.ts'
import type { Section } from './section.ts'

const SOURCES = ['text', 'base64', 'cid', 'file', 'input'] as const
const FILE_FIELDS = ['path', ...SOURCES] as const
const EXAMPLE = '{path: data.txt, text: hello}'
const CONTENT = 'one of text, base64, cid, file, input'

/** A file with the place of its path in the definition. */
interface ReadFile { at: Path, file: FileSource }

/** The files of `holder`, as a list or as a mapping of paths. */
export function readFiles (holder: Section | undefined, inputs: InputSpec[]): FileSource[] {
  const value = holder?.raw('files')
  if (holder === undefined || value === undefined) return []
  const { report } = holder
  if (isMapping(value) && Object.hasOwn(value, 'path') && SOURCES.some((key) => Object.hasOwn(value, key))) {
    report.found(holder.at('files'), value, `a list of files, such as [${EXAMPLE}]`, 'put a dash before it')
    return []
  }
  const read = isMapping(value) ? fromMapping(holder, Object.keys(value), inputs) : fromList(holder, inputs)
  const conflict = pathConflict(read.map(({ file }) => file.path))
  if (conflict !== undefined) report.mistake(read[conflict.index]?.at ?? holder.at('files'), `found ${conflict.problem} - every file needs a path of its own`)
  return read.map(({ file }) => file)
}

/** The path under `key`, without `/` or `./` in front; undefined where there is none or it was reported. */
export function readFilePath (section: Section, key: string): string | undefined {
  const written = section.raw(key)
  if (written === undefined) return undefined
  if (typeof written === 'string') return checkedPath(section.report, section.at(key), written)
  section.report.found(section.at(key), written, 'a path, such as out.png')
  return undefined
}

function fromList (holder: Section, inputs: InputSpec[]): ReadFile[] {
  return holder.sections('files', MAX_PROGRAM_FILES, EXAMPLE).flatMap((section) => {
    section.expect(FILE_FIELDS)
    if (section.raw('path') === undefined) section.missing('path', 'where the program finds the file, such as data.txt')
    const path = readFilePath(section, 'path')
    return content(section, section.path, inputs).flatMap((source) => path === undefined ? [] : [{ at: section.at('path'), file: { path, ...source } }])
  })
}

/** `data.txt: text`, or `data.txt: {file: ...}`. */
function fromMapping (holder: Section, names: string[], inputs: InputSpec[]): ReadFile[] {
  const { report } = holder
  if (names.length > MAX_PROGRAM_FILES) {
    report.mistake(holder.at('files'), `found ${names.length} files, allowed: ${MAX_PROGRAM_FILES}`)
    return []
  }
  const files = holder.section('files')
  return names.flatMap((name) => {
    if (files === undefined) return []
    const at = files.at(name)
    const path = checkedPath(report, at, name)
    const inner = isMapping(files.raw(name)) ? files.section(name) : undefined
    inner?.expect(SOURCES)
    const sources = inner === undefined ? plainContent(files, name) : content(inner, at, inputs)
    return sources.flatMap((source) => path === undefined ? [] : [{ at, file: { path, ...source } }])
  })
}

type Content = { bytes: Uint8Array } | { cid: string } | { file: string } | { input: string }

function plainContent (files: Section, name: string): Content[] {
  if (files.raw(name) === undefined) return [{ bytes: new Uint8Array(0) }]
  const bytes = readRawText(files, name)
  return bytes === undefined ? [] : [{ bytes }]
}

/** What the one field of `section` says the file holds; nothing when that was reported. */
function content (section: Section, at: Path, inputs: InputSpec[]): Content[] {
  const given = SOURCES.filter((key) => section.raw(key) !== undefined)
  const [key] = given
  if (key === undefined || given.length > 1) {
    section.report.mistake(at, given.length > 1 ? `found ${given.join(' and ')}, allowed: ${CONTENT}` : `what the file holds is missing, allowed: ${CONTENT}`)
    return []
  }
  switch (key) {
    case 'text': return some(readRawText(section, key), (bytes) => ({ bytes }))
    case 'base64': return some(readBase64(section, key), (bytes) => ({ bytes }))
    case 'file': return some(section.text(key, MAX_WASI_PATH_BYTES), (file) => ({ file }))
    case 'input': return some(readInputName(section, inputs), (input) => ({ input }))
    case 'cid': return some(section.text(key, MAX_NAME_CHARS), (text) => ({ text })).flatMap(({ text }) => checkedCid(section, text))
  }
}

function some<T, C> (value: T | undefined, make: (value: T) => C): C[] {
  return value === undefined ? [] : [make(value)]
}

function checkedCid (section: Section, text: string): Content[] {
  const reading = readCid(text)
  if (reading.ok) return [{ cid: reading.cid }]
  section.report.mistake(section.at('cid'), `found ${JSON.stringify(text)}, ${reading.problem}, allowed: a CIDv1 with codec raw and hash sha2-256, bafkrei…`)
  return []
}

function checkedPath (report: Report, at: Path, written: string): string | undefined {
  const path = relativePath(written)
  const fault = filePathFault(path)
  if (fault === undefined) return path
  report.mistake(at, `found ${fault}`)
  return undefined
}
