/** Runs a map from the command line: its inputs go in, its results come out, and Ctrl-C pauses it. */
import { setTimeout as later } from 'node:timers/promises'
import { numberField, textField, viewField } from '../../control/fields.ts'
import type { InputsMark, MapSource } from '../../control/map-client.ts'
import type { MapSubmissionText } from '../../control/map-submission.ts'
import type { View } from '../../control/views.ts'
import { CorebrumError, toCorebrumError } from '../../errors.ts'
import { CLOSE_GRACE_MS } from '../../limits.ts'
import { formatJson } from '../../task/json.ts'
import { EXIT, exitOfError, type ExitCode } from '../exit.ts'
import { print, say } from '../output.ts'
import { plainText } from '../plain-text.ts'
import { report } from '../report.ts'
import { behind } from './map-inputs.ts'
import type { MapOutput } from './map-output.ts'
import type { MapProgress } from './map-progress.ts'

export interface MapRun {
  /** A new map, or the id of one to go on with. */
  map: MapSubmissionText | string
  /** NDJSON; undefined when a map goes on that may have all its inputs. */
  chunks: AsyncIterable<Uint8Array> | undefined
  /** What can be wrong with a new map is found here, before there is one. */
  check?: () => Promise<void>
  /** The flag that gives the inputs, for whoever goes on. */
  given?: string | undefined
  ordered: boolean
  /** Prints the id and leaves when all inputs are there. */
  detach: boolean
  progress: MapProgress
  output: MapOutput
}

/** The exit code of the command. Rejects when there is no map, or none that could be gone on with. */
export async function runMap (source: MapSource, { map, chunks, check, given, ordered, detach, progress, output }: MapRun): Promise<ExitCode> {
  const leaving = new AbortController()
  const { signal } = leaving
  let id = typeof map === 'string' ? map : undefined
  let interrupted = false
  const fed: Fed = { all: false, given }
  const onSignal = (): void => {
    if (interrupted) leave(id, fed)
    interrupted = true
    leaving.abort()
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  try {
    if (typeof map !== 'string' && check !== undefined) await unless(signal, check())
    await output.open()
    if (signal.aborted) throw new CorebrumError('ERR_CANCELLED', 'interrupted')
    const begun = await begin(source, map, signal)
    id = begun.id
    fed.all = begun.mark === undefined
    for (const warning of begun.warnings) progress.note(`warning: ${warning}`)
    if (!detach) progress.note(`map ${id}`)
    const status = await carry(source, { id, mark: begun.mark, chunks, fed, ordered, detach, progress, output, leaving })
    progress.end()
    if (detach) {
      print(id)
      return EXIT.done
    }
    const code = conclude(source, id, { status, fed })
    if (code !== undefined) return code
    // The end of the results came before that of the map's record, or of the command.
    throw new CorebrumError('ERR_NO_DAEMON', 'the daemon went away before the map ended')
  } catch (error) {
    progress.end()
    if (id !== undefined) return await stopped(source, id, { error: toCorebrumError(error), interrupted, fed })
    await output.abandon()
    return interrupted ? EXIT.cancelled : await Promise.reject(toCorebrumError(error))
  } finally {
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
  }
}

async function begin (source: MapSource, map: MapSubmissionText | string, signal: AbortSignal): Promise<{ id: string, warnings: string[], mark: InputsMark | undefined }> {
  if (typeof map === 'string') return { id: map, warnings: [], mark: await source.proceed(map) }
  return { ...await source.create(map, soonAfter(signal)), mark: { bytes: 0, crc: 0 } }
}

/** Aborts a moment after `signal`: a map that was about to be made has an id by then, and whoever interrupts is told it. */
function soonAfter (signal: AbortSignal): AbortSignal {
  const late = new AbortController()
  signal.addEventListener('abort', () => { setTimeout(() => { late.abort() }, CLOSE_GRACE_MS).unref() }, { once: true })
  return late.signal
}

/** Rejects as soon as `signal` aborts; what was waited for is given up. */
async function unless<T> (signal: AbortSignal, work: Promise<T>): Promise<T> {
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => { reject(new CorebrumError('ERR_CANCELLED', 'interrupted')) }, { once: true })
  })
  return await Promise.race([work, aborted])
}

/** Whether a map has got its inputs, and what gives them. */
interface Fed { all: boolean, given: string | undefined }

interface Carried extends Omit<MapRun, 'map' | 'check' | 'given'> {
  id: string
  fed: Fed
  /** Of the inputs that are there; undefined: all. */
  mark: InputsMark | undefined
  leaving: AbortController
}

