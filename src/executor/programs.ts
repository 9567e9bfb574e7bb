/** What the pool needs to know of a program, worked out once for the many calls that share it. */
import { createHash } from 'node:crypto'
import { encodeCanonical } from '../cbor.ts'
import { CorebrumError } from '../errors.ts'
import { MAX_TIME_LIMIT_MS, MAX_VALUE_DEPTH, WASM_PAGE_BYTES } from '../limits.ts'
import type { Program } from '../task/program.ts'
import type { Value } from '../task/values.ts'
import type { HostNames } from './abi/guest.ts'
import type { Call } from './executor.ts'
import { ANY_WORKER, type CallExtras, type SandboxProgram, type SandboxSetup } from './protocol.ts'

export class PreparedProgram {
  /** Equal for programs that run alike. */
  readonly key: string
  readonly cid: string
  readonly moduleKey: string
  readonly maxPages: number
  readonly timeLimitMs: number
  readonly spec: SandboxProgram
  /** Paths of the files that come with each call. */
  private readonly fetched: string[]
  /** A call has asked for the names: from then on they come with each. */
  private takesNames = false
  private readonly hostFilled: Array<{ index: number, from: 'taskId' | 'workerId' }> = []

  constructor (program: Program, memoryLimitBytes: number) {
    const limit = Math.min(program.memoryLimitBytes ?? memoryLimitBytes, memoryLimitBytes)
    this.cid = program.module.cid
    this.maxPages = Math.floor(limit / WASM_PAGE_BYTES)
    this.moduleKey = `${this.cid}:${this.maxPages}${program.fuel === undefined ? '' : ':fuel'}`
    this.timeLimitMs = Math.min(program.timeLimitMs, MAX_TIME_LIMIT_MS)
    const { functionName, abi, fuel, deterministic } = program
    const setup = sandboxSetup(program)
    this.spec = {
      moduleKey: this.moduleKey,
      inputs: program.inputs.map(({ name, type }) => ({ name, type })),
      outputs: program.outputs.map(({ name, type }) => ({ name, type })),
      ...(functionName === undefined ? {} : { functionName }),
      ...(abi === undefined ? {} : { abi }),
      ...(fuel === undefined ? {} : { fuel }),
      ...(deterministic === true ? { deterministic } : {}),
      ...(setup === undefined ? {} : { setup }),
      // What a host answers is not the same for every worker.
      ...(program.grants.networking && deterministic !== true ? { networking: true } : {}),
      ...(program.grants.fileSystem ? { fileSystem: true } : {}),
    }
    this.fetched = program.setup?.files.flatMap((file) => ('cid' in file ? [file.path] : [])) ?? []
    this.key = JSON.stringify({ ...this.spec, setup: setup === undefined ? '' : digestOf(setup) })
    this.spec.inputs.forEach(({ name }, index) => {
      if (name === 'task_id') this.hostFilled.push({ index, from: 'taskId' })
      if (name === 'worker_id') this.hostFilled.push({ index, from: 'workerId' })
    })
  }

  /** The values of a call, with `task_id` and `worker_id` where the program takes them and the user gave none. Throws ERR_INPUT. */
  fillValues (call: Call): Array<Value | undefined> {
    const { inputs } = this.spec
    if (call.values.length !== inputs.length) throw new CorebrumError('ERR_INPUT', `the program has ${inputs.length} inputs; ${call.values.length} values were given`)
    for (const value of call.values) if (typeof value === 'object') requireShallow(value, 0)
    if (this.hostFilled.length === 0) return call.values
    const values = [...call.values]
    for (const { index, from } of this.hostFilled) values[index] ??= this.nameOf(call, from)
    return values
  }

  /** The names of worker and task, for a program that turned out to take them. */
  names (call: Call): HostNames {
    this.takesNames = true
    return { taskId: this.nameOf(call, 'taskId'), workerId: this.nameOf(call, 'workerId') }
  }

  private nameOf (call: Call, name: 'taskId' | 'workerId'): string {
    return name === 'workerId' && this.spec.deterministic === true ? ANY_WORKER : call[name]
  }

  /** What a call gives the sandbox besides its values; undefined where that is nothing. Throws ERR_INPUT when a file is missing. */
  extras (call: Call): CallExtras | undefined {
    const { taskId, files = [] } = call
    const missing = this.fetched.find((path) => !files.some((file) => file.path === path))
    if (missing !== undefined) throw new CorebrumError('ERR_INPUT', `the file ${JSON.stringify(missing)} of the program was not given with the call`)
    if (this.spec.deterministic !== true && files.length === 0 && !this.takesNames) return undefined
    return { ...(this.takesNames ? this.names(call) : this.spec.deterministic === true ? { taskId } : {}), ...(files.length === 0 ? {} : { files }) }
  }
}

/** The setup less the files that the node fetches; undefined where it holds nothing. */
function sandboxSetup ({ setup }: Program): SandboxSetup | undefined {
  return setup === undefined ? undefined : { ...setup, files: setup.files.flatMap((file) => ('cid' in file ? [] : [file])) }
}

function digestOf (setup: SandboxSetup): string {
  return createHash('sha256').update(encodeCanonical(setup)).digest('hex')
}

function requireShallow (value: Value, depth: number): void {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return
  if (depth >= MAX_VALUE_DEPTH) throw new CorebrumError('ERR_INPUT', `an input is nested deeper than ${MAX_VALUE_DEPTH} levels`)
  for (const item of Object.values(value)) requireShallow(item, depth + 1)
}
