/** Files that commands hand to the daemon for a task that they then submit: too large for JSON, and maybe not the daemon's to read. */
import { CorebrumError } from '../errors.ts'
import { MAX_UPLOADS, UPLOAD_KEPT_MS } from './limits.ts'
import type { Blobs, KeptBlob } from '../modules/blobs.ts'

export interface Uploads {
  /** Keeps a file for a while; returns its CID. Rejects with ERR_QUEUE_FULL, ERR_STORE. */
  add (bytes: Uint8Array): Promise<string>
  /** A file's bytes, which are then kept no longer. Rejects with ERR_BLOB_NOT_FOUND. */
  take (cid: string): Promise<Uint8Array>
  stop (): void
}

export interface UploadsComponents { blobs: () => Promise<Pick<Blobs, 'put' | 'read'>> }

export function createUploads ({ blobs }: UploadsComponents, { keptMs = UPLOAD_KEPT_MS }: { keptMs?: number } = {}): Uploads {
  /** Oldest first; one file may be there several times. */
  const waiting = new Set<{ blob: KeptBlob, timer: NodeJS.Timeout }>()

  function drop (upload: { blob: KeptBlob, timer: NodeJS.Timeout }): void {
    clearTimeout(upload.timer)
    waiting.delete(upload)
    upload.blob.release()
  }

  return {
    async add (bytes) {
      if (waiting.size >= MAX_UPLOADS) throw new CorebrumError('ERR_QUEUE_FULL', `${waiting.size} files wait here for the tasks that name them, as many as may`)
      const blob = await (await blobs()).put(bytes)
      const upload = { blob, timer: setTimeout(() => { drop(upload) }, keptMs).unref() }
      waiting.add(upload)
      return blob.cid
    },
    async take (cid) {
      const upload = [...waiting].find(({ blob }) => blob.cid === cid)
      if (upload === undefined) throw new CorebrumError('ERR_BLOB_NOT_FOUND', `the file ${cid} is not here any more; submit the task again`)
      try {
        return await (await blobs()).read(cid)
      } finally {
        drop(upload)
      }
    },
    stop () {
      for (const upload of waiting) drop(upload)
    },
  }
}
