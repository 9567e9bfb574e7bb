/**
 * Paths in outputs, as `ignore` of a definition names them: `stats.elapsed`, `items[*].time`, `items[0]`, `stats["a b"]`. A `[*]`
 * stands for every item of a list and every field of a mapping. Pure.
 */
import { isMapping, type Mapping, type Value } from './values.ts'

/** A field, the index of an item, or all of them. */
export type PathPart = string | number | typeof ALL
const ALL = Symbol('all')

export const OUTPUT_PATH_RULE = 'a path in the outputs, such as stats.elapsed, items[*].time or stats["a b"]'

/** A name, the same in quotes, an index, or `[*]`; a dot stands before names that are not the first. */
const PART = /(\.?)([\p{L}\p{N}_$-]+)|\[("(?:[^"\\]|\\.)*")\]|\[(\d{1,9})\]|\[(\*)\]/uy

/** The parts of a path; undefined for a text that is none. */
export function parseOutputPath (text: string): PathPart[] | undefined {
  const parts: PathPart[] = []
  PART.lastIndex = 0
  while (PART.lastIndex < text.length) {
    const isFirst = PART.lastIndex === 0
    const match = PART.exec(text)
    if (match === null) return undefined
    const [, dot, name, quoted, index] = match
    if (name !== undefined) {
      if (isFirst !== (dot === '')) return undefined
      parts.push(name)
    } else if (quoted !== undefined) {
      const key = unquoted(quoted)
      if (key === undefined) return undefined
      parts.push(key)
    } else parts.push(index === undefined ? ALL : Number(index))
  }
  return parts.length === 0 ? undefined : parts
}

function unquoted (text: string): string | undefined {
  try {
    return String(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** The outputs without what the paths lead to; where that is an item of a list, the others keep their places. */
export function withoutPaths (outputs: Mapping, paths: ReadonlyArray<readonly PathPart[]>): Mapping {
  return paths.length === 0 ? outputs : mappingWithout(outputs, paths)
}

/** What the paths that lead into `key` say of what is there; undefined where one ends there. */
function below (paths: ReadonlyArray<readonly PathPart[]>, key: string | number): Array<readonly PathPart[]> | undefined {
  const inner: Array<readonly PathPart[]> = []
  for (const [first, ...rest] of paths) {
    if (first !== ALL && first !== key) continue
    if (rest.length === 0) return undefined
    inner.push(rest)
  }
  return inner
}

function mappingWithout (mapping: Mapping, paths: ReadonlyArray<readonly PathPart[]>): Mapping {
  const left: Array<[string, Value]> = []
  for (const [key, value] of Object.entries(mapping)) {
    const inner = below(paths, key)
    if (inner !== undefined) left.push([key, without(value, inner)])
  }
  return Object.fromEntries(left)
}

function without (value: Value, paths: ReadonlyArray<readonly PathPart[]>): Value {
  if (paths.length === 0) return value
  if (isMapping(value)) return mappingWithout(value, paths)
  if (!Array.isArray(value)) return value
  return value.map((item, i) => {
    const inner = below(paths, i)
    return inner === undefined ? null : without(item, inner)
  })
}
