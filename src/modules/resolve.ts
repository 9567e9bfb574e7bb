/** From where a definition says its module is to a module in the store: what the submitter does before it queues a task. */
import { CorebrumError, toCorebrumError } from '../errors.ts'
import { MAX_MODULE_BYTES } from '../limits.ts'
import type { ModuleSource } from '../task/definition.ts'
import type { ModuleRef } from '../task/program.ts'
import { cidOf, parseCid } from './cid.ts'
import { readNamedFile, readUserFile } from './local-file.ts'
import type { ModuleStore, Retriever } from './modules.ts'
import { fetchUrl, type UrlOptions } from './url-source.ts'

export interface ResolveOptions {
  store: Pick<ModuleStore, 'find' | 'size' | 'put'>
  /** Asked for modules that are named by CID and are not in the store. Absent: no mesh. */
  retriever?: Retriever
  /** Throws ERR_NOT_WASM, or what else is wrong, for bytes that are no module. */
  checkBytes: (bytes: Uint8Array) => void
  /** Folder that relative paths are taken from: that of the definition. */
  baseDir: string
  /** CID that the module must have. */
  cid?: string
  /** Largest module, default MAX_MODULE_BYTES. */
  maxBytes?: number
  signal?: AbortSignal
  /** Default: HTTP(S) without address policy, for what the user names is fetched as is. */
  fetch?: (url: string, options: UrlOptions) => Promise<Uint8Array>
}

/**
 * Puts the module into the store and names it by CID. A URL that is down is no error when the pinned module can be had
 * from peers. Rejects with ERR_MODULE_NOT_FOUND, ERR_MODULE_HASH_MISMATCH, ERR_MODULE_TOO_LARGE, ERR_NOT_WASM, ERR_URL_REFUSED,
 * ERR_URL_FAILED, ERR_STORE, ERR_CID, ERR_CANCELLED.
 */
export async function resolveModule (source: ModuleSource, options: ResolveOptions): Promise<ModuleRef> {
  const { baseDir, signal, maxBytes = MAX_MODULE_BYTES } = options
  const pinned = options.cid === undefined ? undefined : parseCid(options.cid)
  switch (source.kind) {
    case 'bytes': return await filed(source.bytes, 'the embedded module', pinned, options)
    case 'file': {
      const { path, bytes } = await readUserFile(baseDir, source.path, maxBytes, signal === undefined ? {} : { signal })
      return await filed(bytes, path, pinned, options)
    }
    case 'name': return await byName(source.name, pinned, options)
    case 'url': return await byUrl(source.url, pinned, options)
    case 'cid': {
      const cid = parseCid(source.cid)
      if (pinned !== undefined && pinned !== cid) throw mismatch('the module', cid, pinned)
      return await byCid(cid, options)
    }
  }
}

async function byName (name: string, pinned: string | undefined, options: ResolveOptions): Promise<ModuleRef> {
  const { baseDir, store, signal, maxBytes = MAX_MODULE_BYTES } = options
  const file = await readNamedFile(baseDir, name, maxBytes, signal)
  if (file.bytes !== undefined) return await filed(file.bytes, file.path, pinned, options)
  const cid = pinned ?? cidIn(name)
  if (cid !== undefined && await store.find(cid)) return inStore(cid, store)
  if (cid !== undefined && options.retriever !== undefined) return await byCid(cid, options)
  throw new CorebrumError('ERR_MODULE_NOT_FOUND', `there is no ${file.path}, and "${name}" is not the CID of a module in the store; name the module's file, URL or CID`)
}

async function byUrl (url: string, pinned: string | undefined, options: ResolveOptions): Promise<ModuleRef> {
  const { store, retriever, signal, maxBytes = MAX_MODULE_BYTES, fetch = fetchUrl } = options
  if (pinned !== undefined && await store.find(pinned)) return inStore(pinned, store, [url])
  let bytes: Uint8Array
  try {
    bytes = await fetch(url, { policy: 'user', maxBytes, signal })
  } catch (thrown) {
    const error = toCorebrumError(thrown, 'ERR_URL_FAILED')
    if (error.code !== 'ERR_URL_FAILED' || pinned === undefined || retriever === undefined) throw error
    try {
      await retriever.ensure({ cid: pinned, size: 0, urls: [] }, { signal })
    } catch (other) {
      if (signal?.aborted === true) throw other
      const { message, problems } = toCorebrumError(other)
      throw new CorebrumError(error.code, `${error.message}; ${message}`, { cause: error, problems: [error.message, ...problems] })
    }
    return inStore(pinned, store, [url])
  }
  return await filed(bytes, url, pinned, options, [url])
}

async function byCid (cid: string, { store, retriever, signal }: ResolveOptions): Promise<ModuleRef> {
  if (!await store.find(cid)) {
    if (retriever === undefined) throw new CorebrumError('ERR_MODULE_NOT_FOUND', `the module store has no ${cid}, and there is no mesh to ask; add the module with "corebrum modules add FILE"`)
    await retriever.ensure({ cid, size: 0, urls: [] }, { signal })
  }
  return inStore(cid, store)
}

async function filed (bytes: Uint8Array, what: string, pinned: string | undefined, { store, checkBytes, maxBytes = MAX_MODULE_BYTES }: ResolveOptions, urls: string[] = []): Promise<ModuleRef> {
  if (bytes.length > maxBytes) throw new CorebrumError('ERR_MODULE_TOO_LARGE', `${what} has ${bytes.length} bytes; a module may have at most ${maxBytes}`)
  try {
    checkBytes(bytes)
  } catch (thrown) {
    const error = toCorebrumError(thrown, 'ERR_NOT_WASM')
    throw new CorebrumError(error.code, `${what}: ${error.message}`, { cause: error, problems: error.problems })
  }
  if (pinned !== undefined) {
    const found = cidOf(bytes)
    if (found !== pinned) throw mismatch(what, found, pinned)
  }
  return { cid: await store.put(bytes), size: bytes.length, urls }
}

function inStore (cid: string, store: ResolveOptions['store'], urls: string[] = []): ModuleRef {
  return { cid, size: store.size(cid) ?? 0, urls }
}

function cidIn (name: string): string | undefined {
  try {
    return parseCid(name)
  } catch {
    return undefined
  }
}

function mismatch (what: string, found: string, pinned: string): CorebrumError {
  return new CorebrumError('ERR_MODULE_HASH_MISMATCH', `${what} has the CID ${found}, but the definition pins ${pinned}; one of the two is out of date`)
}
