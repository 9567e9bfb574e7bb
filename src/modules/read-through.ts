/** Reads a module that should be in the store, and gets it once more when it is not. */
import { toCorebrumError } from '../errors.ts'
import type { ModuleStore, Retriever } from './modules.ts'

/**
 * A module that was there when a call was taken may have been evicted, damaged or removed by another process when its
 * sandbox asks for it. Rejects as `ModuleStore.read` and `Retriever.ensure`.
 */
export async function readThrough (store: Pick<ModuleStore, 'read'>, retriever: Retriever, cid: string): Promise<Uint8Array> {
  try {
    return await store.read(cid)
  } catch (error) {
    if (toCorebrumError(error).code !== 'ERR_MODULE_NOT_FOUND') throw error
    await retriever.ensure({ cid, size: 0, urls: [] })
    return await store.read(cid)
  }
}
