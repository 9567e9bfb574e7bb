/** What the pool needs to know of a program, worked out once for the many calls that share it. */
import { CorebrumError } from '../errors.ts'
import { MAX_TIME_LIMIT_MS, MAX_VALUE_DEPTH, WASM_PAGE_BYTES } from '../limits.ts'
import type { Program } from '../task/program.ts'
import type { Value } from '../task/values.ts'
import type { Call } from './executor.ts'
import type { SandboxProgram } from './protocol.ts'

export class PreparedProgram {
  /** Equal for programs that run alike. */
  readonly key: string
  readonly cid: string
  readonly moduleKey: string
  readonly maxPages: number
  readonly timeLimitMs: number
  readonly spec: SandboxProgram
  private readonly hostFilled: Array<{ index: number, from: 'taskId' | 'workerId' }> = []

  constructor (program: Program, memoryLimitBytes: number) {
    const limit = Math.min(program.memoryLimitBytes ?? memoryLimitBytes, memoryLimitBytes)
    this.cid = program.module.cid
    this.maxPages = Math.floor(limit / WASM_PAGE_BYTES)
    this.moduleKey = `${this.cid}:${this.maxPages}`
    this.timeLimitMs = Math.min(program.timeLimitMs, MAX_TIME_LIMIT_MS)
    const { functionName, abi } = program
    this.spec = {
      moduleKey: this.moduleKey,
      inputs: program.inputs.map(({ name, type }) => ({ name, type })),
      outputs: program.outputs.map(({ name, type }) => ({ name, type })),
      ...(functionName === undefined ? {} : { functionName }),
      ...(abi === undefined ? {} : { abi }),
    }
    this.key = JSON.stringify(this.spec)
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
    for (const { index, from } of this.hostFilled) values[index] ??= call[from]
    return values
  }
}

function requireShallow (value: Value, depth: number): void {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return
  if (depth >= MAX_VALUE_DEPTH) throw new CorebrumError('ERR_INPUT', `an input is nested deeper than ${MAX_VALUE_DEPTH} levels`)
  for (const item of Object.values(value)) requireShallow(item, depth + 1)
}
