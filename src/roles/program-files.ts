/** Files of a program that are named by CID: got as its module is, and read for each call. */
import type { CallFile } from '../executor/executor.ts'
import type { ModuleStore, RetrieveOptions, Retriever } from '../modules/modules.ts'
import { readThrough } from '../modules/read-through.ts'
import type { Program, ProgramFile } from '../task/program.ts'

export type FileRef = Extract<ProgramFile, { cid: string }>

export interface ProgramFilesComponents {
  store: Pick<ModuleStore, 'has' | 'read'>
  retriever: Retriever
}

const NONE: readonly FileRef[] = []

export function fileRefs ({ setup }: Program): readonly FileRef[] {
  return setup === undefined ? NONE : setup.files.filter((file): file is FileRef => 'cid' in file)
}

/** True when all of a program's files are here; no promise that they still are a moment later. */
export function hasFiles (program: Program, { store }: ProgramFilesComponents): boolean {
  return fileRefs(program).every(({ cid }) => store.has(cid))
}

/** Makes sure that the store has a program's files. Rejects as `Retriever.ensure`. */
export async function ensureFiles (program: Program, { store, retriever }: ProgramFilesComponents, options: RetrieveOptions): Promise<void> {
  for (const { cid, size } of fileRefs(program)) if (!store.has(cid)) await retriever.ensure({ cid, size, urls: [] }, options)
}

/** A program's files with their bytes. Rejects as `ModuleStore.read` and `Retriever.ensure`. */
export async function readFiles (program: Program, { store, retriever }: ProgramFilesComponents): Promise<CallFile[]> {
  const files: CallFile[] = []
  for (const { path, cid } of fileRefs(program)) files.push({ path, bytes: await readThrough(store, retriever, cid) })
  return files
}