/** Everything at once, until the map is at its end; the last that was heard of it. Rejects with the first failure. */
async function carry (source: MapSource, { id, mark, chunks, fed, ordered, detach, progress, output, leaving }: Carried): Promise<View | undefined> {
  const { signal } = leaving
  if (mark !== undefined && chunks === undefined) {
    throw new CorebrumError('ERR_USAGE', `the map ${id} has got only the first ${mark.bytes} bytes of its inputs: add the rest with --resume ${id} --map and the same inputs as before`)
  }
  let failure: unknown
  let status: View | undefined
  const part = async (work: () => Promise<void>): Promise<void> => {
    try {
      await work()
    } catch (error) {
      failure ??= error
      leaving.abort()
    }
  }
  const give = async (): Promise<void> => {
    if (mark === undefined || chunks === undefined) return
    try {
      await source.addInputs(id, behind(chunks, mark), mark, signal)
      fed.all = true
    } catch (error) {
      // It was paused, and says why itself.
      if (toCorebrumError(error).code !== 'ERR_CANCELLED' || signal.aborted) throw error
    }
  }
  const take = async (): Promise<void> => {
    for await (const chunk of source.results(id, { ordered, signal })) await output.write(chunk)
    if (!signal.aborted) await output.end()
  }
  const watch = async (): Promise<void> => {
    for await (const next of source.follow(id, signal)) {
      status = next
      progress.show(next)
    }
  }
  await Promise.all(detach ? [part(give)] : [part(give), part(take), part(watch)])
  if (failure !== undefined) throw failure
  if (signal.aborted) throw new CorebrumError('ERR_CANCELLED', 'interrupted')
  return status
}

/** Of a map that is at its end; undefined when it is not. */
function conclude (source: MapSource, id: string, { status = {}, fed }: { status: View | undefined, fed: Fed }): ExitCode | undefined {
  const state = textField(status, 'state')
  const message = plainText(textField(status, 'message') ?? '')
  if (state === 'paused') {
    say(`corebrum: the map was paused: ${message}`)
    sayResume(id, fed)
    return EXIT.failed
  }
  if (state === 'completed') {
    source.handedOver(id)
    if (status.reduced === true) print(formatJson(viewField(status, 'outputs') ?? {}))
    return EXIT.done
  }
  if (state === 'failed') {
    source.handedOver(id)
    say(`corebrum: map ${id}: ${message} (${textField(status, 'code')})`)
    return EXIT.failed
  }
  if (state !== 'cancelled') return undefined
  say(`corebrum: map ${id} was cancelled after ${numberField(status, 'done') ?? 0} results`)
  return EXIT.cancelled
}

/** Of a map that goes on another time: what was given and done is kept. */
async function stopped (source: MapSource, id: string, { error, interrupted, fed }: { error: CorebrumError, interrupted: boolean, fed: Fed }): Promise<ExitCode> {
  // What is given up ends as if the daemon had gone.
  const isGone = error.code === 'ERR_NO_DAEMON' && !interrupted
  const status = isGone ? undefined : await Promise.race([paused(source, id), later(PAUSE_MS, undefined, { ref: false })])
  if (!interrupted) report(error)
  if (error.code === 'ERR_TASK_UNKNOWN') return exitOfError(error.code)
  if (!interrupted && status !== undefined && !fed.all) {
    say(`${numberField(status, 'done') ?? 0} of the inputs before that have run, ${numberField(status, 'failed') ?? 0} of them failed; their results are kept. Set that right, without changing what stands before it, then go on`)
  }
  sayResume(id, fed)
  return interrupted ? EXIT.cancelled : exitOfError(error.code)
}

/** Pauses it; how it stands then. */
async function paused (source: MapSource, id: string): Promise<View | undefined> {
  try {
    await source.pause(id)
    for await (const status of source.follow(id, new AbortController().signal)) return status
  } catch {
    // Whoever has it says so when somebody goes on with it.
  }
  return undefined
}

/** A pause waits for what is being written. */
const PAUSE_MS = 10 * CLOSE_GRACE_MS

function leave (id: string | undefined, fed: Fed): never {
  if (id !== undefined) sayResume(id, fed)
  process.exit(EXIT.cancelled)
}

/** With its inputs where they are not all there. */
function sayResume (id: string, { all, given }: Fed): void {
  say(`resume with: corebrum submit --resume ${id}${all || given === undefined ? '' : ` --map ${quotedForShell(given)}`}`)
}

function quotedForShell (text: string): string {
  return /^[\w@./:=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}
