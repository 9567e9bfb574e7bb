/** What `--map` names, as lines of JSON: a file or standard input as they are, the items of an array, or the numbers of a range. */
import { createReadStream } from 'node:fs'
import { crc32 } from 'node:zlib'
import { describeSystemError } from '../../config/system-error.ts'
import type { InputsMark } from '../../control/map-client.ts'
import { CorebrumError } from '../../errors.ts'
import { MAX_DEFINITION_BYTES, MAX_MAP_ITEMS } from '../../limits.ts'
import { formatJson, parseJsonValue } from '../../task/json.ts'
import { exactInteger, type Value } from '../../task/values.ts'
import { firstLine } from './first-line.ts'

/** One input, and how messages name it. */
export interface InputLine {
  text: string
  where: string
}

export interface MapInputs {
  /** NDJSON; read once. Rejects with ERR_USAGE. */
  readonly chunks: AsyncIterable<Uint8Array>
  /** What can be looked at before a map begins: the first input, or all that stand on the command line. Waits for standard input; rejects as `chunks`. */
  samples (): Promise<InputLine[]>
}

const ALLOWED = '@FILE with one JSON object on each line, - for standard input, a JSON array, or a range such as 1..1000 or number=1..1000..5'
const RANGE = /^(?:([^=]+)=)?(-?\d{1,30})\.\.(-?\d{1,30})(?:\.\.(-?\d{1,30}))?$/
/** Lines are handed on in pieces of about so many characters. */
const PIECE_CHARS = 64 * 1024
const OPEN_BRACKET = '['.charCodeAt(0)

/** `inputName` names the input that the numbers of a range are for. Rejects with ERR_USAGE and ERR_INPUT when there is nothing to begin with. */
export async function mapInputs (given: string, inputName: () => Promise<string>): Promise<MapInputs> {
  if (given === '-') return inputsOf(chunksOf(process.stdin, 'standard input'), 'standard input')
  if (given.startsWith('@')) return await fileInputs(given.slice(1))
  if (given.trimStart().startsWith('[')) {
    const items = arrayItems(given, '--map')
    return { chunks: streamed(pieces(items)), samples: async () => items.map((text, i) => ({ text, where: `item ${i + 1}` })) }
  }
  const range = RANGE.exec(given)
  if (range !== null) return inputsOf(streamed(pieces(await rangeLines(range, inputName))), given, { isFile: false })
  throw new CorebrumError('ERR_USAGE', `--map: found ${JSON.stringify(given.slice(0, 60))}, allowed: ${ALLOWED}`)
}

/** The chunks behind those that are there already; rejects with ERR_USAGE when they begin otherwise. */
export async function * behind (chunks: AsyncIterable<Uint8Array>, { bytes, crc }: InputsMark): AsyncGenerator<Uint8Array> {
  let left = bytes
  let seen = 0
  for await (const chunk of chunks) {
    const before = chunk.subarray(0, left)
    if (left > 0) {
      seen = crc32(before, seen)
      left -= before.length
      if (left === 0) checkSame(seen, crc)
    }
    if (before.length < chunk.length) yield chunk.subarray(before.length)
  }
  if (left > 0) throw different()
}

function checkSame (found: number, wanted: number): void {
  if (found !== wanted) throw different()
}

function different (): CorebrumError {
  return new CorebrumError('ERR_USAGE', '--map: these are not the inputs that the map was begun with; give it the same ones')
}

function inputsOf (chunks: AsyncIterable<Uint8Array>, name: string, { isFile = true }: { isFile?: boolean } = {}): MapInputs {
  const { first, all } = firstLine(chunks)
  return {
    chunks: all,
    async samples () {
      const found = await first()
      return found === undefined ? [] : [{ text: found.text, where: isFile ? `line ${found.line} of ${name}` : name }]
    },
  }
}

async function * chunksOf (stream: AsyncIterable<unknown>, name: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of stream) if (chunk instanceof Uint8Array) yield chunk
  } catch (cause) {
    throw new CorebrumError('ERR_USAGE', `--map: ${name} cannot be read: ${describeSystemError(cause)}`, { cause })
  }
}

/** A file whose first character is a bracket is one array; all others have lines. It is opened here, and read once: it may be a pipe. */
async function fileInputs (path: string): Promise<MapInputs> {
  if (path === '') throw new CorebrumError('ERR_USAGE', `--map: there is no name of a file behind the @; allowed: ${ALLOWED}`)
  const { begin, all } = firstLine(chunksOf(createReadStream(path, { highWaterMark: PIECE_CHARS }), path))
  if (await begin() !== OPEN_BRACKET) return inputsOf(all, path)
  return inputsOf(streamed(pieces(arrayItems(await wholeText(all, path), path))), path, { isFile: false })
}

async function wholeText (chunks: AsyncIterable<Uint8Array>, path: string): Promise<string> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of chunks) {
    bytes += chunk.length
    if (bytes > MAX_DEFINITION_BYTES) throw new CorebrumError('ERR_USAGE', `--map: ${path} cannot be read: as one array it may have ${MAX_DEFINITION_BYTES} bytes; put one object on each line instead`)
    parts.push(chunk)
  }
  return Buffer.concat(parts).toString('utf8')
}

function arrayItems (text: string, name: string): string[] {
  const items = parseJsonValue(text, name)
  if (!Array.isArray(items)) throw new CorebrumError('ERR_USAGE', `${name}: found JSON that is no array; allowed: ${ALLOWED}`)
  return items.map((item) => formatJson(item))
}

async function rangeLines ([, named, first = '', last = '', by = '1']: RegExpExecArray, inputName: () => Promise<string>): Promise<Iterable<string>> {
  const [from, to, step] = [BigInt(first), BigInt(last), BigInt(by)]
  if (step === 0n || (to - from) * step < 0n) throw new CorebrumError('ERR_USAGE', `--map: found ${first}..${last}..${by}, in which no number lies; allowed: FROM..TO..STEP, with a STEP that leads from FROM to TO`)
  if ((to - from) / step >= BigInt(MAX_MAP_ITEMS)) throw new CorebrumError('ERR_USAGE', `--map: the range has ${(to - from) / step + 1n} numbers; allowed: ${MAX_MAP_ITEMS}`)
  const name = named ?? await inputName()
  const count = Number((to - from) / step) + 1
  return (function * (): Generator<string> {
    for (let i = 0; i < count; i++) yield formatJson({ [name]: exactInteger(from + BigInt(i) * step) } satisfies Record<string, Value>)
  })()
}

function * pieces (lines: Iterable<string>): Generator<Uint8Array> {
  let piece = ''
  for (const line of lines) {
    piece += `${line}\n`
    if (piece.length < PIECE_CHARS) continue
    yield Buffer.from(piece)
    piece = ''
  }
  if (piece !== '') yield Buffer.from(piece)
}

async function * streamed (chunks: Iterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield * chunks
}
