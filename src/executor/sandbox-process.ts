/** The entry of a sandbox process: reads commands, runs calls one after the other, writes a report for each. */
import { isMainThread, Worker } from 'node:worker_threads'
import { fileURLToPath } from 'node:url'
import { decode, encode } from '../cbor.ts'
import { CorebrumError, toCorebrumError } from '../errors.ts'
import { MAX_OUTPUT_BYTES } from '../limits.ts'
import { RESUME_AFTER_MS, SANDBOX_GARBAGE_BYTES } from './limits.ts'
import type { HttpRequest, HttpResponse } from '../task/http.ts'
import { type FullUsage, NO_USAGE } from '../task/usage.ts'
import type { GuestOptions, HostNames } from './abi/guest.ts'
import { ArrivingModule } from './arriving-module.ts'
import type { ModuleParser } from './binary/parse.ts'
import { BlockingReader, writeFrame } from './blocking-pipe.ts'
import { type BoundProgram, type CallOutcome, bindProgram, runCall } from './call.ts'
import { compileBinary } from './compile-binary.ts'
import { outputTooLarge } from './outputs.ts'
import { type CallExtras, type Command, Event, FrameKind, Op, type SandboxProgram, decodeModule, encodeUsage } from './protocol.ts'
import { WATCH_ARGUMENT, watchParent } from './watchdog.ts'

const STDIN = 0
const STDOUT = 1

/** What is kept of a module: its bytes until the first call, then what compiling them gave. */
interface HeldModule {
  maxPages: number
  source?: { bytes: Uint8Array, spare: number, parser: ModuleParser | undefined }
  compiled?: ReturnType<typeof compileBinary>
  /** Why it does not compile; a second call need not try again. */
  failure?: CorebrumError
}

interface HeldProgram {
  spec: SandboxProgram
  bound?: BoundProgram
  failure?: CorebrumError
}

type CallCommand = Extract<Command, [typeof Op.CALL, ...unknown[]]>

const reader = new BlockingReader(STDIN)
const modules = new Map<string, HeldModule>()
const programs = new Map<number, HeldProgram>()
/** Linear memory of the calls since garbage was last collected. */
let garbageBytes = 0
/** Read but not carried out yet, in order; modules among them. */
let pending: Array<Command | { key: string, module: HeldModule }> = []

/** Queues what the next frame holds; false when the node is gone. */
function readFrame (): boolean {
  const arriving = new ArrivingModule()
  const frame = reader.next((...part) => arriving.advance(...part))
  if (frame === undefined) return false
  if (frame.kind === FrameKind.MODULE) {
    const { key, maxPages, bytes, spare } = decodeModule(frame.body)
    pending.push({ key, module: { maxPages, source: { bytes, spare, parser: arriving.parser } } })
  } else {
    // Only the node that started this process writes here, so what it says is taken as it stands.
    pending.push(...decode(frame.body, { maxItems: frame.body.length }) as Command[])
  }
  return true
}

function carryOut (command: Command | { key: string, module: HeldModule }): void {
  if (!Array.isArray(command)) {
    modules.set(command.key, command.module)
    return
  }
  switch (command[0]) {
    case Op.PROGRAM: programs.set(command[1], { spec: command[2] }); break
    case Op.DROP_MODULE: dropModule(command[1]); break
    case Op.DROP_PROGRAM: programs.delete(command[1]); break
    case Op.CALL: runCommand(command); break
    case Op.RESUME: case Op.RESPONSE: case Op.NAMES: break
  }
}

function dropModule (key: string): void {
  modules.delete(key)
  for (const program of programs.values()) {
    if (program.spec.moduleKey !== key) continue
    delete program.bound
    delete program.failure
  }
}

function runCommand ([, sequence, programId, values, extras]: CallCommand): void {
  const program = programs.get(programId)
  const started = performance.now()
  const before = process.cpuUsage()
  const outcome = callOutcome(sequence, program, values, extras)
  const spent = process.cpuUsage(before)
  // Whole microseconds, as of the processor: more digits say nothing.
  const wallMs = Math.round((performance.now() - started) * 1000) / 1000
  const asks = wallMs > RESUME_AFTER_MS && pending.length > 0
  writeReport(sequence, { ...outcome.usage, wallMs, cpuMs: (spent.user + spent.system) / 1000 }, outcome, asks)
  outcome.recycle?.()
  garbageBytes += outcome.garbageBytes
  if (garbageBytes > SANDBOX_GARBAGE_BYTES) {
    garbageBytes = 0
    globalThis.gc?.()
  }
  if (asks) awaitResume()
}

