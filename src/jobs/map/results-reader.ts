/** Lines of results for those who want them, at their own pace: from the file, never from memory. */
import type { ChunkCache } from './chunk-cache.ts'
import { damaged } from './job-error.ts'
import { isRecordWhole, readRecordHeader, RECORD_HEADER_BYTES } from './results-format.ts'
import type { ResultsLog } from './results-log.ts'

export interface ReadOptions {
  /** By index, or as they came. */
  ordered: boolean
  /** Lines that are left out at the beginning. Default 0. */
  from?: number
  /** `yes`: it waits for more. `paused`: an ordered reader ends at the first one that is missing; `no`: it leaves those out. */
  more: () => 'yes' | 'paused' | 'no'
  signal?: AbortSignal
}

const PIECE_BYTES = 64 * 1024

interface Found { index: number, line: Buffer }

/** Pieces of NDJSON, whole lines each. Ends when no more will come, and while the map is paused. Rejects with ERR_JOURNAL. */
export async function * readResults (log: ResultsLog, options: ReadOptions): AsyncGenerator<Buffer> {
  const { signal } = options
  const wake = (): void => { log.wake() }
  signal?.addEventListener('abort', wake, { once: true })
  try {
    yield * pieces(log, recordReader(log.path, log.enter()), options)
  } finally {
    signal?.removeEventListener('abort', wake)
    log.leave()
  }
}

async function * pieces (log: ResultsLog, recordAt: ReturnType<typeof recordReader>, { ordered, from = 0, more, signal }: ReadOptions): AsyncGenerator<Buffer> {
  let lines: Buffer[] = []
  let bytes = 0
  /** The next index, or where the next record stands. */
  let next = ordered ? from : 0
  let skip = ordered ? 0 : from
  while (signal?.aborted !== true) {
    // Asked before looking: what comes in between is seen in the next turn.
    const state = more()
    const { committed } = log
    const offset = ordered ? log.offsetOf(next) : next < committed ? next : undefined
    if (offset !== undefined) {
      const found = recordAt(offset)
      const { index, line } = found instanceof Promise ? await found : found
      next = ordered ? next + 1 : offset + RECORD_HEADER_BYTES + line.length
      // A record for an index that had one already is void.
      if (log.offsetOf(index) !== offset) continue
      if (skip-- > 0) continue
      lines.push(line)
      bytes += line.length
      if (bytes < PIECE_BYTES) continue
    } else if (ordered && state === 'no' && next < log.indexes) {
      next++
      continue
    }
    if (bytes > 0) {
      yield Buffer.concat(lines, bytes)
      lines = []
      bytes = 0
    }
    if (offset !== undefined || committed !== log.committed) continue
    if (state !== 'yes') return
    await log.changed(committed)
  }
}

/** Reads records, at once where they are in memory already. */
function recordReader (path: string, chunks: ChunkCache): (offset: number) => Found | Promise<Found> {
  const broken = (offset: number): Error => damaged(path, `the result at byte ${offset} is not what was written`)
  const found = (offset: number, header: ReturnType<typeof readRecordHeader>, record: Buffer): Found => {
    if (header === undefined || !isRecordWhole(header, record)) throw broken(offset)
    return { index: header.index, line: record.subarray(RECORD_HEADER_BYTES) }
  }
  const load = async (offset: number): Promise<Found> => {
    const header = readRecordHeader(await chunks.load(offset, RECORD_HEADER_BYTES))
    if (header === undefined) throw broken(offset)
    return found(offset, header, await chunks.load(offset, RECORD_HEADER_BYTES + header.length))
  }
  return (offset) => {
    const head = chunks.at(offset, RECORD_HEADER_BYTES)
    const header = head === undefined ? undefined : readRecordHeader(head)
    const record = header === undefined ? undefined : chunks.at(offset, RECORD_HEADER_BYTES + header.length)
    return record === undefined ? load(offset) : found(offset, header, record)
  }
}
