/** Errors as people see them: a sentence, each mistake on its own line, what to do next; no stack for a mistake of theirs. */
import { CorebrumError } from '../errors.ts'
import { EXIT, exitOfError, type ExitCode } from './exit.ts'
import { say } from './output.ts'
import { plainText } from './plain-text.ts'

/** Says on stderr what went wrong; returns the exit code. */
export function report (error: unknown): ExitCode {
  if (error instanceof CorebrumError) {
    const { problems } = error
    say(`corebrum: ${plainText(headline(error))} (${error.code})`)
    if (problems.length > 1 || !error.message.includes(problems[0] ?? '')) for (const problem of problems) say(`  - ${plainText(problem)}`)
    if (error.code === 'ERR_INTERNAL' && error.stack !== undefined) say(error.stack)
    return exitOfError(error.code)
  }
  say(`corebrum: a defect in corebrum itself; please report it: ${error instanceof Error ? error.stack ?? error.message : String(error)}`)
  return EXIT.failed
}

/** The message without the mistakes that it repeats: several stand on lines of their own. */
function headline ({ message, problems }: CorebrumError): string {
  const at = problems.length > 1 ? message.indexOf(problems[0] ?? '') : -1
  return at > 0 ? message.slice(0, at).replace(/[:\s]+$/, '') : message
}
