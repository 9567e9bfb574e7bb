/**
 * Conditions of steps: `classifier.category == 'high' and not (stats.count < 10)`. A small language of its own, read by hand, with
 * paths, literals, comparisons, and, or, not: nothing in it can call or change anything, and integers are exact.
 *
 *   or   = and *(("or" / "||") and)              and  = not *(("and" / "&&") not)
 *   not  = ("not" / "!") not / test              test = part [("==" / "!=" / "<" / "<=" / ">" / ">=") part]
 *   part = number / string / "true" / "false" / "null" / path / "(" or ")"
 *   path = name *("." name / "[" (integer / string) "]")
 */
import { CorebrumError } from '../errors.ts'
import { MAX_CONDITION_DEPTH } from '../limits.ts'
import { tokens, type Token } from './condition-tokens.ts'
import { describe, isMapping, type Value } from './values.ts'

export type Operator = '==' | '!=' | '<' | '<=' | '>' | '>='

export type Condition =
  | { type: 'value', value: Value }
  | { type: 'path', path: Array<string | number> }
  | { type: 'not', of: Condition }
  | { type: 'and' | 'or', of: Condition[] }
  | { type: 'compare', operator: Operator, left: Condition, right: Condition }

const OPERATORS: readonly Operator[] = ['==', '!=', '<', '<=', '>', '>=']

/** Throws ERR_DEFINITION, saying where in `text` the mistake is. */
export function parseCondition (text: string): Condition {
  const list = tokens(text)
  let next = 0
  const peek = (): Token | undefined => list[next]
  const fail = (allowed: string): CorebrumError => {
    const token = peek()
    return new CorebrumError('ERR_DEFINITION', token === undefined ? `it ends where ${allowed} should stand` : `found ${token.text} at character ${token.at + 1}, allowed: ${allowed}`)
  }
  const takes = (...texts: string[]): boolean => {
    const token = peek()
    if (token === undefined || token.kind === 'string' || !texts.includes(token.text)) return false
    next++
    return true
  }

  function anyOf (type: 'and' | 'or', words: string[], part: (depth: number) => Condition, depth: number): Condition {
    const first = part(depth)
    const parts = [first]
    while (takes(...words)) parts.push(part(depth))
    return parts.length === 1 ? first : { type, of: parts }
  }
  const or = (depth: number): Condition => anyOf('or', ['or', '||'], and, depth)
  const and = (depth: number): Condition => anyOf('and', ['and', '&&'], not, depth)

  function not (depth: number): Condition {
    if (depth > MAX_CONDITION_DEPTH) throw new CorebrumError('ERR_DEFINITION', `it is nested deeper than ${MAX_CONDITION_DEPTH} levels`)
    if (takes('not', '!')) return { type: 'not', of: not(depth + 1) }
    const left = part(depth)
    const operator = OPERATORS.find((one) => takes(one))
    if (operator === undefined) return left
    const compared: Condition = { type: 'compare', operator, left, right: part(depth) }
    if (OPERATORS.some((one) => peek()?.text === one)) throw fail('and, or, or the end; compare two at a time')
    return compared
  }

  function part (depth: number): Condition {
    if (takes('(')) {
      const inner = or(depth + 1)
      if (!takes(')')) throw fail(')')
      return inner
    }
    const token = peek()
    if (token === undefined || token.kind === 'sign') throw fail('a path such as step.output, a number, a text in quotes, true, false, null or (')
    if (token.kind === 'name' && (token.text === 'and' || token.text === 'or')) throw fail('a path or a value')
    next++
    return token.kind === 'name' ? { type: 'path', path: path(token.text) } : { type: 'value', value: token.value }
  }

  function path (first: string): Array<string | number> {
    const steps: Array<string | number> = [first]
    while (true) {
      if (takes('.')) {
        const token = peek()
        if (token?.kind !== 'name' && token?.kind !== 'word') throw fail('a name')
        steps.push(token.text)
      } else if (takes('[')) {
        const token = peek()
        const isIndex = token?.kind === 'number' && typeof token.value === 'number' && Number.isInteger(token.value) && token.value >= 0
        if (token === undefined || !(token.kind === 'string' || isIndex)) throw fail('an index, or a name in quotes')
        steps.push(typeof token.value === 'number' ? token.value : String(token.value))
        next++
        if (!takes(']')) throw fail(']')
        continue
      } else return steps
      next++
    }
  }

  const condition = or(0)
  if (peek() !== undefined) throw fail('and, or, a comparison, or the end')
  const shown = condition.type === 'value' && typeof condition.value !== 'boolean'
  if (shown) throw new CorebrumError('ERR_DEFINITION', `it is ${describe(condition.value)}, allowed: something that is true or false`)
  return condition
}

/** The paths that a condition names. */
export function pathsIn (condition: Condition): Array<Array<string | number>> {
  switch (condition.type) {
    case 'value': return []
    case 'path': return [condition.path]
    case 'not': return pathsIn(condition.of)
    case 'compare': return [...pathsIn(condition.left), ...pathsIn(condition.right)]
    default: return condition.of.flatMap(pathsIn)
  }
}

/**
 * Whether it holds. What is not there is null; null is neither less nor greater than anything, and counts as false.
 * Throws ERR_INPUT where values of two sorts are ordered, or something else than true and false is to decide.
 */
export function holds (condition: Condition, lookUp: (path: Array<string | number>) => Value | undefined): boolean {
  return truth(evaluate(condition, lookUp))
}

function evaluate (condition: Condition, lookUp: (path: Array<string | number>) => Value | undefined): Value {
  switch (condition.type) {
    case 'value': return condition.value
    case 'path': return lookUp(condition.path) ?? null
    case 'not': return !holds(condition.of, lookUp)
    case 'and': return condition.of.every((part) => holds(part, lookUp))
    case 'or': return condition.of.some((part) => holds(part, lookUp))
    case 'compare': return compare(evaluate(condition.left, lookUp), condition.operator, evaluate(condition.right, lookUp))
  }
}

function truth (value: Value): boolean {
  if (typeof value === 'boolean') return value
  if (value === null) return false
  throw new CorebrumError('ERR_INPUT', `found ${describe(value)} where true or false decides; compare it with something`)
}

function compare (left: Value, operator: Operator, right: Value): boolean {
  if (operator === '==') return isEqual(left, right)
  if (operator === '!=') return !isEqual(left, right)
  if (left === null || right === null) return false
  // JavaScript compares numbers with big integers exactly.
  const ordered = (isNumeric(left) && isNumeric(right)) || (typeof left === 'string' && typeof right === 'string')
  if (!ordered) throw new CorebrumError('ERR_INPUT', `${describe(left)} and ${describe(right)} have no order; ${operator} takes two numbers or two texts`)
  switch (operator) {
    case '<': return left < right
    case '<=': return left <= right
    case '>': return left > right
    case '>=': return left >= right
  }
}

function isNumeric (value: Value): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint'
}

function isEqual (left: Value, right: Value): boolean {
  if (isNumeric(left) && isNumeric(right)) return left <= right && left >= right
  if (left instanceof Uint8Array) return right instanceof Uint8Array && Buffer.compare(left, right) === 0
  if (Array.isArray(left)) return Array.isArray(right) && left.length === right.length && left.every((item, index) => isEqual(item, right[index] ?? null))
  if (!isMapping(left)) return left === right
  if (!isMapping(right)) return false
  const keys = Object.keys(left)
  return keys.length === Object.keys(right).length && keys.every((key) => Object.hasOwn(right, key) && isEqual(left[key] ?? null, right[key] ?? null))
}
