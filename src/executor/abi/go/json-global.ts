/** `JSON` as a Go program sees it. */
import { MAX_CBOR_ITEMS, MAX_VALUE_DEPTH } from '../../../limits.ts'
import { makeArray } from './lists.ts'
import { requireTextSize, textOf } from './operations.ts'
import type { Realm } from './realm.ts'
import { type Inert, type Native, Thing, Thrown, makeError, makeObject } from './thing.ts'

export function makeJson (): Thing {
  return new Thing('Object', { methods: new Map<string, Native>([['parse', parse], ['stringify', stringify]]) })
}

const parse: Native = (realm, _self, [text]) => {
  const source = textOf(text)
  let parsed: unknown
  try {
    parsed = JSON.parse(source)
  } catch {
    throw jsonError(`unexpected token in JSON: ${source.slice(0, 40)}`)
  }
  realm.spend(2 * source.length)
  return asInert(realm, parsed, 0)
}

function asInert (realm: Realm, parsed: unknown, depth: number): Inert {
  if (depth > MAX_VALUE_DEPTH) throw tooDeep()
  if (parsed === null || typeof parsed === 'boolean' || typeof parsed === 'number' || typeof parsed === 'string') return parsed
  if (Array.isArray(parsed)) return makeArray(realm, parsed.map((item) => asInert(realm, item, depth + 1)))
  const fields = typeof parsed === 'object' ? Object.entries(parsed) : []
  realm.spend(100 * (fields.length + 1))
  return makeObject(fields.map(([name, item]) => [name, asInert(realm, item, depth + 1)]))
}

const stringify: Native = (realm, _self, [value]) => {
  let items = 0
  let characters = 0
  const write = (part: Inert, depth: number): string | undefined => {
    if (depth > MAX_VALUE_DEPTH) throw tooDeep()
    if (++items > MAX_CBOR_ITEMS) throw jsonError(`more than ${MAX_CBOR_ITEMS} values`)
    if (typeof part === 'string') requireTextSize(characters += part.length)
    if (!(part instanceof Thing)) return JSON.stringify(part)
    if (part.kind === 'Function') return undefined
    const { items: list } = part.nature
    if (list !== undefined) return `[${list.map((item) => write(item, depth + 1) ?? 'null').join(',')}]`
    const fields = part.nature.bytes === undefined ? [...part.fields] : [...part.nature.bytes.entries()].map(([index, byte]): [string, Inert] => [String(index), byte])
    const texts = fields.flatMap(([name, item]) => {
      requireTextSize(characters += name.length)
      const text = write(item, depth + 1)
      return text === undefined ? [] : [`${JSON.stringify(name)}:${text}`]
    })
    return `{${texts.join(',')}}`
  }
  const text = write(value, 0)
  realm.spend(2 * (text?.length ?? 0))
  return text
}

function tooDeep (): Thrown {
  return jsonError(`nested deeper than ${MAX_VALUE_DEPTH} levels, or holding itself`)
}

function jsonError (message: string): Thrown {
  return new Thrown(makeError(message, 'SyntaxError'))
}
