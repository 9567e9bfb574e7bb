/** `corebrum logs`: what a task's module wrote to its log. */
import { Option, type Command } from 'commander'
import { textField } from '../../control/fields.ts'
import { CorebrumError } from '../../errors.ts'
import { exitOfState } from '../exit.ts'
import { chainOf } from '../chain.ts'
import { clientFor, dataDirFlag, type DataDirFlags } from '../flags.ts'
import { createLogText } from '../log-text.ts'
import { plainText } from '../plain-text.ts'

interface LogsFlags extends DataDirFlags {
  follow?: boolean
  chain?: boolean
}

const EXAMPLES = `
Examples:
  corebrum logs 3f0c2a1e
  corebrum logs 3f0c2a1e --follow
  corebrum logs 3f0c2a1e --chain

Control characters are shown as \\x1b and the like. Of a task that runs, this is what has come so far.`

export function addLogs (program: Command): void {
  program.command('logs').argument('<id>', 'a task or job: its id, or the beginning of it')
    .description('print what the module of a task wrote to its log')
    .option('--follow', 'print what comes, too, until the task has ended')
    .addOption(new Option('--chain', 'print the log of each of the tasks that it is made of').conflicts(['follow']))
    .addOption(dataDirFlag())
    .addHelpText('after', EXAMPLES)
    .action(async (id: string, flags: LogsFlags) => {
      const log = createLogText((text) => { process.stdout.write(text) })
      if (flags.chain === true) {
        for await (const child of chainOf(clientFor(flags), id, { logs: true })) {
          process.stdout.write(`==> ${plainText(textField(child, 'name') ?? '')} ${textField(child, 'id')}\n`)
          const part = createLogText((text) => { process.stdout.write(text) })
          part.add({ text: textField(child, 'logs') ?? '' })
          part.end()
        }
      } else if (flags.follow === true) {
        let state: string | undefined
        for await (const event of clientFor(flags).followLogs(id)) {
          if (event.type === 'log') log.add(event)
          else if (event.type === 'task') state = textField(event.task, 'state')
        }
        log.end()
        if (exitOfState(state) === undefined) throw new CorebrumError('ERR_NO_DAEMON', 'the daemon went away before the task ended')
      } else {
        log.add({ text: textField(await clientFor(flags).get(`/v1/tasks/${encodeURIComponent(id)}/logs`), 'logs') ?? '' })
        log.end()
      }
    })
}
