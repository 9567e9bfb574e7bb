/** The module store: files named by CID under a byte budget, verified before they are used, oldest use evicted first. */
import { mkdir, rename, stat, unlink, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { CorebrumError } from '../errors.ts'
import { DEFAULT_STORE_BYTES, MAX_MODULE_BYTES } from '../limits.ts'
import { MAX_STORE_MODULES, MODULE_USE_FLUSH_MS } from './limits.ts'
import { cidOf, digestOfCid, parseCid } from './cid.ts'
import { syncFolder } from './durable-file.ts'
import { DamagedFile, readModuleFile, streamModuleFile, verifyModuleFile } from './module-file.ts'
import { openModuleWriter } from './module-writer.ts'
import type { ModuleStore, ModuleWriter, StoredModule } from './modules.ts'
import { Partials } from './partials.ts'
import { createSerially } from './serially.ts'
import { storeError, systemCode } from './store-error.ts'
import { StoreIndex, type IndexEntry } from './store-index.ts'
import { modulePath, scanModules } from './store-scan.ts'

export interface ModuleStoreInit {
  /** Folder of the store; made when it is missing. */
  dir: string
  /** Budget, default DEFAULT_STORE_BYTES. */
  maxBytes?: number
  /** Largest module, default MAX_MODULE_BYTES; never over the budget. */
  maxModuleBytes?: number
  /** What is put survives a power cut. Default true. */
  sync?: boolean
}

/** Makes a store on disk; nothing is read or written before `start`, which rejects with ERR_STORE. */
export function createModuleStore (init: ModuleStoreInit): ModuleStore {
  return new DiskStore(init)
}

class DiskStore implements ModuleStore {
  readonly #dir: string
  readonly #maxBytes: number
  readonly #maxModuleBytes: number
  readonly #sync: boolean
  readonly #partials: Partials
  readonly #index = new StoreIndex()
  /** Modules whose time of use the disk does not know yet. */
  readonly #used = new Set<string>()
  #flushTimer?: NodeJS.Timeout
  /** Keeps a removal from deleting the file that a `put` has just filed under the same name. */
  readonly #serially = createSerially()

  constructor (init: ModuleStoreInit) {
    this.#dir = init.dir
    this.#maxBytes = init.maxBytes ?? DEFAULT_STORE_BYTES
    this.#maxModuleBytes = Math.min(init.maxModuleBytes ?? MAX_MODULE_BYTES, this.#maxBytes)
    this.#sync = init.sync ?? true
    this.#partials = new Partials(join(init.dir, 'partial'))
  }

  async start (): Promise<void> {
    if (this.#flushTimer !== undefined) return
    this.#flushTimer = setInterval(() => { void this.#flushUses() }, MODULE_USE_FLUSH_MS).unref()
    try {
      await mkdir(this.#dir, { recursive: true, mode: 0o700 })
      await this.#partials.start()
      for (const entry of await scanModules(this.#dir)) this.#index.add(entry)
      await this.#evict()
    } catch (error) {
      clearInterval(this.#flushTimer)
      this.#flushTimer = undefined
      throw storeError(error, this.#dir)
    }
  }

  async stop (): Promise<void> {
    clearInterval(this.#flushTimer)
    this.#flushTimer = undefined
    await this.#flushUses()
  }

  has (cid: string): boolean {
    return this.#index.get(cid) !== undefined
  }

  size (cid: string): number | undefined {
    return this.#index.get(cid)?.size
  }

  async find (cid: string): Promise<boolean> {
    return await this.#lookUp(cid) !== undefined
  }

  hold (cid: string): () => void {
    const end = this.#index.hold(cid)
    return () => {
      end()
      void this.#evict()
    }
  }

  async read (cid: string): Promise<Uint8Array> {
    return await this.#use(cid, async (entry, path) => {
      return await readModuleFile(path, entry.size, entry.verified ? undefined : digestOfCid(entry.cid))
    })
  }

  async * stream (cid: string, offset: number): AsyncGenerator<Uint8Array> {
    const end = this.hold(cid)
    try {
      const entry = await this.#use(cid, async (found, path) => {
        if (!found.verified) await verifyModuleFile(path, found.size, digestOfCid(found.cid))
        return found
      })
      const path = this.#path(entry.cid)
      try {
        yield * streamModuleFile(path, entry.size, offset)
      } catch (error) {
        throw await this.#unusable(entry, path, error)
      }
    } finally {
      end()
    }
  }

  async put (bytes: Uint8Array): Promise<string> {
    if (bytes.length > this.#maxModuleBytes) {
      throw new CorebrumError('ERR_MODULE_TOO_LARGE', `the module has ${bytes.length} bytes; this node takes at most ${this.#maxModuleBytes}`)
    }
    const cid = cidOf(bytes)
    const known = this.#index.get(cid)
    // A file that was not checked yet is written anew: the right bytes are at hand.
    if (known?.verified === true) {
      this.#touch(known)
      return cid
    }
    const path = await this.#partials.write(cid, bytes, this.#sync)
    await this.#file(cid, path, bytes.length)
    if (this.#sync) await syncFolder(this.#dir)
    return cid
  }

  async writer (cid: string): Promise<ModuleWriter> {
    const components = { partials: this.#partials, file: this.#file.bind(this) }
    return await openModuleWriter(components, parseCid(cid), this.#maxModuleBytes)
  }

  list (): StoredModule[] {
    return this.#index.list()
  }

  async remove (cid: string): Promise<boolean> {
    const entry = await this.#lookUp(cid)
    if (entry === undefined) return false
    this.#index.delete(entry.cid)
    await this.#unlink(entry.cid)
    return true
  }

  /** Runs `work` on a module and counts that as a use; a file that turns out bad is removed and is then missing. */
  async #use<T> (cid: string, work: (entry: IndexEntry, path: string) => Promise<T>): Promise<T> {
    const entry = await this.#lookUp(cid)
    if (entry === undefined) throw missing(cid)
    const path = this.#path(entry.cid)
    const end = this.#index.hold(entry.cid)
    try {
      const result = await work(entry, path)
      entry.verified = true
      this.#touch(entry)
      return result
    } catch (error) {
      throw await this.#unusable(entry, path, error)
    } finally {
      end()
    }
  }

  async #unusable (entry: IndexEntry, path: string, error: unknown): Promise<CorebrumError> {
    const gone = systemCode(error) === 'ENOENT'
    if (!gone && !(error instanceof DamagedFile)) return storeError(error, path)
    this.#index.delete(entry.cid)
    if (!gone) await this.#unlink(entry.cid)
    return missing(entry.cid, error)
  }

  /** The index's entry, or that of a file which another process has put there since. */
  async #lookUp (text: string): Promise<IndexEntry | undefined> {
    const known = this.#index.get(text)
    if (known !== undefined) return known
    const cid = parseCid(text)
    const found = await stat(this.#path(cid)).catch(() => undefined)
    if (found?.isFile() !== true || found.size > this.#maxModuleBytes) return undefined
    const entry = this.#index.get(cid) ?? { cid, size: found.size, usedAtMs: found.mtimeMs, verified: false }
    this.#index.add(entry)
    return entry
  }

  async #file (cid: string, path: string, size: number): Promise<void> {
    const end = this.#index.hold(cid)
    try {
      await this.#serially(async () => {
        await rename(path, this.#path(cid))
        this.#index.add({ cid, size, usedAtMs: Date.now(), verified: true })
      })
      await this.#evict()
    } catch (error) {
      await this.#partials.drop(path).catch(() => {})
      throw storeError(error, this.#path(cid))
    } finally {
      end()
    }
  }

  async #evict (): Promise<void> {
    for (const cid of this.#index.takeVictims(this.#maxBytes, MAX_STORE_MODULES)) await this.#unlink(cid)
  }

  async #unlink (cid: string): Promise<void> {
    await this.#serially(async () => {
      if (this.has(cid)) return
      this.#used.delete(cid)
      // Another process may have been faster; a file that stays is found again at the next start.
      await unlink(this.#path(cid)).catch(() => {})
    })
  }

  #touch (entry: IndexEntry): void {
    this.#index.touch(entry, Date.now())
    this.#used.add(entry.cid)
  }

  async #flushUses (): Promise<void> {
    const cids = [...this.#used]
    this.#used.clear()
    for (const cid of cids) {
      const entry = this.#index.get(cid)
      // Only the order of eviction depends on it.
      if (entry !== undefined) await utimes(this.#path(cid), new Date(), new Date(entry.usedAtMs)).catch(() => {})
    }
  }

  #path (cid: string): string {
    return modulePath(this.#dir, cid)
  }
}

function missing (cid: string, cause?: unknown): CorebrumError {
  return new CorebrumError('ERR_MODULE_NOT_FOUND', `the module store has no ${cid}`, { cause })
}
