/** The files that a definition places in its program's root, found before the task is queued: small ones inline, others in the store. */
import { CorebrumError, toCorebrumError } from '../../errors.ts'
import { MAX_INLINE_FILE_BYTES, MAX_WASI_FILE_BYTES } from '../../limits.ts'
import { cidOf } from '../../modules/cid.ts'
import { DATA_FILE, readUserFile } from '../../modules/local-file.ts'
import type { ModuleStore, Retriever } from '../../modules/modules.ts'
import type { FileSource, TaskDefinition } from '../../task/definition.ts'
import type { ProgramFile } from '../../task/program.ts'
import { quoted } from '../../task/values.ts'

export interface PlacedFilesComponents {
  store: Pick<ModuleStore, 'find' | 'size' | 'put' | 'hold'>
  retriever: Retriever
}

export interface PlaceOptions {
  baseDir: string
  /** Given what lets go of a file that is kept from eviction meanwhile. */
  onHold: (end: () => void) => void
  signal?: AbortSignal
}

/** A file whose bytes are at hand. */
interface Held { path: string, bytes: Uint8Array }

/** In the order of the definition. Rejects with ERR_DEFINITION, ERR_MODULE_NOT_FOUND for a CID, ERR_STORE, ERR_CANCELLED. */
export async function placeFiles ({ name, setup }: TaskDefinition, components: PlacedFilesComponents, options: PlaceOptions): Promise<ProgramFile[]> {
  const files: Array<ProgramFile | Held> = []
  for (const source of setup?.files ?? []) files.push(await find(source, components, options))
  const total = files.reduce((sum, file) => sum + ('bytes' in file ? file.bytes.length : 'cid' in file ? file.size : 0), 0)
  if (total > MAX_WASI_FILE_BYTES) {
    throw new CorebrumError('ERR_DEFINITION', `the files of ${quoted(name)} have ${total} bytes, allowed: ${MAX_WASI_FILE_BYTES} - leave some out, or split the task`)
  }
  const inline = smallest(files.filter((file): file is Held => 'bytes' in file))
  const placed: ProgramFile[] = []
  for (const file of files) placed.push('bytes' in file && !inline.has(file) ? await store(file, components, options) : file)
  return placed
}

async function find (source: FileSource, { store, retriever }: PlacedFilesComponents, { baseDir, onHold, signal }: PlaceOptions): Promise<ProgramFile> {
  if ('file' in source) {
    const { bytes } = await readUserFile(baseDir, source.file, MAX_WASI_FILE_BYTES, { kind: DATA_FILE, ...(signal === undefined ? {} : { signal }) }).catch((error: unknown) => {
      const { code, message } = toCorebrumError(error)
      throw new CorebrumError(code, code === 'ERR_DEFINITION' ? `files: ${quoted(source.path)}: ${message}` : message, { cause: error })
    })
    return { path: source.path, bytes }
  }
  if (!('cid' in source)) return source
  const { path, cid } = source
  onHold(store.hold(cid))
  if (!await store.find(cid)) await retriever.ensure({ cid, size: 0, urls: [] }, signal === undefined ? {} : { signal })
  return { path, cid, size: store.size(cid) ?? 0 }
}

async function store ({ path, bytes }: Held, { store }: PlacedFilesComponents, { onHold }: PlaceOptions): Promise<ProgramFile> {
  onHold(store.hold(cidOf(bytes)))
  return { path, cid: await store.put(bytes), size: bytes.length }
}

/** As many as a program may hold itself. */
function smallest (files: Held[]): Set<ProgramFile | Held> {
  const inline = new Set<ProgramFile | Held>()
  let room = MAX_INLINE_FILE_BYTES
  for (const file of [...files].sort((a, b) => a.bytes.length - b.bytes.length)) {
    room -= file.bytes.length
    if (room < 0) break
    inline.add(file)
  }
  return inline
}
