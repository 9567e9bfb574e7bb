/** A condition's text as tokens. */
import { CorebrumError } from '../errors.ts'
import { MAX_CONDITION_CHARS, MAX_INTEGER_DIGITS } from '../limits.ts'
import { exactInteger, type Value } from './values.ts'

export interface Token {
  /** `word`: true, false and null, which are values, and names behind a dot. */
  kind: 'name' | 'word' | 'number' | 'string' | 'sign'
  text: string
  /** Of a word, a number or a string. */
  value: Value
  /** Index of its first character. */
  at: number
}

const WORDS: ReadonlyMap<string, Value> = new Map<string, Value>([['true', true], ['false', false], ['null', null]])
const BLANK = /\s*/y
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/y
const NAME = /[\p{L}_$][\p{L}\p{N}_$-]*/uy
const SIGN = /==|!=|<=|>=|&&|\|\||[<>!()[\].]/y
const STRING = /'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"/sy
const ESCAPES: ReadonlyMap<string, string> = new Map([['n', '\n'], ['t', '\t'], ['r', '\r']])

/** Throws ERR_DEFINITION. */
export function tokens (text: string): Token[] {
  if (text.length > MAX_CONDITION_CHARS) throw new CorebrumError('ERR_DEFINITION', `found ${text.length} characters, allowed: ${MAX_CONDITION_CHARS}`)
  const list: Token[] = []
  let at = 0
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    return pattern.exec(text)?.[0]
  }
  while (true) {
    at += match(BLANK)?.length ?? 0
    if (at >= text.length) return list
    const token = read(match, at)
    if (token === undefined) throw unreadable(text, at)
    list.push(token)
    at += token.text.length
  }
}

function read (match: (pattern: RegExp) => string | undefined, at: number): Token | undefined {
  const number = match(NUMBER)
  if (number !== undefined) return { kind: 'number', text: number, value: numberOf(number, at), at }
  const name = match(NAME)
  if (name !== undefined) {
    const value = WORDS.get(name)
    return value === undefined ? { kind: 'name', text: name, value: name, at } : { kind: 'word', text: name, value, at }
  }
  const string = match(STRING)
  if (string !== undefined) return { kind: 'string', text: string, value: string.slice(1, -1).replace(/\\(.)/gs, (_whole, char: string) => ESCAPES.get(char) ?? char), at }
  const sign = match(SIGN)
  return sign === undefined ? undefined : { kind: 'sign', text: sign, value: sign, at }
}

function numberOf (text: string, at: number): number | bigint {
  if (text.length > MAX_INTEGER_DIGITS) throw new CorebrumError('ERR_DEFINITION', `found a number of ${text.length} characters at character ${at + 1}, allowed: ${MAX_INTEGER_DIGITS}`)
  return /^-?\d+$/.test(text) ? exactInteger(BigInt(text)) : Number(text)
}

function unreadable (text: string, at: number): CorebrumError {
  const char = text[at] ?? ''
  const advice = char === '=' ? ' - equality is ==' : char === '&' || char === '|' ? ` - write ${char}${char}` : char === '\'' || char === '"' ? ' - this text has no end' : ''
  return new CorebrumError('ERR_DEFINITION', `found ${char} at character ${at + 1}, allowed: paths, numbers, texts in quotes, == != < <= > >=, and, or, not, ( )${advice}`)
}
