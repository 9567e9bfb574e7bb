/** What goes where: results on stdout, everything said to people on stderr. */
import { formatJson } from '../task/json.ts'
import type { Value } from '../task/values.ts'

/** A reader that went away (`corebrum list | head -1`) is no error; there is just nobody left to tell. */
export function surviveClosedPipes (): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error
    })
  }
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
