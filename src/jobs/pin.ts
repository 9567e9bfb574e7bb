/** Makes definitions independent of the folder and the moment: their modules and files in the store, named by CID, and held there. */
import { cidOf } from '../modules/cid.ts'
import type { ModuleStore } from '../modules/modules.ts'
import { resolveDefinition, type ResolveComponents } from '../roles/submitter/resolve-definition.ts'
import { isPipeline, type AnyDefinition, type FileSource, type TaskDefinition } from '../task/definition.ts'
import type { ProgramFile } from '../task/program.ts'
import type { JobTasks } from './ports.ts'

export interface PinComponents extends ResolveComponents {
  /** The PeerId that a part of one means. Throws ERR_USAGE. Default: it is one. */
  resolvePeer?: (name: string) => string
}

export interface PinOptions {
  baseDir: string
  signal?: AbortSignal
}

export interface Pinned<D> {
  definition: D
  /** Lets go of its module and files. */
  release: () => void
}

/** Rejects as `Intake`, where that finds the module and the files. */
export async function pinTask (definition: TaskDefinition, { resolvePeer = (peer) => peer, ...components }: PinComponents, { baseDir, signal }: PinOptions): Promise<Pinned<TaskDefinition>> {
  const { store } = components
  const held: Array<() => void> = []
  const release = (): void => { for (const end of held) end() }
  try {
    const { module, cid, setup, on } = definition
    // Before it is there, so that nothing evicts it in between.
    if (cid !== undefined) held.push(store.hold(cid))
    if (module.kind === 'bytes') held.push(store.hold(cidOf(module.bytes)))
    const onHold = (end: () => void): void => { held.push(end) }
    const { module: ref, files } = await resolveDefinition(definition, { ...components, onModule: (found) => { onHold(store.hold(found)); components.onModule(found) } }, { baseDir, onHold, ...(signal === undefined ? {} : { signal }) })
    return { definition: { ...definition, module: { kind: 'cid', cid: ref.cid }, ...(on === undefined ? {} : { on: resolvePeer(on) }), ...(setup === undefined ? {} : { setup: { ...setup, files: files.map(asSource) } }) }, release }
  } catch (error) {
    release()
    throw error
  }
}

/** Holds what a pinned definition names. */
export function holdTask ({ module, setup }: TaskDefinition, store: Pick<ModuleStore, 'hold'>): () => void {
  const cids = [...(module.kind === 'cid' ? [module.cid] : []), ...(setup?.files ?? []).flatMap((file) => ('cid' in file ? [file.cid] : []))]
  const held = cids.map((cid) => store.hold(cid))
  return () => { for (const end of held) end() }
}

/** As `JobTasks.pin`, of a task or of every step of a pipeline. */
export async function pinAny<D extends AnyDefinition> (definition: D, tasks: Pick<JobTasks, 'pin'>, options: PinOptions): Promise<Pinned<AnyDefinition>> {
  if (!isPipeline(definition)) return await tasks.pin(definition, options)
  const releases: Array<() => void> = []
  const release = (): void => { for (const end of releases) end() }
  try {
    const steps = []
    for (const step of definition.steps) {
      const pinned = await tasks.pin(step.task, options)
      releases.push(pinned.release)
      steps.push({ ...step, task: pinned.definition })
    }
    return { definition: { ...definition, steps }, release }
  } catch (error) {
    release()
    throw error
  }
}

/** As `JobTasks.hold`, of a task or of every step of a pipeline. */
export function holdAny (definition: AnyDefinition, tasks: Pick<JobTasks, 'hold'>): () => void {
  const held = isPipeline(definition) ? definition.steps.map(({ task }) => tasks.hold(task)) : [tasks.hold(definition)]
  return () => { for (const end of held) end() }
}

/** Small files stay in the definition; the others are named by CID. */
function asSource (file: ProgramFile): FileSource {
  return 'cid' in file ? { path: file.path, cid: file.cid } : file
}
