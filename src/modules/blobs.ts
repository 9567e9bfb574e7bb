/**
 * Large inputs and outputs of open tasks, on disk, each for as long as somebody keeps it. They lie apart from the modules:
 * they are the user's data, no cache, and go when the tasks that need them have ended. The folder is of this process alone and
 * goes with it, but for a node with a journal: its tasks need them again after a restart.
 */
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CorebrumError } from '../errors.ts'
import { DEFAULT_STORE_BYTES, MAX_BLOB_BYTES } from '../limits.ts'
import { parseCid } from './cid.ts'
import type { ByteSource, ModuleStore } from './modules.ts'
import { isAlive, PROCESS_NAME } from './process-token.ts'
import { createSerially } from './serially.ts'
import { createModuleStore } from './store.ts'
import { storeError, systemCode } from './store-error.ts'

export interface KeptBlob {
  cid: string
  size: number
  /** Ends this keeping of it; the last one's end drops the bytes. May be called more than once. */
  release: () => void
}

export interface Blobs extends ByteSource {
  /** Removes what dead processes left. Rejects with ERR_STORE. */
  start (): Promise<void>
  /** Drops everything that is not durable. */
  stop (): Promise<void>
  /** Keeps bytes until they are released; durable ones are on disk when it resolves. Rejects with ERR_QUEUE_FULL when there is no room now, with ERR_STORE when there never is. */
  put (bytes: Uint8Array): Promise<KeptBlob>
  /** Rejects with ERR_BLOB_NOT_FOUND, ERR_STORE. */
  read (cid: string): Promise<Uint8Array>
  /** Keeps what is there since before a restart. Rejects with ERR_BLOB_NOT_FOUND. */
  adopt (cid: string): Promise<KeptBlob>
  /** Removes what is there since before a restart and nobody has adopted; the bytes of it. */
  sweep (): Promise<number>
}

export interface BlobsInit {
  /** Shared by the processes that share a data folder; made when it is needed. */
  dir: string
  /** Default DEFAULT_STORE_BYTES. */
  maxBytes?: number
  /** They outlive this process; then only one at a time may have them. Default false. */
  durable?: boolean
}

const DURABLE = 'durable'
const FOLDER = /^(\d+)-([0-9a-f]+)\.\d+$/
let instances = 0

export function createBlobs (init: BlobsInit): Blobs {
  return new DiskBlobs(init)
}

class DiskBlobs implements Blobs {
  readonly #parent: string
  readonly #dir: string
  readonly #maxBytes: number
  readonly #durable: boolean
  readonly #store: ModuleStore
  /** How often each is kept, and what lets it go. */
  readonly #kept = new Map<string, { times: number, size: number, end: () => void }>()
  #started?: Promise<void>
  #stopped = false
  #bytes = 0
  /** One at a time, so that no removal meets a `put` of the same bytes half way. */
  readonly #serially = createSerially()

  constructor ({ dir, maxBytes = DEFAULT_STORE_BYTES, durable = false }: BlobsInit) {
    this.#parent = dir
    this.#dir = join(dir, durable ? DURABLE : `${PROCESS_NAME}.${instances++}`)
    this.#maxBytes = maxBytes
    this.#durable = durable
    // The budget is kept here, where it is known what is still needed.
    this.#store = createModuleStore({ dir: this.#dir, maxBytes: Number.MAX_SAFE_INTEGER, maxModuleBytes: MAX_BLOB_BYTES, sync: durable })
  }

