/** Reads the JSON that the daemon writes, which may hold outputs of tens of megabytes. */
import { CorebrumError } from '../errors.ts'
import { MAX_CONTROL_ANSWER_BYTES } from './limits.ts'
import { parseJsonValue } from '../task/json.ts'
import { valueFault, type Value } from '../task/values.ts'

const WHAT = 'the answer of the daemon'
/** Longer ones go through the exact parser, which is a hundred times slower: what has fewer digits, a double holds. */
const EXACT_DIGITS = 15
/** Shorter texts cost nothing either way. */
const LARGE_CHARS = 64 * 1024

/** The value of a daemon's answer, integers exact. Throws ERR_INPUT or ERR_INTERNAL when it is not JSON. */
export function parseAnswer (text: string): Value {
  if (text.length < LARGE_CHARS || holdsLongInteger(text)) return parseJsonValue(text, WHAT, { maxChars: MAX_CONTROL_ANSWER_BYTES })
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new CorebrumError('ERR_INTERNAL', `${WHAT} is not JSON`, { cause })
  }
  if (valueFault(value) === undefined) return value as Value // valueFault has checked every part of it
  throw new CorebrumError('ERR_INTERNAL', `${WHAT} holds something that is no value`)
}

/** Whether an integer of more than EXACT_DIGITS digits stands outside of strings. */
function holdsLongInteger (text: string): boolean {
  let digits = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code >= 0x30 && code <= 0x39) digits++
    else {
      // A fraction or an exponent behind it: no integer.
      if (digits > EXACT_DIGITS && code !== 0x2e /* . */ && code !== 0x65 /* e */ && code !== 0x45 /* E */) return true
      if (code === 0x22 /* " */) i = endOfString(text, i)
      digits = code === 0x2e ? -Infinity : 0
    }
  }
  return digits > EXACT_DIGITS
}

/** The index of the quote that ends the string which begins at `start`. */
function endOfString (text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0
    while (text.charCodeAt(end - 1 - backslashes) === 0x5c) backslashes++
    if (backslashes % 2 === 0) return end
  }
  return text.length
}
