/** Tells a node's owner that its disk does not take what tasks of others need: once, and again only after a while. */
import { toCorebrumError } from '../../errors.ts'
import type { Blobs } from '../../modules/blobs.ts'
import { DISK_WARNING_EVERY_MS } from './limits.ts'
import type { Provisions } from './provisions.ts'

export interface DiskWatchComponents {
  warn: (message: string) => void
  /** Monotonic milliseconds. Default performance.now. */
  now?: () => number
}

export interface DiskWatch {
  provisions (provisions: Provisions): Provisions
  blobs (blobs: Pick<Blobs, 'put'>): Pick<Blobs, 'put'>
}

/** One watch for all that a worker writes, as it is one disk. */
export function createDiskWatch ({ warn, now = () => performance.now() }: DiskWatchComponents): DiskWatch {
  let silentUntil = -Infinity

  async function watched<T> (writing: Promise<T>): Promise<T> {
    try {
      return await writing
    } catch (thrown) {
      const { code, message } = toCorebrumError(thrown)
      if (code === 'ERR_STORE' && now() >= silentUntil) {
        silentUntil = now() + DISK_WARNING_EVERY_MS
        warn(`tasks are given back to their submitters, as what they need cannot be written here: ${message}`)
      }
      throw thrown
    }
  }

  return {
    provisions: (provisions) => ({ ...provisions, fetch: (lease, options) => watched(provisions.fetch(lease, options)) }),
    blobs: (blobs) => ({ put: (bytes) => watched(blobs.put(bytes)) }),
  }
}
