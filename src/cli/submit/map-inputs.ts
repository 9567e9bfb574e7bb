/** What `--map` names, as lines of JSON: a file or standard input as they are, the items of an array, or the numbers of a range. */
import { createReadStream } from 'node:fs'
import { crc32 } from 'node:zlib'
import { describeSystemError } from '../../config/system-error.ts'
import type { InputsMark } from '../../control/map-client.ts'
import { CorebrumError } from '../../errors.ts'
import { MAX_DEFINITION_BYTES, MAX_MAP_ITEMS } from '../../limits.ts'
import { formatJson, parseJsonValue } from '../../task/json.ts'
import { exactInteger, type Value } from '../../task/values.ts'
import { readTextFile } from '../input.ts'

const ALLOWED = '@FILE with one JSON object on each line, - for standard input, a JSON array, or a range such as 1..1000 or number=1..1000..5'
const RANGE = /^(?:([^=]+)=)?(-?\d{1,30})\.\.(-?\d{1,30})(?:\.\.(-?\d{1,30}))?$/
/** Lines are handed on in pieces of about so many characters. */
const PIECE_CHARS = 64 * 1024
const PEEK_BYTES = 4096

/** Chunks of NDJSON. `inputName` names the input that the numbers of a range are for. Throws and rejects with ERR_USAGE and ERR_INPUT. */
export function mapInputs (given: string, inputName: () => Promise<string>): AsyncIterable<Uint8Array> {
  if (given === '-') return chunksOf(process.stdin, 'standard input')
  if (given.startsWith('@')) return fileLines(given.slice(1))
  if (given.trimStart().startsWith('[')) return arrayLines(given, '--map')
  const range = RANGE.exec(given)
  if (range !== null) return rangeLines(range, inputName)
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

async function * chunksOf (stream: AsyncIterable<unknown>, name: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of stream) if (chunk instanceof Uint8Array) yield chunk
  } catch (cause) {
    throw new CorebrumError('ERR_USAGE', `--map: ${name} cannot be read: ${describeSystemError(cause)}`, { cause })
  }
}

/** A file whose first character is a bracket is one array; all others have lines. */
async function * fileLines (path: string): AsyncGenerator<Uint8Array> {
  if (await firstCharacter(path) === '[') yield * arrayLines(await readTextFile(path, '--map', MAX_DEFINITION_BYTES), path)
  else yield * chunksOf(createReadStream(path, { highWaterMark: PIECE_CHARS }), path)
}

async function firstCharacter (path: string): Promise<string> {
  for await (const chunk of chunksOf(createReadStream(path, { end: PEEK_BYTES - 1 }), path)) return Buffer.from(chunk).toString().trimStart().charAt(0)
  return ''
}

async function * arrayLines (text: string, name: string): AsyncGenerator<Uint8Array> {
  const items = parseJsonValue(text, name)
  if (!Array.isArray(items)) throw new CorebrumError('ERR_USAGE', `${name}: found JSON that is no array; allowed: ${ALLOWED}`)
  yield * pieces(items.map((item) => formatJson(item)))
}

async function * rangeLines ([, named, first = '', last = '', by = '1']: RegExpExecArray, inputName: () => Promise<string>): AsyncGenerator<Uint8Array> {
  const [from, to, step] = [BigInt(first), BigInt(last), BigInt(by)]
  if (step === 0n || (to - from) * step < 0n) throw new CorebrumError('ERR_USAGE', `--map: no number lies between ${first} and ${last} in steps of ${by}`)
  if ((to - from) / step >= BigInt(MAX_MAP_ITEMS)) throw new CorebrumError('ERR_USAGE', `--map: the range has ${(to - from) / step + 1n} numbers; allowed: ${MAX_MAP_ITEMS}`)
  const name = named ?? await inputName()
  const count = Number((to - from) / step) + 1
  const numbers = function * (): Generator<string> {
    for (let i = 0; i < count; i++) yield formatJson({ [name]: exactInteger(from + BigInt(i) * step) } satisfies Record<string, Value>)
  }
  yield * pieces(numbers())
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
