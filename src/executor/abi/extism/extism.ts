/**
 * Extism plug-ins: `f() -> i32`, with input and output through the kernel's functions. The input is the text or the bytes
 * of the only input of such a type, else all inputs as one JSON object. Configuration is the program's environment.
 */
import { CorebrumError } from '../../../errors.ts'
import type { Value } from '../../../task/values.ts'
import type { ModuleInfo } from '../../binary/module-info.ts'
import type { Adapter, Binding, Signature, TypedName } from '../adapter.ts'
import { describeValue } from '../convert.ts'
import { DEFAULT_FUNCTION, describeType, requireFunction } from '../exports.ts'
import { type Guest, ProgramExit } from '../guest.ts'
import { outputsFromReply, standardInput } from '../wasi-command.ts'
import { kernelName, provideKernel } from './imports.ts'
import { Kernel } from './kernel.ts'

/** Starts the runtime of a plug-in in Haskell, behind its other initialiser. */
const HASKELL_START = 'hs_init'
const MAX_ERROR_CHARS = 1000
const WHAT = 'the output of the plug-in'
const encoder = new TextEncoder()

/** One for each call. */
const kernels = new WeakMap<Guest, Kernel>()

function kernelOf (guest: Guest): Kernel {
  const known = kernels.get(guest)
  if (known !== undefined) return known
  const made = new Kernel()
  kernels.set(guest, made)
  return made
}

const kernelImports = provideKernel(kernelOf)

export const extism: Adapter = {
  convention: 'extism',
  provides: kernelImports,
  bind (signature: Signature, info: ModuleInfo): Binding {
    if (!info.imports.some((item) => kernelName(item) !== undefined)) throw new CorebrumError('ERR_SIGNATURE', 'the module imports no function of extism:host/env, so it is no plug-in')
    const target = requireFunction(info, signature.functionName ?? DEFAULT_FUNCTION)
    if (target.type.params.length !== 0) throw new CorebrumError('ERR_SIGNATURE', `${target.name} is ${describeType(target.type)}; a function of a plug-in takes no parameters`)
    return {
      functionName: target.name,
      provide: kernelImports,
      prepare (values) {
        const input = pluginInput(values, signature.inputs)
        return { run: (guest) => invoke(guest, kernelOf(guest), input, target.name, signature.outputs) }
      },
    }
  },
}

function pluginInput (values: ReadonlyArray<Value | undefined>, inputs: readonly TypedName[]): Uint8Array {
  const [only] = inputs
  if (inputs.length !== 1 || only === undefined || (only.type !== 'string' && only.type !== 'bytes')) return inputs.length === 0 ? new Uint8Array(0) : standardInput(values, inputs)
  const [value] = values
  if (value === undefined) return new Uint8Array(0)
  if (only.type === 'string' && typeof value === 'string') return encoder.encode(value)
  if (only.type === 'bytes' && value instanceof Uint8Array) return value
  throw new CorebrumError('ERR_INPUT', `the input ${JSON.stringify(only.name)} must be of type ${only.type}; it is ${describeValue(value)}`)
}

function invoke (guest: Guest, kernel: Kernel, input: Uint8Array, name: string, outputs: readonly TypedName[]): Record<string, Value> {
  if (guest.hasFunction(HASKELL_START)) guest.call(HASKELL_START, 0, 0)
  kernel.input = input
  const status = callPlugin(guest, name)
  if (status !== 0 || kernel.error !== 0) {
    const text = kernel.error === 0 ? '' : kernel.text(kernel.error).slice(0, MAX_ERROR_CHARS)
    throw new CorebrumError('ERR_EXIT_CODE', `the plug-in's ${name} returned ${status}${text === '' ? '' : `: ${text}`}`)
  }
  return outputsFromReply(kernel.output, outputs, WHAT)
}

/** The status that the function returned, or the code that it ended with. */
function callPlugin (guest: Guest, name: string): number {
  try {
    const status = guest.call(name)
    return typeof status === 'number' || typeof status === 'bigint' ? Number(status) : 0
  } catch (thrown) {
    if (thrown instanceof ProgramExit) return thrown.exitCode
    throw thrown
  }
}
