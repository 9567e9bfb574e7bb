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
        return { stdin: standardInput(values, signature.inputs), run: (guest) => runCommand(guest, () => { guest.call(name) }, signature.outputs) }
      },
    }
  },
}

/** The inputs as one JSON object, for the program's standard input. */
export function standardInput (values: ReadonlyArray<Value | undefined>, inputs: readonly TypedName[]): Uint8Array {
  const given = inputs.flatMap(({ name }, index): Array<[string, Value]> => {
    const value = values[index]
    return value === undefined ? [] : [[name, value]]
  })
  return encoder.encode(toJson(Object.fromEntries(given)))
}

/** Runs a program that may end by an exit code, and reads the outputs from what it wrote. Throws ERR_EXIT_CODE, ERR_RESULT_TYPE. */
export function runCommand (guest: Guest, start: () => void, outputs: readonly TypedName[]): Record<string, Value> {
  try {
    start()
  } catch (thrown) {
    if (!(thrown instanceof ProgramExit)) throw thrown
    if (thrown.exitCode !== 0) throw exitError(thrown.exitCode, guest)
  }
  return outputsFromReply(guest.stdout.bytes(), outputs, WHAT)
}

/** The error of a program that ended with a code other than 0, with what it wrote last to standard error, or from where it says that it panicked. */
export function exitError (exitCode: number, guest: Guest): CorebrumError {
  const lines = guest.logs.text().trim().split('\n')
  // Go writes its reason first and then where each goroutine stands.
  const reason = lines.findIndex((line) => /^(panic|fatal error): /.test(line))
  const kept = reason < 0 ? lines.slice(-STDERR_LINES) : lines.slice(reason, reason + STDERR_LINES)
  const text = kept.join('\n').trim()
  const cut = reason < 0 ? text.slice(-1000) : text.slice(0, 1000)
  return new CorebrumError('ERR_EXIT_CODE', `the program ended with exit code ${exitCode}${cut === '' ? '' : `: ${cut}`}`)
}

/**
 * A JSON object with all declared names gives them; else the one output is the text (string, without its last
 * line end), the bytes as they are, or the whole as JSON.
 */
export function outputsFromReply (bytes: Uint8Array, outputs: readonly TypedName[], what: string): Record<string, Value> {
  const [only] = outputs
  if (only === undefined) return {}
  const object = outputs.length > 1 || bytes[firstInk(bytes)] === 0x7b ? tryObject(bytes, outputs, what) : undefined
  if (object !== undefined) return object
  if (outputs.length === 1 && only.type === 'string') return { [only.name]: decodeText(bytes, what).replace(/\r?\n$/, '') }
  return outputsFromBytes(bytes, outputs, what)
}

function firstInk (bytes: Uint8Array): number {
  return bytes.findIndex((byte) => byte > 0x20)
}

function tryObject (bytes: Uint8Array, outputs: readonly TypedName[], what: string): Record<string, Value> | undefined {
  const rawOutput = outputs.length === 1 && (outputs[0]?.type === 'string' || outputs[0]?.type === 'bytes')
  try {
    const value = fromJson(decodeText(bytes, what), what)
    return namesOutputs(value, outputs) ? outputsFromObject(value, outputs, what) : undefined
  } catch (thrown) {
    if (rawOutput) return undefined
    throw thrown
  }
}
