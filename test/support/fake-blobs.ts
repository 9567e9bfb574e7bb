/** Values that nodes keep, without disks and sockets: `put` makes them, `fetch` gives them, whoever is asked. */
import { CorebrumError } from '../../src/errors.ts'
import type { BlobFetcher } from '../../src/modules/blob-fetch.ts'
import type { Blobs } from '../../src/modules/blobs.ts'
import { cidOf } from '../../src/modules/cid.ts'

export class FakeBlobs implements BlobFetcher, Pick<Blobs, 'put' | 'read'> {
  readonly bytes = new Map<string, Uint8Array>()
  readonly fetches: Array<{ peer: string, cid: string, signal: AbortSignal | undefined }> = []
  /** Set by a test: what `fetch` waits for, or fails with. */
  beforeFetch: () => Promise<void> = async () => {}
  failPut?: Error

  async put (bytes: Uint8Array): Promise<{ cid: string, size: number, release: () => void }> {
    if (this.failPut !== undefined) throw this.failPut
    const cid = cidOf(bytes)
    this.bytes.set(cid, bytes)
    return { cid, size: bytes.length, release: () => { this.bytes.delete(cid) } }
  }

  async read (cid: string): Promise<Uint8Array> {
    const bytes = this.bytes.get(cid)
    if (bytes === undefined) throw new CorebrumError('ERR_BLOB_NOT_FOUND', `nobody keeps ${cid}`)
    return bytes
  }

  async fetch (peer: string, { cid }: { cid: string }, { signal }: { signal?: AbortSignal } = {}): Promise<Uint8Array> {
    this.fetches.push({ peer, cid, signal })
    const aborted = new Promise<never>((_resolve, reject) => { signal?.addEventListener('abort', () => { reject(signal.reason) }, { once: true }) })
    aborted.catch(() => {})
    await Promise.race([this.beforeFetch(), aborted])
    return await this.read(cid)
  }
}
