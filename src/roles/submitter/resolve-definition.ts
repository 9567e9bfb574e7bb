/** Finds what a definition names, wherever it says that it is: its module and its files. */
import { resolveModule } from '../../modules/resolve.ts'
import type { ModuleStore, Retriever } from '../../modules/modules.ts'
import type { TaskDefinition } from '../../task/definition.ts'
import type { ModuleRef, ProgramFile } from '../../task/program.ts'
import { placeFiles, type PlaceOptions } from './placed-files.ts'

export interface ResolveComponents {
  store: ModuleStore
  retriever: Retriever
  /** Throws when the bytes are no module that could run. */
  checkBytes: (bytes: Uint8Array) => void
  /** Called with the CID of a module that tasks are about to name. */
  onModule: (cid: string) => void
}

/** The module in the store, and the files in the order of the definition. Rejects as `resolveModule` and `placeFiles`. */
export async function resolveDefinition (definition: TaskDefinition, { store, retriever, checkBytes, onModule }: ResolveComponents, options: PlaceOptions): Promise<{ module: ModuleRef, files: ProgramFile[] }> {
  const { cid } = definition
  const { baseDir, signal } = options
  const module = await resolveModule(definition.module, { store, retriever, checkBytes, baseDir, ...(cid === undefined ? {} : { cid }), ...(signal === undefined ? {} : { signal }) })
  onModule(module.cid)
  return { module, files: await placeFiles(definition, { store, retriever }, options) }
}
