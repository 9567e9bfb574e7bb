/** `corebrum results`: the outputs of a task that has ended. */
import { Option, type Command } from 'commander'
import { textField, viewField, viewsField } from '../../control/fields.ts'
import { formatJson } from '../../task/json.ts'
import { chainOf, resultLine, resultText } from '../chain.ts'
import { EXIT, exitOfState } from '../exit.ts'
import { clientFor, dataDirFlag, type DataDirFlags } from '../flags.ts'
import { namedPath, type NamedPath } from '../named-paths.ts'
import { checkOutputFiles, isPrinted, writeOutputFiles } from '../output-files.ts'
import { print, printJson, say } from '../output.ts'
import { plainText } from '../plain-text.ts'
import { outputsAsText, outputsOf } from '../task-text.ts'

interface ResultsFlags extends DataDirFlags {
  format: 'json' | 'text'
  json?: boolean
  outputFile?: NamedPath[]
  chain?: boolean
  receipt?: boolean
}

const EXAMPLES = `
Examples:
  corebrum results 3f0c2a1e
  corebrum results 3f0c2a1e --format text
  corebrum results 3f0c2a1e --output-file image=small.png
  corebrum results 3f0c2a1e --chain
  corebrum results 3f0c2a1e --receipt > receipt.json

Exit codes: 0 completed, 1 the task failed, 4 it has not ended yet, 5 it was cancelled.`

export function addResults (program: Command): void {
  program.command('results').argument('<id>', 'a task or job: its id, or the beginning of it')
    .description('print the outputs of a task; of a map, a line of JSON for each input')
    .addOption(new Option('--format <format>', 'json: one object; text: the values alone').choices(['json', 'text']).default('json'))
    .option('--json', 'print the whole task: id, state, worker, timings, outputs')
    .addOption(new Option('--receipt', 'print the receipt instead, signed by the worker; see `corebrum verify`').conflicts(['chain', 'outputFile', 'json']))
    .addOption(new Option('--chain', 'print what each of the tasks gave that it is made of, one line each').conflicts(['outputFile']))
    .option('--output-file <name=path>', 'write one output to a file instead of printing it; - for standard output; repeatable', namedPath)
    .addOption(dataDirFlag())
    .addHelpText('after', EXAMPLES)
    .action(async (id: string, flags: ResultsFlags) => {
      const { outputFile: files = [] } = flags
      checkOutputFiles(files, { json: flags.json === true })
      const client = clientFor(flags)
      if (flags.receipt === true) {
        const receipts = viewsField(await client.get(`/v1/tasks/${encodeURIComponent(id)}/receipts`), 'receipts')
        printJson(receipts.length === 1 ? receipts[0] ?? null : receipts)
        return
      }
      const without = new URLSearchParams(files.map(({ name }): [string, string] => ['without', name]))
      const task = await client.get(`/v1/tasks/${encodeURIComponent(id)}?${without.toString()}`)
      const state = textField(task, 'state')
      const code = exitOfState(state)
      process.exitCode = code ?? EXIT.waited
      const isMap = textField(viewField(task, 'job') ?? {}, 'kind') === 'map'
      if (flags.chain === true) {
        if (isMap) say(`corebrum: the tasks of a map are kept as lines of its results, which these print: corebrum submit --resume ${textField(task, 'id')}`)
        for await (const child of chainOf(client, textField(task, 'id') ?? '')) print(flags.json === true ? formatJson(child) : flags.format === 'text' ? resultText(child) : resultLine(child))
        return
      }
      if (isMap && flags.json !== true && files.length === 0) {
        if (code === undefined) {
          say(`corebrum: map ${textField(task, 'id')} is ${state}; go on with it, and print its results, by: corebrum submit --resume ${textField(task, 'id')}`)
          return
        }
        const { printMapResults } = await import('../submit/map-results.ts')
        await printMapResults(client, textField(task, 'id') ?? '')
      }
      if (code === EXIT.done) await writeOutputFiles(files, (name) => client.output(id, name))
      if (flags.json === true) printJson(task)
      else if (code === EXIT.done && !(isMap && files.length === 0) && isPrinted(task, files)) print(flags.format === 'text' ? outputsAsText(task) : outputsOf(task))
      if (code === EXIT.done) return
      const error = viewField(task, 'error')
      if (code === undefined) say(`corebrum: task ${textField(task, 'id')} is ${state}; it has no results yet`)
      else if (error === undefined) say(`corebrum: task ${textField(task, 'id')} is ${state}`)
      else say(`corebrum: task ${textField(task, 'id')}: ${plainText(textField(error, 'message') ?? '')} (${textField(error, 'code')}, said by ${textField(error, 'by')})`)
    })
}
