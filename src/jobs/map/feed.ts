/** Gives a running map its inputs, as fast as it takes them. */
import { CorebrumError } from '../../errors.ts'
import { MAX_SPOOL_AHEAD_BYTES } from '../limits.ts'
import type { MapFiles } from './map-files.ts'
import type { SpoolMark } from './spool.ts'

export interface FeedOptions {
  /** Of the map. */
  id: string
  /** Resolves when the map has moved on, or was paused. */
  changed: () => Promise<void>
}

/**
 * Takes the inputs behind those that are there, which `mark` names, to their end. Resolves with the number of all. Rejects with
 * ERR_INPUT, ERR_JOURNAL, ERR_USAGE, ERR_CANCELLED, or as `chunks`; what came before stays.
 */
export async function feed ({ spool, cursor, closing: { signal: closing } }: Pick<MapFiles, 'spool' | 'cursor' | 'closing'>, chunks: AsyncIterable<Uint8Array>, { bytes, crc }: SpoolMark, { id, changed }: FeedOptions): Promise<number> {
  // From then on the beginning of a line is forgotten: its rest must not stand for a whole one.
  const requireOpen = (): void => { if (closing.aborted) throw new CorebrumError('ERR_CANCELLED', `the map ${id} was paused before it had all its inputs`) }
  if (spool.isSealed) throw new CorebrumError('ERR_USAGE', `the map ${id} has all its inputs`)
  if (spool.mark.bytes !== bytes || spool.mark.crc !== crc) throw new CorebrumError('ERR_USAGE', `the inputs do not begin as those that the map ${id} has got; give it the same ones again`)
  try {
    for await (const chunk of chunks) {
      requireOpen()
      await spool.add(chunk)
      while (!closing.aborted && spool.size - cursor.consumed > MAX_SPOOL_AHEAD_BYTES) await changed()
    }
    requireOpen()
    await spool.seal()
    return spool.items
  } finally {
    if (!closing.aborted && !spool.isSealed) await spool.pauseAdding().catch(() => {})
  }
}
