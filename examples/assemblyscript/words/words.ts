// Text in, JSON text out. Strings cross as AssemblyScript has them: the host makes them with the runtime that
// --exportRuntime exports, so nothing here allocates or frees by hand.

/** How many words there are, and which is the longest; of two of the same length the first. */
export function words (text: string): string {
  const list = text.split(' ')
  let count = 0
  let longest = ''
  for (let i = 0; i < list.length; i++) {
    const word = list[i]
    if (word.length == 0) continue
    count++
    if (word.length > longest.length) longest = word
  }
  return `{"count":${count},"longest":${quoted(longest)}}`
}

/** A JSON string: quotes, backslashes and control characters are written as \uXXXX. */
function quoted (text: string): string {
  let json = '"'
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 32 || code == 34 || code == 92) json += '\\u' + code.toString(16).padStart(4, '0')
    else json += text.charAt(i)
  }
  return json + '"'
}
