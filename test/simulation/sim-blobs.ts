/** Large values of one process, on the disk of its host: they stay while somebody keeps them, also after a kill. */
import { CorebrumError } from '../../src/errors.ts'
import type { Blobs, KeptBlob } from '../../src/modules/blobs.ts'
import { cidOf } from '../../src/modules/cid.ts'

export class SimBlobs implements Pick<Blobs, 'put' | 'adopt' | 'read'> {
  private readonly disk: Map<string, Uint8Array>
  private readonly keepers = new Map<string, number>()

  constructor (disk: Map<string, Uint8Array>) {
    this.disk = disk
  }

  async put (bytes: Uint8Array): Promise<KeptBlob> {
    const cid = cidOf(bytes)
    this.disk.set(cid, bytes)
    return this.keep(cid, bytes)
  }

  async adopt (cid: string): Promise<KeptBlob> {
    return this.keep(cid, await this.read(cid))
  }

  async read (cid: string): Promise<Uint8Array> {
    const bytes = this.disk.get(cid)
    if (bytes === undefined) throw new CorebrumError('ERR_BLOB_NOT_FOUND', `nobody keeps ${cid}`)
    return bytes
  }

  private keep (cid: string, { length: size }: Uint8Array): KeptBlob {
    this.keepers.set(cid, (this.keepers.get(cid) ?? 0) + 1)
    return {
      cid,
      size,
      release: () => {
        const left = (this.keepers.get(cid) ?? 0) - 1
        this.keepers.set(cid, left)
        if (left === 0) this.disk.delete(cid)
      },
    }
  }
}
