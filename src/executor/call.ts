/** One call inside the sandbox: a fresh instance, initialised, called through its convention's adapter. */
import type { CorebrumError } from '../errors.ts'
import type { FullUsage } from '../task/usage.ts'
import type { Value } from '../task/values.ts'
import type { Binding, Signature } from './abi/adapter.ts'
import { detectConvention, requireAdapter } from './abi/detect.ts'
import { Guest, type GuestOptions } from './abi/guest.ts'
import { findInitialiser } from './abi/initialise.ts'
import { type CallSetup, type ProgramSpec, createCallSetup } from './call-setup.ts'
import type { CompiledModule } from './compile.ts'
import type { CompiledComponent } from './component/compile-component.ts'
import { bindComponent } from './component/runner.ts'
import { makeLinker } from './link.ts'
import { createModuleRunner } from './module-runner.ts'
import { requireValues } from './outputs.ts'
import type { CallExtras } from './protocol.ts'
import type { Runner } from './runner.ts'
import { explainThrown, outOfFuel } from './traps.ts'
import { sizeOfFiles } from './wasi/files.ts'
import { fileSystemOf } from './wasi/host.ts'

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
  binding: Binding
  runner: Runner
  /** Absent: it finds nothing but its inputs. */
  setup?: CallSetup
}

/** Throws ERR_MODULE_UNSUPPORTED, ERR_NO_EXPORT, ERR_SIGNATURE, ERR_RESULT_TYPE, ERR_MISSING_IMPORT. */
export function bindProgram (compiled: CompiledModule | CompiledComponent, spec: ProgramSpec, abi?: string): BoundProgram {
  const setup = createCallSetup(spec)
  const signature = setup?.signature ?? spec
  const bound = 'linked' in compiled ? bindComponent(compiled, signature, abi) : bindModule(compiled, signature, abi)
  return setup === undefined ? bound : { ...bound, setup }
}

function bindModule (compiled: CompiledModule, signature: Signature, abi: string | undefined): BoundProgram {
  const { info, maxPages } = compiled
  const adapter = requireAdapter(detectConvention(info, signature.functionName, abi))
  const binding = adapter.bind(signature, info)
  const initialise = findInitialiser(info, adapter.convention, binding.functionName)
  return { binding, runner: createModuleRunner({ compiled, link: makeLinker(info, maxPages, binding.provide), initialise }) }
}

/** Runs one call to its end; never throws. What the convention prepares and the program's setup go before `options`. */
export function runCall ({ binding, runner, setup }: BoundProgram, values: ReadonlyArray<Value | undefined>, options: GuestOptions = {}, extras: CallExtras = {}): CallOutcome {
  let guest = new Guest(options)
  try {
    const invocation = binding.prepare(setup === undefined ? values : setup.passedValues(values))
    const { stdin } = invocation
    const own = { ...options, logsStdout: stdin === undefined }
    if (setup !== undefined) guest = new Guest({ ...own, ...setup.guestOptions(values, stdin, extras) })
    else guest = new Guest(stdin === undefined ? own : { ...own, stdin })
    runner.start(guest)
    const returned = invocation.run(guest)
    const outputs = requireValues(setup === undefined ? returned : setup.collect(guest, returned))
    if (guest.fuel?.empty === true) throw outOfFuel(guest.fuel)
    return { outputs, ...remains(runner, guest) }
  } catch (thrown) {
    return { error: explainThrown(thrown, runner.trapContext(guest)), ...remains(runner, guest) }
  }
}

function remains (runner: Runner, guest: Guest): Pick<CallOutcome, 'logs' | 'usage' | 'garbageBytes' | 'recycle'> {
  const { memoryBytes, ...memory } = runner.remains(guest)
  const fs = fileSystemOf(guest)
  const usage = { memoryBytes, moduleBytes: runner.byteLength, fileBytes: fs === undefined ? 0 : sizeOfFiles(fs), ...(guest.fuel === undefined ? {} : { fuel: guest.fuel.used }) }
  return { logs: guest.logs.text(), usage, ...memory }
}
