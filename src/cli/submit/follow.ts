/** Waits for one task: progress on stderr, outputs on stdout, Ctrl-C cancels it, `--timeout` ends the wait. */
import { textField, viewField } from '../../control/fields.ts'
import type { SubmitEvent } from '../../control/submit-event.ts'
import type { View } from '../../control/views.ts'
import { CorebrumError } from '../../errors.ts'
import { CANCEL_GRACE_MS } from '../../limits.ts'
import { formatJson } from '../../task/json.ts'
import { EXIT, exitOfState, type ExitCode } from '../exit.ts'
import { createLogText } from '../log-text.ts'
import type { NamedPath } from '../named-paths.ts'
import { isPrinted, writeOutputFiles } from '../output-files.ts'
import { print, printJson, say } from '../output.ts'
import { plainText } from '../plain-text.ts'
import type { Progress } from '../progress.ts'
import { declineLines, outputsOf, stateLine, usageLine } from '../task-text.ts'
import { createReplicasHint } from './replicas-hint.ts'
import type { TaskSource } from './source.ts'

export interface FollowOptions {
  progress: Progress
  /** The whole task instead of its outputs. */
  json: boolean
  /** The log is not shown, except that of a task that failed and that nobody else keeps. */
  quiet?: boolean
  timeoutMs?: number
  /** Outputs that go to files instead of standard output. */
  outputFiles?: readonly NamedPath[]
}

type Ended = 'timeout' | 'gave-up'

/** The exit code of the command. Rejects when the task could not be submitted. */
export async function follow (source: TaskSource, { progress, json, quiet = false, timeoutMs, outputFiles = [] }: FollowOptions): Promise<ExitCode> {
  let id: string | undefined
  let task: View | undefined
  let signals = 0
  let runs = 0
  let withheld = ''
  const declines = new Set<string>()
  const hint = createReplicasHint(source, (line) => { progress.note(line) })
  const log = createLogText((text) => {
    if (quiet) withheld += text
    else progress.log(text)
  })
  let end: (how: Ended) => void = () => {}
  const ended = new Promise<Ended>((resolve) => { end = resolve })

  const cancel = (taskId: string): void => {
    // When the daemon is gone the following fails too, and says so.
    source.cancel(taskId).catch(() => end('gave-up'))
  }
  const onSignal = (): void => {
    if (++signals > 1) process.exit(EXIT.cancelled)
    progress.note('cancelling; once more to leave at once')
    if (id !== undefined) cancel(id)
    // It may be accepted at this very moment: then its id is on the way, and it is cancelled by it.
    else setTimeout(() => { if (id === undefined) end('gave-up') }, CANCEL_GRACE_MS)
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => end('timeout'), timeoutMs)

  const onEvent = (event: SubmitEvent): void => {
    if (event.type === 'log') {
      log.add(event)
      return
    }
    if (event.type === 'run') {
      runs++
      progress.clear()
      printRun(event.task, { json, progress })
      return
    }
    if (event.type === 'task') {
      task = event.task
      hint.show(task)
      // How it ended is said below.
      for (const line of exitOfState(textField(task, 'state')) === undefined ? declineLines(task) : []) {
        if (!declines.has(line)) progress.note(line)
        declines.add(line)
      }
      progress.state([stateLine(task), ...usageLine(task)].join('; '))
      return
    }
    id = event.id
    for (const warning of event.warnings) progress.note(`warning: ${warning}`)
    progress.note(`task ${id}`)
    if (signals > 0) cancel(id)
  }

  const events = source.events()[Symbol.asyncIterator]()
  try {
    while (true) {
      const next = events.next()
      // When the wait ends first, nobody is left to hear how the iteration goes on.
      next.catch(() => {})
      const step = await Promise.race([next, ended])
      if (step === 'timeout') return await onTimeout(source, { id, task, json, timeoutMs })
      if (step === 'gave-up') {
        source.abandon()
        return EXIT.cancelled
      }
      if (step.done === true) break
      onEvent(step.value)
    }
  } finally {
    clearTimeout(timer)
    hint.end()
    process.off('SIGINT', onSignal)
    process.off('SIGTERM', onSignal)
    progress.end()
  }
  if (task !== undefined && exitOfState(textField(task, 'state')) === EXIT.done) await writeOutputFiles(outputFiles, (name) => source.output(id ?? '', name))
  return finish(task, { json, outputFiles, printed: runs > 0 }, source.outlivesCommand ? '' : withheld.trimEnd())
}

async function onTimeout (source: TaskSource, { id, task, json, timeoutMs = 0 }: { id?: string, task?: View, json: boolean, timeoutMs?: number }): Promise<ExitCode> {
  const waited = `no result after ${timeoutMs / 1000} s`
  if (id === undefined) {
    source.abandon()
    say(`corebrum: ${waited}; the task was not submitted (ERR_WAIT_TIMEOUT)`)
  } else if (source.outlivesCommand) {
    say(`corebrum: ${waited}; task ${id} goes on: see \`corebrum status ${id}\` (ERR_WAIT_TIMEOUT)`)
  } else {
    await source.cancel(id)
    say(`corebrum: ${waited}; task ${id} was cancelled, because no daemon runs that could go on with it (ERR_WAIT_TIMEOUT)`)
  }
  if (json && task !== undefined) printJson(task)
  return EXIT.waited
}

/** One run of a recurring task: its outputs on a line of their own. */
function printRun (run: View, { json, progress }: { json: boolean, progress: Progress }): void {
  const error = viewField(run, 'error')
  if (json) print(formatJson(run))
  else if (error === undefined) print(outputsOf(run))
  else progress.note(`run ${textField(run, 'id')}: ${plainText(textField(error, 'message') ?? '')} (${textField(error, 'code')})`)
}

/** `printed`: what it gave was printed run by run. */
function finish (task: View | undefined, { json, outputFiles, printed }: { json: boolean, outputFiles: readonly NamedPath[], printed: boolean }, withheld: string): ExitCode {
  const code = task === undefined ? undefined : exitOfState(textField(task, 'state'))
  if (task === undefined || code === undefined) throw new CorebrumError('ERR_NO_DAEMON', 'the daemon went away before the task ended')
  if (json) printJson(task)
  if (code === EXIT.done) {
    if (!json && !printed && isPrinted(task, outputFiles)) print(outputsOf(task))
    return code
  }
  const error = viewField(task, 'error')
  if (withheld !== '') say(withheld)
  const id = textField(task, 'id') ?? ''
  if (error === undefined) say(`corebrum: task ${id} is ${textField(task, 'state')}`)
  else say(`corebrum: task ${id}: ${plainText(textField(error, 'message') ?? '')} (${textField(error, 'code')}, said by ${textField(error, 'by')})`)
  return code
}