  async start (): Promise<void> {
    try {
      for (const name of await readdir(this.#parent)) {
        const [, pid, token] = FOLDER.exec(name) ?? []
        if (pid !== undefined && !isAlive(Number(pid), token)) await rm(join(this.#parent, name), { recursive: true, force: true })
      }
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw storeError(error, this.#parent)
    }
    // Nothing is written before the first one; what is there must be known.
    if (this.#durable && await stat(this.#dir).then(() => true, () => false)) await (this.#started ??= this.#open())
  }

  async stop (): Promise<void> {
    this.#stopped = true
    await this.#serially(async () => {})
    if (this.#started === undefined) return
    await this.#store.stop()
    if (!this.#durable) await rm(this.#dir, { recursive: true, force: true }).catch(() => {})
  }

  async put (bytes: Uint8Array): Promise<KeptBlob> {
    const size = bytes.length
    const limit = Math.min(this.#maxBytes, MAX_BLOB_BYTES)
    if (size > limit) throw new CorebrumError('ERR_STORE', `a value of ${size} bytes does not fit into this node's store for values: ${limit} bytes; see --store-limit`)
    if (this.#bytes + size > this.#maxBytes) {
      throw new CorebrumError('ERR_QUEUE_FULL', `this node holds ${this.#bytes} bytes of large inputs and outputs, and may hold ${this.#maxBytes}; wait until some tasks have ended, or raise --store-limit`)
    }
    this.#bytes += size
    try {
      return await this.#serially(() => this.#keep(bytes))
    } catch (error) {
      this.#bytes -= size
      throw error
    }
  }

  async read (cid: string): Promise<Uint8Array> {
    if (!this.#kept.has(cid)) throw missing(cid)
    return await this.#store.read(cid)
  }

  async find (cid: string): Promise<boolean> {
    return this.#kept.has(parseCid(cid))
  }

  size (cid: string): number | undefined {
    return this.#store.size(cid)
  }

  hold (cid: string): () => void {
    return this.#store.hold(cid)
  }

  stream (cid: string, offset: number): AsyncIterable<Uint8Array> {
    return this.#store.stream(cid, offset)
  }

  async #keep (bytes: Uint8Array): Promise<KeptBlob> {
    if (this.#stopped) throw new CorebrumError('ERR_STORE', 'this node is stopping and keeps no more values')
    this.#started ??= this.#open()
    await this.#started
    return this.#count(await this.#store.put(bytes), bytes.length)
  }

  async adopt (cid: string): Promise<KeptBlob> {
    return await this.#serially(async () => {
      const size = this.#started === undefined ? undefined : this.#store.size(cid)
      if (size === undefined) throw missing(cid)
      this.#bytes += size
      return this.#count(cid, size)
    })
  }

  async sweep (): Promise<number> {
    if (this.#started === undefined) return 0
    return await this.#serially(async () => {
      let bytes = 0
      for (const { cid, size } of this.#store.list()) {
        if (this.#kept.has(cid)) continue
        bytes += size
        await this.#store.remove(cid)
      }
      return bytes
    })
  }

  /** One more who keeps it; its bytes are counted by then. */
  #count (cid: string, size: number): KeptBlob {
    const entry = this.#kept.get(cid) ?? { times: 0, size, end: this.#store.hold(cid) }
    if (++entry.times > 1) this.#bytes -= size
    this.#kept.set(cid, entry)
    let kept = true
    const release = (): void => {
      if (kept) this.#release(cid)
      kept = false
    }
    return { cid, size, release }
  }

  async #open (): Promise<void> {
    await mkdir(this.#parent, { recursive: true, mode: 0o700 }).catch((error: unknown) => { throw storeError(error, this.#parent) })
    await this.#store.start()
  }

  #release (cid: string): void {
    const entry = this.#kept.get(cid)
    if (entry === undefined || --entry.times > 0) return
    this.#kept.delete(cid)
    this.#bytes -= entry.size
    entry.end()
    // What was put again meanwhile stays. A file that cannot be removed goes with its folder.
    this.#serially(async () => { if (!this.#kept.has(cid) && (this.#durable || !this.#stopped)) await this.#store.remove(cid) }).catch(() => {})
  }
}

function missing (cid: string): CorebrumError {
  return new CorebrumError('ERR_BLOB_NOT_FOUND', `this node keeps no ${cid}`)
}
