/**
 * One definition file as text: its values (YAML 1.2 core with exact integers; JSON is YAML) and the line and
 * column of every field. Positions are noted per container while js-yaml reads, and turned into lines on demand.
 */
import { CORE_SCHEMA, load, Type, YAMLException } from 'js-yaml'
import type { LoadOptions, State } from 'js-yaml'
import { CorebrumError } from '../errors.ts'
import { MAX_DEFINITION_BYTES, MAX_DEFINITION_NODES, MAX_INTEGER_DIGITS, MAX_VALUE_DEPTH } from '../limits.ts'
import { fromBase64, isMapping, quoted } from './values.ts'
import type { Mapping, Value } from './values.ts'

export type Path = ReadonlyArray<string | number>

export interface Place { line: number, column: number }

export interface Document {
  readonly fileName: string
  readonly root: Mapping
  /** Where the field stands; of the nearest part around it when it is not there itself. Lines and columns from 1. */
  place (path: Path): Place
  /** A number as it is written, so that version 1.10 is not read as 1.1. */
  written (path: Path): string | undefined
}

/** Offsets in the text: of the key (or list item), and of where its value begins. */
interface Spot { key: number, value: number }
type Spots = Map<string | number, Spot>
interface Node { start: number, end: number, result: unknown }

/** Reads a file. Throws ERR_DEFINITION when it is not one YAML or JSON mapping within the limits. */
export function readDocument (text: string, fileName: string): Document {
  const body = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
  if (body.length > MAX_DEFINITION_BYTES) {
    throw refusal(`${fileName}:1:1: found ${body.length} characters, allowed: ${MAX_DEFINITION_BYTES} - name a large module by url, file or cid instead of embedding it`)
  }
  const { value, spots } = readYaml(body, fileName)
  const fault = shapeFault(value)
  if (fault !== undefined) {
    const { line, column } = placeOf(body, spotAt(value, fault.path, spots)?.key ?? 0)
    throw refusal(`${fileName}:${line}:${column}: ${fault.text}`)
  }
  const root = value as Value // shapeFault has checked every part of it
  if (!isMapping(root)) {
    const found = root === null || root === undefined ? 'an empty file' : Array.isArray(root) ? 'a list' : `the text ${quoted(String(root))}`
    throw refusal(`${fileName}:1:1: found ${found}, allowed: a task definition, which is a mapping with "name" and "compute_logic"`)
  }
  return {
    fileName,
    root,
    place: (path) => placeOf(body, spotAt(root, path, spots)?.key ?? firstMark(body)),
    written (path) {
      const spot = spotAt(root, path, spots, true)
      if (spot === undefined) return undefined
      const scalar = /[^\s,\]}#]+/y
      scalar.lastIndex = spot.value
      return scalar.exec(body)?.[0]
    },
  }
}

const exactInteger = new Type('tag:yaml.org,2002:int', {
  kind: 'scalar',
  resolve: (text: unknown) => typeof text === 'string' && text.length <= MAX_INTEGER_DIGITS && /^[-+]?(\d+|0b[01]+|0o[0-7]+|0x[\da-fA-F]+)$/.test(text),
  construct (text: string) {
    const digits = text.replace(/^[-+]/, '')
    const exact = text.startsWith('-') ? -BigInt(digits) : BigInt(digits)
    return exact >= Number.MIN_SAFE_INTEGER && exact <= Number.MAX_SAFE_INTEGER ? Number(exact) : exact
  },
})
const merge = new Type('tag:yaml.org,2002:merge', { kind: 'scalar', resolve: (text: unknown) => text === '<<' || text === null })
const binary = new Type('tag:yaml.org,2002:binary', {
  kind: 'scalar',
  resolve: (text: unknown) => typeof text === 'string' && fromBase64(text) !== undefined,
  construct: (text: string) => fromBase64(text),
})
const SCHEMA = CORE_SCHEMA.extend({ implicit: [exactInteger, merge], explicit: [binary] })

function readYaml (body: string, fileName: string): { value: unknown, spots: WeakMap<object, Spots> } {
  const spots = new WeakMap<object, Spots>()
  const frames: Array<{ start: number, children: Node[] }> = []
  // js-yaml tries a flow collection as a key first, so its own depth runs ahead of ours; `shapeFault` is exact.
  const options: LoadOptions & { maxDepth: number } = {
    schema: SCHEMA,
    maxDepth: 2 * MAX_VALUE_DEPTH + 8,
    listener (event, state: State) {
      if (event === 'open') {
        frames.push({ start: afterBlanks(body, state.position), children: [] })
        return
      }
      const frame = frames.pop()
      if (frame === undefined) return
      const result: unknown = state.result
      // The first to close with a container built it; later ones are aliases, or attempts that kept it.
      if (typeof result === 'object' && result !== null && !spots.has(result)) spots.set(result, spotsIn(result, frame.children, body))
      frames.at(-1)?.children.push({ start: frame.start, end: state.position, result })
    },
  }
  try {
    return { value: load(body, options), spots }
  } catch (cause) {
    if (!(cause instanceof YAMLException)) throw cause
    const mark: { line: number, column: number } | undefined = cause.mark
    const where = mark === undefined ? '1:1' : `${mark.line + 1}:${mark.column + 1}`
    throw refusal(`${fileName}:${where}: not valid YAML or JSON: ${cause.reason}${adviceFor(cause.reason)}`, cause)
  }
}

