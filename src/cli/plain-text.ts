/** Text of strangers made fit for a terminal: what a module wrote must not move the cursor, change colours or pass for something else. */

/** Control characters but tab and line feed, and those that turn the direction of writing. */
const UNSAFE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/** Unsafe characters as `\x1b` or `\u202e`; a carriage return ends a line. */
export function plainText (text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(UNSAFE, escaped)
}

/** The same for text that comes in parts. */
export function createPlainText (): (part: string) => string {
  let endedLine = false
  return (part) => {
    const text = endedLine && part.startsWith('\n') ? part.slice(1) : part
    if (part !== '') endedLine = part.endsWith('\r')
    return plainText(text)
  }
}

function escaped (character: string): string {
  const code = character.charCodeAt(0)
  return code <= 0xff ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
}
