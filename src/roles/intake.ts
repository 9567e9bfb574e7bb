/** From a definition and inputs to a task that can be queued: everything that can be wrong is found here, before any peer hears of it. */
import { randomUUID } from 'node:crypto'
import type { ModuleStore, Retriever } from '../modules/modules.ts'
import { resolveModule } from '../modules/resolve.ts'
import { bindInputs, declareInputs } from '../task/bind.ts'
import type { TaskDefinition } from '../task/definition.ts'
import { checkOutputs } from '../task/outputs.ts'
import type { Program } from '../task/program.ts'
import { toProgram } from '../task/to-program.ts'
import type { Value } from '../task/values.ts'
import type { NewTask } from './open-task.ts'

export interface IntakeComponents {
  store: ModuleStore
  retriever: Retriever
  /** Throws when the bytes are no module that could run. */
  checkBytes: (bytes: Uint8Array) => void
  /** Called with the CID of a module that tasks are about to name. */
  onModule: (cid: string) => void
}

export interface IntakeOptions { baseDir: string, signal?: AbortSignal }

export type Intake = (definition: TaskDefinition, inputs: Record<string, Value>, options: IntakeOptions) => Promise<NewTask>

/** Rejects with ERR_INPUT, ERR_MODULE_*, ERR_URL_*, ERR_NOT_WASM or ERR_STORE. */
export function createIntake ({ store, retriever, checkBytes, onModule }: IntakeComponents): Intake {
  /** A definition object that is submitted again keeps its program: the module is read and hashed once. */
  const programs = new WeakMap<TaskDefinition, Promise<Program>>()

  async function resolve (definition: TaskDefinition, { baseDir, signal }: IntakeOptions): Promise<Program> {
    const { module, cid } = definition
    const ref = await resolveModule(module, { store, retriever, checkBytes, baseDir, ...(cid === undefined ? {} : { cid }), ...(signal === undefined ? {} : { signal }) })
    onModule(ref.cid)
    return toProgram(definition, ref)
  }

  return async (written, inputs, options) => {
    const definition = declareInputs(written, inputs)
    const values = await bindInputs(definition, inputs)
    let program = programs.get(definition)
    if (program === undefined) {
      program = resolve(definition, options)
      programs.set(definition, program)
      program.catch(() => { programs.delete(definition) })
    }
    return { id: randomUUID(), program: await program, values, checkOutputs: (outputs) => checkOutputs(definition, outputs) }
  }
}
