/** Bytes and stores for the tests of modules. */
import { randomBytes } from 'node:crypto'
import { cidOf } from '../../src/modules/cid.ts'
import type { ModuleStore } from '../../src/modules/modules.ts'
import { createModuleStore, type ModuleStoreInit } from '../../src/modules/store.ts'
import { removeTempDirs, tempDir } from './temp-dir.ts'

/** The header of a core module, version 1: the smallest module. */
export const WASM_HEADER = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)

export interface Sample { bytes: Uint8Array, cid: string }

/** Random bytes behind a module's header, and their CID. */
export function sample (size = 1000): Sample {
  const bytes = randomBytes(size)
  bytes.set(WASM_HEADER.subarray(0, size))
  return { bytes, cid: cidOf(bytes) }
}

export interface Stores {
  tempDir: typeof tempDir
  /** A started store, in a folder of its own unless `dir` is given. */
  startedStore: (init?: Partial<ModuleStoreInit>) => Promise<ModuleStore>
}

/** Call within `describe`: stores are stopped and their folders removed after each test. */
export function useStores (): Stores {
  const started: ModuleStore[] = []
  afterEach(async () => {
    for (const store of started.splice(0)) await store.stop()
    await removeTempDirs()
  })
  const startedStore = async (init: Partial<ModuleStoreInit> = {}): Promise<ModuleStore> => {
    const store = createModuleStore({ dir: await tempDir(), ...init })
    await store.start()
    started.push(store)
    return store
  }
  return { tempDir, startedStore }
}

export async function collect (source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of source) chunks.push(chunk)
  return Buffer.concat(chunks)
}
