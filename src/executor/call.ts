/** One call inside the sandbox: a fresh instance, initialised, called through its convention's adapter. */
import type { CorebrumError } from '../errors.ts'
import type { FullUsage } from '../task/usage.ts'
import type { Value } from '../task/values.ts'
import type { Binding } from './abi/adapter.ts'
import { HOSTED_MEMORY } from './binary/rewrite.ts'
import { detectConvention, requireAdapter } from './abi/detect.ts'
import { exportedFunction } from './abi/exports.ts'
import { Guest, type GuestOptions } from './abi/guest.ts'
import { type CallSetup, type ProgramSpec, createCallSetup } from './call-setup.ts'
import type { CompiledModule } from './compile.ts'
import { type Linker, makeLinker } from './link.ts'
import { requireValues } from './outputs.ts'
import type { CallExtras } from './protocol.ts'
import { explainThrown } from './traps.ts'
import { sizeOfFiles } from './wasi/files.ts'
import { fileSystemOf } from './wasi/wasi.ts'

/** Exports that must run before any other, the first that there is. */
const INITIALISERS = ['_initialize', '__wasm_call_ctors']

export interface CallOutcome {
  outputs?: Record<string, Value>
  error?: CorebrumError
  logs: string
  /** Without the times, which are taken around the whole call. */
  usage: Omit<FullUsage, 'wallMs' | 'cpuMs'>
  /** Memory that was made for this call and is now garbage. */
  garbageBytes: number
  /** To be called when the outcome has been reported: makes ready for the next call. */
  recycle?: () => void
}

/** A program bound to its compiled module: what many calls share. */
export interface BoundProgram {
  compiled: CompiledModule
  binding: Binding
  link: Linker
  /** Absent: it finds nothing but its inputs. */
  setup?: CallSetup
  initialiser?: string
  memoryExport?: string
}

/** Throws ERR_MODULE_UNSUPPORTED, ERR_NO_EXPORT, ERR_SIGNATURE, ERR_RESULT_TYPE, ERR_MISSING_IMPORT. */
export function bindProgram (compiled: CompiledModule, spec: ProgramSpec, abi?: string): BoundProgram {
  const { info, maxPages } = compiled
  const setup = createCallSetup(spec)
  const signature = setup?.signature ?? spec
  const binding = requireAdapter(detectConvention(info, signature.functionName, abi)).bind(signature, info)
  const initialiser = INITIALISERS.find((name) => exportedFunction(info, name)?.type.params.length === 0 && name !== binding.functionName)
  const memoryExport = info.exports.find((item) => item.kind === 'memory')?.name
  return {
    compiled,
    binding,
    link: makeLinker(info, maxPages, binding.provide),
    ...(setup === undefined ? {} : { setup }),
    ...(initialiser === undefined ? {} : { initialiser }),
    ...(memoryExport === undefined ? {} : { memoryExport }),
  }
}

/** Runs one call to its end; never throws. What the convention prepares and the program's setup go before `options`. */
export function runCall (program: BoundProgram, values: ReadonlyArray<Value | undefined>, options: GuestOptions = {}, extras: CallExtras = {}): CallOutcome {
  const { compiled, binding, setup } = program
  let guest = new Guest(options)
  try {
    const invocation = binding.prepare(setup === undefined ? values : setup.passedValues(values))
    if (setup !== undefined) guest = new Guest({ ...options, ...setup.guestOptions(values, invocation.stdin, extras) })
    else if (invocation.stdin !== undefined) guest = new Guest({ ...options, stdin: invocation.stdin })
    const instance = new WebAssembly.Instance(compiled.module, importsFor(program, guest))
    guest.useExports(instance.exports, program.memoryExport)
    if (program.initialiser !== undefined) guest.call(program.initialiser)
    const returned = invocation.run(guest)
    const outputs = requireValues(setup === undefined ? returned : setup.collect(guest, returned))
    return { outputs, ...remains(compiled, guest) }
  } catch (thrown) {
    const error = explainThrown(thrown, { info: compiled.info, maxPages: compiled.maxPages, guest })
    return { error, ...remains(compiled, guest) }
  }
}

function importsFor ({ compiled, link }: BoundProgram, guest: Guest): WebAssembly.Imports {
  const imports = link(guest)
  if (compiled.memories === undefined) return imports
  const memory = compiled.memories.take()
  guest.useMemory(memory)
  const namespace: Record<string, WebAssembly.ImportValue> = Object.create(null)
  namespace[HOSTED_MEMORY.name] = memory
  imports[HOSTED_MEMORY.module] = namespace
  return imports
}

function remains ({ memories, info }: CompiledModule, guest: Guest): Pick<CallOutcome, 'logs' | 'usage' | 'garbageBytes' | 'recycle'> {
  const { memoryBytes } = guest
  const logs = guest.logs.text()
  const fs = fileSystemOf(guest)
  const usage = { memoryBytes, moduleBytes: info.byteLength, fileBytes: fs === undefined ? 0 : sizeOfFiles(fs) }
  if (memories === undefined || memoryBytes === 0) return { logs, usage, garbageBytes: memoryBytes }
  const { memory } = guest
  return memories.reusable(memory)
    ? { logs, usage, garbageBytes: 0, recycle: () => { memories.give(memory) } }
    : { logs, usage, garbageBytes: memoryBytes }
}
