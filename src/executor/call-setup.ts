/** What a program is given besides its convention's inputs, and the files it leaves: its arguments, environment, standard input, root, clock. */
import { CorebrumError } from '../errors.ts'
import type { Value } from '../task/values.ts'
import type { Signature, TypedName } from './abi/adapter.ts'
import type { Guest, GuestFile, GuestOptions } from './abi/guest.ts'
import { outputsFromBytes, toJson } from './abi/json.ts'
import { createSeededAmbient } from './abi/seeded-ambient.ts'
import { ANY_WORKER, type CallExtras, type SandboxProgram, type SandboxSetup } from './protocol.ts'
import { describeFiles, readFile } from './wasi/files.ts'
import { fileSystemOf } from './wasi/host.ts'

/** A program as its convention's adapter and its setup need it. */
export type ProgramSpec = Signature & Pick<SandboxProgram, 'setup' | 'deterministic' | 'fileSystem'>

const EMPTY: SandboxSetup = { args: [], env: {}, stdin: { from: 'inputs' }, files: [], outputFiles: [] }
const encoder = new TextEncoder()

/** Of one program, for all its calls. */
export class CallSetup {
  /** What is left for the calling convention: inputs that are placed nowhere else, outputs that are no files. */
  readonly signature: Signature
  private readonly spec: ProgramSpec
  private readonly setup: SandboxSetup
  /** Indices of the inputs that the convention passes. */
  private readonly passed: number[]
  private readonly logsStdout: boolean

  /** Throws ERR_SIGNATURE when the setup names inputs or outputs that the program has not. */
  constructor (spec: ProgramSpec) {
    this.spec = spec
    this.setup = spec.setup ?? EMPTY
    const { stdin, files, outputFiles } = this.setup
    const placed = new Set([...(stdin.from === 'input' ? [stdin.name] : []), ...files.flatMap((file) => ('input' in file ? [file.input] : []))])
    const left = new Set(outputFiles.map(({ output }) => output))
    requireNames(placed, spec.inputs, 'input')
    requireNames(left, spec.outputs, 'output')
    this.passed = spec.inputs.flatMap(({ name }, index) => (placed.has(name) ? [] : [index]))
    this.signature = {
      ...(spec.functionName === undefined ? {} : { functionName: spec.functionName }),
      inputs: spec.inputs.filter(({ name }) => !placed.has(name)),
      outputs: spec.outputs.filter(({ name }) => !left.has(name)),
    }
    this.logsStdout = left.size > 0 && this.signature.outputs.length === 0
  }

  /** The values for the convention's inputs. */
  passedValues (values: ReadonlyArray<Value | undefined>): Array<Value | undefined> {
    return this.passed.map((index) => values[index])
  }

  /** `prepared` is what the convention would put on standard input. Throws ERR_SIGNATURE when inputs would be lost. */
  guestOptions (values: ReadonlyArray<Value | undefined>, prepared: Uint8Array | undefined, { taskId = '', files = [] }: CallExtras): GuestOptions {
    const { args, env } = this.setup
    const stdin = this.standardInput(values, prepared)
    return {
      args,
      env,
      files: [...this.files(values), ...files],
      fileSystem: this.spec.fileSystem === true,
      logsStdout: this.logsStdout || prepared === undefined,
      ...(stdin === undefined ? {} : { stdin }),
      ...(this.spec.deterministic === true ? { ambient: createSeededAmbient(taskId), names: () => ({ taskId, workerId: ANY_WORKER }) } : {}),
    }
  }

  /** The convention's outputs and those that are files, in the declared order. Throws ERR_RESULT_TYPE. */
  collect (guest: Guest, outputs: Record<string, Value>): Record<string, Value> {
    const { outputFiles } = this.setup
    if (outputFiles.length === 0) return outputs
    const all = new Map(Object.entries(outputs))
    for (const { output, path } of outputFiles) {
      const declared = this.spec.outputs.find(({ name }) => name === output)
      if (declared !== undefined) all.set(output, outputFile(guest, declared, path))
    }
    return Object.fromEntries(this.spec.outputs.flatMap(({ name }) => {
      const value = all.get(name)
      return value === undefined ? [] : [[name, value]]
    }))
  }

  private standardInput (values: ReadonlyArray<Value | undefined>, prepared: Uint8Array | undefined): Uint8Array | undefined {
    const { stdin } = this.setup
    if (stdin.from === 'inputs') return prepared
    const { inputs } = this.signature
    if (prepared !== undefined && inputs.length > 0) {
      const names = inputs.map(({ name }) => JSON.stringify(name)).join(', ')
      throw new CorebrumError('ERR_SIGNATURE', `the program reads its inputs on standard input, where the definition puts something else, so ${names} would be lost: place each as a file, or leave out stdin`)
    }
    return stdin.from === 'bytes' ? stdin.bytes : this.inputBytes(values, stdin.name)
  }

  private files (values: ReadonlyArray<Value | undefined>): GuestFile[] {
    return this.setup.files.flatMap((file) => {
      const bytes = 'input' in file ? this.inputBytes(values, file.input) : file.bytes
      return bytes === undefined ? [] : [{ path: file.path, bytes }]
    })
  }

  /** Text in UTF-8, bytes as they are, all else as JSON; undefined for an input that was left out. */
  private inputBytes (values: ReadonlyArray<Value | undefined>, name: string): Uint8Array | undefined {
    const value = values[this.spec.inputs.findIndex((input) => input.name === name)]
    if (value === undefined || value instanceof Uint8Array) return value
    return encoder.encode(typeof value === 'string' ? value : toJson(value))
  }
}

/** Undefined for a program that finds nothing but its inputs. Throws ERR_SIGNATURE. */
export function createCallSetup (spec: ProgramSpec): CallSetup | undefined {
  return spec.setup === undefined && spec.deterministic !== true && spec.fileSystem !== true ? undefined : new CallSetup(spec)
}

function requireNames (named: Set<string>, declared: readonly TypedName[], what: string): void {
  for (const name of named) {
    if (declared.some((item) => item.name === name)) continue
    throw new CorebrumError('ERR_SIGNATURE', `a file or standard input names the ${what} ${JSON.stringify(name)}, which the task does not declare`)
  }
}

function outputFile (guest: Guest, output: TypedName, path: string): Value {
  const fs = fileSystemOf(guest)
  const bytes = fs === undefined ? undefined : readFile(fs, path)
  if (bytes === undefined) {
    const there = fs === undefined ? 'the module imports nothing that writes files' : describeFiles(fs)
    throw new CorebrumError('ERR_RESULT_TYPE', `the output ${JSON.stringify(output.name)} is the file ${JSON.stringify(path)}, which the program did not leave: ${there}`)
  }
  return outputsFromBytes(bytes, [output], `the file ${JSON.stringify(path)}`)[output.name] ?? null
}
