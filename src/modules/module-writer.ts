/** Receives one module into a partial file: hashes what comes in, writes behind in batches, checks the whole at the end. */
import { createHash, type Hash } from 'node:crypto'
import { createReadStream, createWriteStream, type WriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { CorebrumError } from '../errors.ts'
import { cidOfDigest } from './cid.ts'
import type { ModuleWriter } from './modules.ts'
import type { Partials } from './partials.ts'
import { storeError } from './store-error.ts'

/** Bytes that are collected for one write to the disk: a transfer comes in thousands of small chunks. */
const BATCH_BYTES = 512 * 1024
/** Bytes that may wait for the disk before `write` waits too. */
const WRITE_BEHIND_BYTES = 4 * BATCH_BYTES

export interface WriterComponents {
  partials: Partials
  /** Moves the verified file into the store. */
  file: (cid: string, path: string, size: number) => Promise<void>
}

/** Opens a writer; it goes on where an earlier attempt stopped. Rejects with ERR_STORE. */
export async function openModuleWriter (components: WriterComponents, cid: string, maxBytes: number): Promise<ModuleWriter> {
  const { partials } = components
  const { path, resumed } = await partials.claim(cid)
  try {
    const hash = createHash('sha256')
    let offset = 0
    if (resumed) {
      for await (const chunk of createReadStream(path)) {
        hash.update(chunk)
        offset += chunk.length
      }
    }
    const out = createWriteStream(path, { flags: resumed ? 'r+' : 'wx', mode: 0o600, start: offset, highWaterMark: WRITE_BEHIND_BYTES })
    return new DiskWriter(components, { cid, path, out, hash, offset, maxBytes })
  } catch (error) {
    throw storeError(error, path)
  }
}

interface WriterState { cid: string, path: string, out: WriteStream, hash: Hash, offset: number, maxBytes: number }

class DiskWriter implements ModuleWriter {
  readonly #components: WriterComponents
  readonly #state: WriterState
  readonly #closed: Promise<void>
  #open = true
  #batchBytes = 0

  constructor (components: WriterComponents, state: WriterState) {
    this.#components = components
    this.#state = state
    this.#closed = finished(state.out)
    state.out.cork()
    // The error is reported by the next call; nobody may be waiting now.
    this.#closed.catch(() => {})
  }

  get offset (): number { return this.#state.offset }

  async write (chunk: Uint8Array): Promise<void> {
    const { hash, out, maxBytes, path } = this.#state
    if (!this.#open) throw new CorebrumError('ERR_STORE', `${path} is closed already`)
    if (out.errored) throw storeError(out.errored, path)
    if (this.#state.offset + chunk.length > maxBytes) {
      throw new CorebrumError('ERR_MODULE_TOO_LARGE', `the module is over the limit of ${maxBytes} bytes`)
    }
    hash.update(chunk)
    this.#state.offset += chunk.length
    const ready = out.write(chunk)
    this.#batchBytes += chunk.length
    if (ready && this.#batchBytes < BATCH_BYTES) return
    this.#batchBytes = 0
    out.uncork()
    if (!ready) await this.#drained()
    out.cork()
    if (out.errored) throw storeError(out.errored, path)
  }

  async commit (): Promise<void> {
    const { cid, path, hash, offset } = this.#state
    await this.#end().catch(async (error: unknown) => {
      await this.#components.partials.drop(path)
      throw error
    })
    const found = cidOfDigest(hash.digest())
    if (found !== cid) {
      await this.#components.partials.drop(path)
      throw new CorebrumError('ERR_MODULE_HASH_MISMATCH', `the ${offset} bytes that came have the CID ${found}, not ${cid}`)
    }
    await this.#components.file(cid, path, offset)
  }

  async release (): Promise<void> {
    if (!this.#open) return
    const { partials } = this.#components
    const { cid, path } = this.#state
    // Part of a module that the disk had no room for would fill the disk.
    const whole = await this.#end().then(() => true, () => false)
    if (whole) await partials.free(cid, path)
    else await partials.drop(path)
    await partials.trim()
  }

  async discard (): Promise<void> {
    if (!this.#open) return
    this.#open = false
    this.#state.out.destroy()
    await this.#closed.catch(() => {})
    await this.#components.partials.drop(this.#state.path)
  }

  async #drained (): Promise<void> {
    const { out } = this.#state
    if (!out.writableNeedDrain) return
    await new Promise<void>((resolve) => {
      const done = (): void => {
        out.off('drain', done).off('close', done)
        resolve()
      }
      out.on('drain', done).on('close', done)
    })
  }

  async #end (): Promise<void> {
    const { out, path } = this.#state
    if (!this.#open) throw new CorebrumError('ERR_STORE', `${path} is closed already`)
    this.#open = false
    out.end()
    try {
      await this.#closed
    } catch (error) {
      throw storeError(error, path)
    }
  }
}
