/** Looks at the module of a definition as a submit does, without a node: what is in the definition or beside it, not what is elsewhere. */
import type { ModuleSource } from '../task/definition.ts'
import { cidOf } from './cid.ts'
import { resolveModule, type ResolveOptions } from './resolve.ts'

/** What is named by a CID may be in the store of the node that submits; what is looked at is kept nowhere. */
const UNSEEN_STORE: ResolveOptions['store'] = { find: async () => true, size: () => undefined, put: async (bytes) => cidOf(bytes) }

/** Rejects with ERR_MODULE_NOT_FOUND, ERR_MODULE_HASH_MISMATCH, ERR_MODULE_TOO_LARGE, ERR_NOT_WASM, ERR_MODULE_INVALID, ERR_CID. */
export async function checkModule (source: ModuleSource, options: Pick<ResolveOptions, 'baseDir' | 'cid' | 'checkBytes'>): Promise<void> {
  if (source.kind !== 'url') await resolveModule(source, { ...options, store: UNSEEN_STORE })
}