function guestOptions (sequence: number, { fuel, networking }: SandboxProgram, { live = false, taskId, workerId }: CallExtras = {}): GuestOptions {
  return {
    names: () => (taskId === undefined || workerId === undefined ? askNames(sequence) : { taskId, workerId }),
    ...(fuel === undefined ? {} : { fuel }),
    ...(live ? { onLog: (text) => { writeFrame(STDOUT, encode([Event.LOG, sequence, text])) } } : {}),
    ...(networking === true ? { sendRequest: (request) => exchange(sequence, request) } : {}),
  }
}

/** Sends a request of the running call and waits for the answer; commands that come meanwhile wait too. */
function exchange (sequence: number, request: HttpRequest): HttpResponse {
  writeFrame(STDOUT, encode([Event.REQUEST, sequence, request]))
  const response = awaitAnswer((command) => (command[0] === Op.RESPONSE ? command[1] : undefined))
  if ('code' in response) throw new CorebrumError(response.code, response.message)
  return response
}

/** What worker and task are called, for a running call that came without it. */
function askNames (sequence: number): HostNames {
  writeFrame(STDOUT, encode([Event.NAMES, sequence]))
  return awaitAnswer((command) => (command[0] === Op.NAMES ? command[1] : undefined))
}

/** Reads until `answerIn` finds what it looks for in a command that has come since. */
function awaitAnswer<T> (answerIn: (command: Command) => T | undefined): T {
  for (let at = pending.length; ; at++) {
    while (at >= pending.length) if (!readFrame()) process.exit(0)
    const command = pending[at]
    const answer = Array.isArray(command) ? answerIn(command) : undefined
    if (answer === undefined) continue
    pending.splice(at, 1)
    return answer
  }
}

function callOutcome (sequence: number, program: HeldProgram | undefined, values: CallCommand[3], extras: CallExtras | undefined): CallOutcome {
  try {
    if (program === undefined) throw new Error('the call names a program that was not sent')
    if (program.failure !== undefined) throw program.failure
    return runCall(program.bound ??= bind(sequence, program), values, guestOptions(sequence, program.spec, extras), extras)
  } catch (thrown) {
    const error = toCorebrumError(thrown)
    if (program !== undefined && program.bound === undefined) program.failure = error
    return { error, logs: '', usage: NO_USAGE, garbageBytes: 0 }
  }
}

function bind (sequence: number, { spec }: HeldProgram): BoundProgram {
  const held = modules.get(spec.moduleKey)
  if (held === undefined) throw new Error('the call names a module that was not sent')
  if (held.failure !== undefined) throw held.failure
  if (held.compiled === undefined) {
    writeFrame(STDOUT, encode([Event.STARTED, sequence]))
    const { bytes = new Uint8Array(0), ...source } = held.source ?? {}
    delete held.source
    try {
      held.compiled = compileBinary(bytes, held.maxPages, { fuel: spec.fuel !== undefined, ...source })
    } catch (thrown) {
      held.failure = toCorebrumError(thrown)
      throw held.failure
    }
  }
  return bindProgram(held.compiled, spec, spec.abi)
}

function writeReport (sequence: number, usage: FullUsage, { outputs, error, logs }: CallOutcome, asks: boolean): void {
  const head = [sequence, encodeUsage(usage), logs, asks]
  let failure = error
  if (failure === undefined) {
    const body = encode([Event.DONE, ...head, outputs])
    const size = body.length <= MAX_OUTPUT_BYTES ? body.length : encode(outputs).length
    if (size <= MAX_OUTPUT_BYTES) {
      writeFrame(STDOUT, body)
      return
    }
    failure = outputTooLarge(size)
  }
  writeFrame(STDOUT, encode([Event.FAILED, ...head, failure.code, failure.message]))
}

/** After a slow call the node may have given the calls behind it to other sandboxes: asks which are still to be run. */
function awaitResume (): void {
  let from = 0
  while (true) {
    for (; from < pending.length; from++) {
      const command = pending[from]
      if (!Array.isArray(command) || command[0] !== Op.RESUME) continue
      const revoked = new Set(command[1])
      pending = pending.filter((item) => !(Array.isArray(item) && item[0] === Op.CALL && revoked.has(item[1])) && item !== command)
      return
    }
    if (!readFrame()) process.exit(0)
  }
}

function serve (): void {
  // A terminal's Ctrl-C and a service manager's stop signal reach all processes; the node says when a sandbox ends.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
  if (process.argv.includes(WATCH_ARGUMENT)) new Worker(fileURLToPath(import.meta.url)).unref()
  writeFrame(STDOUT, encode([Event.READY]))
  while (readFrame()) {
    for (let command = pending.shift(); command !== undefined; command = pending.shift()) carryOut(command)
  }
  process.exit(0)
}

if (isMainThread) serve()
else watchParent()
