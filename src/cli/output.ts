/** What goes where: results on stdout, everything said to people on stderr. */
import { codeOf, describeSystemError } from '../config/system-error.ts'
import { formatJson } from '../task/json.ts'
import type { Value } from '../task/values.ts'
import { EXIT } from './exit.ts'

/**
 * A reader that went away (`corebrum list | head -1`) is no error; there is just nobody left to tell. Standard output that
 * cannot be written, on a full disk, ends the command; what goes to standard error is not worth that.
 */
export function watchOutput (): void {
  process.stderr.on('error', () => {})
  process.stdout.on('error', (error) => {
    if (codeOf(error) === 'EPIPE') return
    say(`corebrum: standard output cannot be written: ${describeSystemError(error)}; the outputs of a task that a daemon submitted can be had again with \`corebrum results\``)
    process.exit(EXIT.failed)
  })
}

/** One line on stdout. */
export function print (line: string): void {
  process.stdout.write(`${line}\n`)
}

/** One line on stderr. */
export function say (line: string): void {
  process.stderr.write(`${line}\n`)
}

/** On one line, as bare results are, or spread over lines with a blank after each colon. */
export function printJson (value: Value, { pretty = true }: { pretty?: boolean } = {}): void {
  print(formatJson(value, pretty ? { indent: 2 } : {}))
}

/** Waits until stdout has been taken by whoever reads it: needed before `process.exit`. */
export function flushed (): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.write('', () => resolve())
  })
}
