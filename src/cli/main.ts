#!/usr/bin/env node
/** The `corebrum` command. */
import { CommanderError } from 'commander'
import { EXIT } from './exit.ts'
import { flushed, watchOutput } from './output.ts'
import { createProgram } from './program.ts'
import { report } from './report.ts'

watchOutput()
try {
  const program = createProgram()
  if (process.argv.length <= 2) {
    program.outputHelp({ error: true })
    process.exitCode = EXIT.usage
  } else {
    await program.parseAsync()
  }
} catch (error) {
  // Commander has said on stderr what is wrong, or on stdout what was asked for.
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage
  } else {
    const code = report(error)
    await flushed()
    // What had been started by then, such as a node, must not keep a command that failed.
    process.exit(code)
  }
}
