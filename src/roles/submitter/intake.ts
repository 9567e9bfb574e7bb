/** From a definition and inputs to a task that can be queued: everything that can be wrong is found here, before any peer hears of it. */
import { randomUUID } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { toCorebrumError } from '../../errors.ts'
import type { Blobs } from '../../modules/blobs.ts'
import { bindInputs, declareInputs } from '../../task/bind.ts'
import type { TaskDefinition, TaskPolicy } from '../../task/definition.ts'
import type { Program } from '../../task/program.ts'
import { toProgram } from '../../task/to-program.ts'
import type { Value } from '../../task/values.ts'
import { packValues } from '../large-values.ts'
import type { NewTask, OutputCheck } from './open-task.ts'
import type { PlaceOptions } from './placed-files.ts'
import { resolveDefinition, type ResolveComponents } from './resolve-definition.ts'
import { fileRefs } from '../program-files.ts'

export interface IntakeComponents extends ResolveComponents {
  /** Keeps large inputs for the workers. */
  blobs: Pick<Blobs, 'put'>
  /** The PeerId that a part of one means. Throws ERR_USAGE. Default: it is one. */
  resolvePeer?: (name: string) => string
}

export interface IntakeOptions {
  baseDir: string
  signal?: AbortSignal
  /** Default: a new one. */
  id?: string
  /** Goes before what the definition says. */
  policy?: Partial<TaskPolicy> | undefined
}

export type Intake = (definition: TaskDefinition, inputs: Record<string, Value>, options: IntakeOptions) => Promise<NewTask>

/** Programs that are kept of one definition: it has another one for each folder and each set of inputs that it declares none of. */
const MAX_PROGRAMS_PER_DEFINITION = 64

/** Rejects with ERR_INPUT, ERR_DEFINITION, ERR_MODULE_*, ERR_URL_*, ERR_NOT_WASM, ERR_STORE, ERR_QUEUE_FULL or ERR_CANCELLED. */
export function createIntake ({ store, retriever, blobs, checkBytes, onModule, resolvePeer = (peer) => peer }: IntakeComponents): Intake {
  /** A definition object that is submitted again keeps its program: the module is read and hashed once. */
  const known = new WeakMap<TaskDefinition, LRUCache<string, Promise<Program>>>()

  async function resolve (definition: TaskDefinition, options: PlaceOptions): Promise<Program> {
    const { module, files } = await resolveDefinition(definition, { store, retriever, checkBytes, onModule }, options)
    return toProgram(definition, module, files)
  }

  async function programOf (written: TaskDefinition, definition: TaskDefinition, options: PlaceOptions): Promise<Program> {
    const programs = known.get(written) ?? new LRUCache<string, Promise<Program>>({ max: MAX_PROGRAMS_PER_DEFINITION })
    known.set(written, programs)
    const declared = definition === written ? [] : definition.inputs.map(({ name, type }) => [name, type])
    const key = JSON.stringify([options.baseDir, ...declared])
    const before = programs.get(key)
    if (before !== undefined) {
      try {
        const program = await before
        if ([program.module, ...fileRefs(program)].every(({ cid }) => store.has(cid))) return program
      } catch (error) {
        // Another submit that was cancelled had begun to resolve the module.
        if (toCorebrumError(error).code !== 'ERR_CANCELLED' || options.signal?.aborted === true) throw error
      }
    }
    const now = programs.get(key)
    if (now !== undefined && now !== before) return await now
    const program = resolve(definition, options)
    programs.set(key, program)
    program.catch(() => { if (programs.get(key) === program) programs.delete(key) })
    return await program
  }

  return async (written, inputs, options) => {
    const definition = declareInputs(written, inputs)
    const values = await bindInputs(definition, inputs)
    const held: Array<() => void> = []
    const letGo = (): void => { for (const end of held) end() }
    try {
      const program = await programOf(written, definition, { ...options, onHold: (end) => { held.push(end) } })
      for (const { cid } of fileRefs(program)) held.push(store.hold(cid))
      const { release, ...packed } = await packValues(values, blobs)
      if (release !== undefined) held.push(release)
      return { id: options.id ?? randomUUID(), program, ...packed, check: checkOf(definition), policy: policyOf(definition, options.policy, resolvePeer), ...(held.length === 0 ? {} : { release: letGo }) }
    } catch (error) {
      letGo()
      throw error
    }
  }
}

function checkOf ({ name, outputs, outputSchema }: TaskDefinition): OutputCheck {
  return outputSchema === undefined ? { name, outputs } : { name, outputs, outputSchema }
}

/** All tasks have the same fields here too; see OpenTask. */
function policyOf ({ priority, retries, deadlineMs, require, on }: TaskDefinition, given: Partial<TaskPolicy> = {}, resolvePeer: (name: string) => string): TaskPolicy {
  const peer = given.on ?? on
  return {
    priority: given.priority ?? priority,
    retries: given.retries ?? retries,
    deadlineMs: given.deadlineMs ?? deadlineMs,
    require: require === undefined ? given.require : { ...require, ...given.require },
    on: peer === undefined ? undefined : resolvePeer(peer),
  }
}
