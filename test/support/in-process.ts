/** Runs one call in this process, through everything of the executor but the sandbox process. */
import assert from 'node:assert/strict'
import { type CallOutcome, bindProgram, runCall } from '../../src/executor/call.ts'
import { compileModule } from '../../src/executor/compile.ts'
import type { ProgramSpec } from '../../src/executor/call-setup.ts'
import type { CallExtras, SandboxSetup } from '../../src/executor/protocol.ts'
import { CorebrumError, type ErrorCode, toCorebrumError } from '../../src/errors.ts'
import { NO_USAGE } from '../../src/task/usage.ts'
import type { Value, ValueType } from '../../src/task/values.ts'
import { wat } from './wat.ts'

/** A setup and its parts are as the sandbox knows them. */
export interface InProcessCall extends Pick<ProgramSpec, 'deterministic' | 'fileSystem'> {
  setup?: Partial<SandboxSetup>
  extras?: CallExtras
  functionName?: string
  abi?: string
  takes?: Record<string, ValueType>
  gives?: Record<string, ValueType>
  maxPages?: number
}

const typed = (types: Record<string, ValueType>): Array<{ name: string, type: ValueType }> => Object.entries(types).map(([name, type]) => ({ name, type }))

/** What the call came to; never throws. */
export async function tryCall (module: string | Uint8Array, call: InProcessCall, ...values: Array<Value | undefined>): Promise<CallOutcome> {
  const { functionName, abi, takes = {}, gives = {}, maxPages = 100, setup, extras = {}, ...spec } = call
  try {
    const compiled = compileModule(typeof module === 'string' ? await wat(module) : module, maxPages)
    const program = {
      ...spec,
      inputs: typed(takes),
      outputs: typed(gives),
      ...(functionName === undefined ? {} : { functionName }),
      ...(setup === undefined ? {} : { setup: { args: [], env: {}, stdin: { from: 'inputs' as const }, files: [], outputFiles: [], ...setup } }),
    }
    return runCall(bindProgram(compiled, program, abi), values, {}, extras)
  } catch (thrown) {
    return { error: toCorebrumError(thrown), logs: '', usage: NO_USAGE, garbageBytes: 0 }
  }
}

/** The outputs of a call that must succeed. */
export async function outputsOf (module: string | Uint8Array, call: InProcessCall, ...values: Array<Value | undefined>): Promise<Record<string, Value> | undefined> {
  const { outputs, error } = await tryCall(module, call, ...values)
  if (error !== undefined) throw error
  return outputs
}

/** The error of a call that must fail with `code`. */
export async function failsWith (code: ErrorCode, module: string | Uint8Array, call: InProcessCall, ...values: Array<Value | undefined>): Promise<CorebrumError> {
  const { outputs, error } = await tryCall(module, call, ...values)
  assert(error instanceof CorebrumError, `expected ${code}, got ${String(outputs)}`)
  assert.equal(error.code, code, error.message)
  return error
}
