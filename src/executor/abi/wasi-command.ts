/** WASI commands: the inputs as one JSON object on standard input, the outputs on standard output, the log on standard error. */
import { CorebrumError } from '../../errors.ts'
import type { Value } from '../../task/values.ts'
import type { ModuleInfo } from '../binary/module-info.ts'
import type { Adapter, Binding, Signature, TypedName } from './adapter.ts'
import { describeType, requireFunction } from './exports.ts'
import { type Guest, ProgramExit } from './guest.ts'
import { decodeText, fromJson, namesOutputs, outputsFromBytes, outputsFromObject, toJson } from './json.ts'

/** Lines of standard error that an error message repeats. */
const STDERR_LINES = 5
const encoder = new TextEncoder()
const WHAT = 'what the program wrote to its standard output'

export const wasiCommand: Adapter = {
  convention: 'wasi-command',
  bind (signature: Signature, info: ModuleInfo): Binding {
    const { name, type } = requireFunction(info, '_start')
    if (type.params.length !== 0) throw new CorebrumError('ERR_SIGNATURE', `${name} is ${describeType(type)}; a WASI command takes no parameters`)
    return {
      functionName: name,
      prepare (values) {
        return { stdin: standardInput(values, signature.inputs), run: (guest) => runCommand(guest, name, signature.outputs) }
      },
    }
  },
}

function standardInput (values: ReadonlyArray<Value | undefined>, inputs: readonly TypedName[]): Uint8Array {
  const given: Record<string, Value> = {}
  inputs.forEach((input, index) => {
    const value = values[index]
    if (value !== undefined) given[input.name] = value
  })
  return encoder.encode(toJson(given))
}

function runCommand (guest: Guest, name: string, outputs: readonly TypedName[]): Record<string, Value> {
  try {
    guest.call(name)
  } catch (thrown) {
    if (!(thrown instanceof ProgramExit)) throw thrown
    if (thrown.exitCode !== 0) throw exitError(thrown.exitCode, guest)
  }
  return outputsFromStdout(guest.stdout.bytes(), outputs)
}

/** The error of a program that ended with a code other than 0, with the last lines it wrote to standard error. */
export function exitError (exitCode: number, guest: Guest): CorebrumError {
  const lines = guest.logs.text().trim().split('\n').slice(-STDERR_LINES).join('\n').slice(-1000)
  return new CorebrumError('ERR_EXIT_CODE', `the program ended with exit code ${exitCode}${lines === '' ? '' : `: ${lines}`}`)
}

/**
 * A JSON object with all declared names gives them; else the one output is the text (string, without its last
 * line end), the bytes as they are, or the whole as JSON.
 */
function outputsFromStdout (bytes: Uint8Array, outputs: readonly TypedName[]): Record<string, Value> {
  const [only] = outputs
  if (only === undefined) return {}
  const object = outputs.length > 1 || bytes[firstInk(bytes)] === 0x7b ? tryObject(bytes, outputs) : undefined
  if (object !== undefined) return object
  if (outputs.length === 1 && only.type === 'string') return { [only.name]: decodeText(bytes, WHAT).replace(/\r?\n$/, '') }
  return outputsFromBytes(bytes, outputs, WHAT)
}

function firstInk (bytes: Uint8Array): number {
  return bytes.findIndex((byte) => byte > 0x20)
}

function tryObject (bytes: Uint8Array, outputs: readonly TypedName[]): Record<string, Value> | undefined {
  const rawOutput = outputs.length === 1 && (outputs[0]?.type === 'string' || outputs[0]?.type === 'bytes')
  try {
    const value = fromJson(decodeText(bytes, WHAT), WHAT)
    return namesOutputs(value, outputs) ? outputsFromObject(value, outputs, WHAT) : undefined
  } catch (thrown) {
    if (rawOutput) return undefined
    throw thrown
  }
}