function adviceFor (reason: string): string {
  if (reason.includes('duplicated mapping key')) return ' - this field stands twice; keep one'
  if (reason.includes('tab character')) return ' - indent with spaces'
  if (reason.includes('null byte')) return ' - this is not a text file'
  if (reason.includes('unidentified alias')) return ' - put text that begins with * in quotes'
  if (reason.includes('single document')) return ' - one file holds one task; remove what follows the second ---'
  if (reason.includes('unknown tag')) return ' - only the types of JSON, and !!binary, can be used'
  return ''
}

function afterBlanks (body: string, offset: number): number {
  while (body[offset] === ' ' || body[offset] === '\t') offset++
  return offset
}

/** Pairs each key with the node after it; a key without a colon behind it has no value node. */
function spotsIn (container: object, children: Node[], body: string): Spots {
  const spots: Spots = new Map()
  if (Array.isArray(container)) {
    let next = 0
    container.forEach((item: unknown, index) => {
      const child = children[next]
      if (child === undefined || (item === null && child.result !== null)) return
      spots.set(index, { key: child.start, value: child.start })
      next++
    })
    return spots
  }
  const colon = /\s*:/y
  for (let i = 0; i < children.length; i++) {
    const key = children[i]
    if (key === undefined) break
    colon.lastIndex = key.end
    const value = colon.test(body) ? children[++i] : undefined
    spots.set(String(key.result), { key: key.start, value: value?.start ?? key.end })
  }
  return spots
}

/** The deepest spot that is known on the way along `path`; with `exact`, only that of the whole path. */
function spotAt (root: unknown, path: Path, spots: WeakMap<object, Spots>, exact = false): Spot | undefined {
  let node: unknown = root
  let spot: Spot | undefined
  for (const name of path) {
    const step = Array.isArray(node) ? Number(name) : String(name)
    const next = typeof node === 'object' && node !== null ? spots.get(node)?.get(step) : undefined
    if (next === undefined && exact) return undefined
    spot = next ?? spot
    node = typeof node === 'object' && node !== null && Object.hasOwn(node, step) ? Reflect.get(node, step) : undefined
  }
  return spot
}

/** Depth, size with aliases written out, and names that JavaScript cannot hold safely. */
function shapeFault (root: unknown): { path: Path, text: string } | undefined {
  let nodes = 0
  let characters = 0
  const visit = (node: unknown, path: Path): { path: Path, text: string } | undefined => {
    if (path.length > MAX_VALUE_DEPTH) return { path, text: `nested deeper than ${MAX_VALUE_DEPTH} levels` }
    if (typeof node === 'string') characters += node.length
    if (++nodes > MAX_DEFINITION_NODES) return { path, text: `more than ${MAX_DEFINITION_NODES} values, aliases written out - put large data in an input, not in the definition` }
    if (characters > MAX_DEFINITION_BYTES) return { path, text: `more than ${MAX_DEFINITION_BYTES} characters, aliases written out` }
    if (typeof node !== 'object' || node === null || node instanceof Uint8Array) return undefined
    for (const [key, item] of Object.entries(node)) {
      const step = [...path, Array.isArray(node) ? Number(key) : key]
      const fault = key === '__proto__' ? { path: step, text: 'found a field named __proto__, which is not allowed - rename it' } : visit(item, step)
      if (fault !== undefined) return fault
    }
    return undefined
  }
  return visit(root, [])
}

function placeOf (body: string, offset: number): Place {
  let line = 1
  let start = 0
  const lineBreak = /\r\n|\r|\n/g
  for (let found = lineBreak.exec(body); found !== null && found.index < offset; found = lineBreak.exec(body)) {
    line++
    start = found.index + found[0].length
  }
  return { line, column: Math.max(0, offset - start) + 1 }
}

/** The first character that is not white space or comment: where the root stands. */
function firstMark (body: string): number {
  return /^(?:\s+|#.*)*/.exec(body)?.[0].length ?? 0
}

function refusal (problem: string, cause?: unknown): CorebrumError {
  return new CorebrumError('ERR_DEFINITION', problem, { problems: [problem], cause })
}
