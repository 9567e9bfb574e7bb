/** Looks at the beginning of a stream of lines, which can be read from its beginning afterwards. */

export interface FirstLine {
  text: string
  /** Counted from 1, blank lines too. */
  line: number
}

export interface LookedAt {
  /** The first line that is not blank; undefined when there is none, or none among the first LOOK_BYTES. Rejects as the stream. */
  first (): Promise<FirstLine | undefined>
  /** The first byte that is no white space; undefined as above. */
  begin (): Promise<number | undefined>
  /** The whole stream. */
  all: AsyncIterable<Uint8Array>
}

/** A longer line is left to whoever reads the whole. */
const LOOK_BYTES = 1024 * 1024
const NEWLINE = 0x0a
/** Some editors put it before text in UTF-8. */
const MARK = Buffer.of(0xef, 0xbb, 0xbf)

export function firstLine (chunks: AsyncIterable<Uint8Array>): LookedAt {
  const source = chunks[Symbol.asyncIterator]()
  let seen = Buffer.alloc(0)
  let isAll = false

  /** False when there is no more to look at. */
  async function more (): Promise<boolean> {
    if (isAll || seen.length >= LOOK_BYTES) return false
    const next = await source.next()
    if (next.done === true) isAll = true
    else seen = Buffer.concat([seen, next.value])
    return true
  }

  /** Where the first line that is not blank has its first byte; -1: nowhere. */
  async function place (): Promise<number> {
    while (true) {
      const skipped = seen.subarray(0, MARK.length).equals(MARK) ? MARK.length : 0
      const at = seen.findIndex((byte, i) => i >= skipped && !isBlank(byte))
      if (at >= 0 || !await more()) return at
    }
  }

  async function first (): Promise<FirstLine | undefined> {
    const at = await place()
    if (at < 0) return undefined
    const start = seen.lastIndexOf(NEWLINE, at) + 1
    let end = seen.indexOf(NEWLINE, at)
    while (end < 0 && await more()) end = seen.indexOf(NEWLINE, at)
    if (end < 0 && !isAll) return undefined
    const before = seen.subarray(0, start)
    return { text: seen.toString('utf8', start, end < 0 ? seen.length : end), line: before.reduce((count, byte) => byte === NEWLINE ? count + 1 : count, 1) }
  }

  async function * all (): AsyncGenerator<Uint8Array> {
    if (seen.length > 0) yield seen
    while (!isAll) {
      const next = await source.next()
      if (next.done === true) return
      yield next.value
    }
  }

  async function begin (): Promise<number | undefined> {
    const at = await place()
    return seen[at]
  }

  return { first, begin, all: all() }
}

/** As a line of a map's inputs may hold and be none. */
function isBlank (byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === NEWLINE
}
