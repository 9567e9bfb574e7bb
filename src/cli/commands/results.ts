/** `corebrum results`: the outputs of a task that has ended. */
import { Option, type Command } from 'commander'
import { textField, viewField } from '../../control/fields.ts'
import { EXIT, exitOfState } from '../exit.ts'
import { clientFor, dataDirFlag, type DataDirFlags } from '../flags.ts'
import { print, printJson, say } from '../output.ts'
import { outputsAsText, outputsOf } from '../task-text.ts'

interface ResultsFlags extends DataDirFlags {
  format: 'json' | 'text'
  json?: boolean
}

const EXAMPLES = `
Examples:
  corebrum results 3f0c2a1e
  corebrum results 3f0c2a1e --format text

Exit codes: 0 completed, 1 the task failed, 4 it has not ended yet, 5 it was cancelled.`

export function addResults (program: Command): void {
  program.command('results').argument('<id>', 'a task: its id, or the beginning of it')
    .description('print the outputs of a task')
    .addOption(new Option('--format <format>', 'json: one object; text: the values alone').choices(['json', 'text']).default('json'))
    .option('--json', 'print the whole task: id, state, worker, timings, outputs')
    .addOption(dataDirFlag())
    .addHelpText('after', EXAMPLES)
    .action(async (id: string, flags: ResultsFlags) => {
      const task = await clientFor(flags).get(`/v1/tasks/${encodeURIComponent(id)}`)
      const state = textField(task, 'state')
      const code = exitOfState(state)
      process.exitCode = code ?? EXIT.waited
      if (flags.json === true) printJson(task)
      else if (code === EXIT.done) print(flags.format === 'text' ? outputsAsText(task) : outputsOf(task))
      if (code === EXIT.done) return
      const error = viewField(task, 'error')
      if (code === undefined) say(`corebrum: task ${textField(task, 'id')} is ${state}; it has no results yet`)
      else if (error === undefined) say(`corebrum: task ${textField(task, 'id')} is ${state}`)
      else say(`corebrum: task ${textField(task, 'id')}: ${textField(error, 'message')} (${textField(error, 'code')}, said by ${textField(error, 'by')})`)
    })
}
