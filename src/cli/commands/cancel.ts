/** `corebrum cancel`: ends a task that waits or runs. */
import type { Command } from 'commander'
import { textField, viewField } from '../../control/fields.ts'
import { EXIT } from '../exit.ts'
import { clientFor, dataDirFlag, type DataDirFlags } from '../flags.ts'
import { say } from '../output.ts'

const NOTES = `
Example:
  corebrum cancel 3f0c2a1e

Exit codes: 0 cancelled, 1 the task had ended already.`

export function addCancel (program: Command): void {
  program.command('cancel').argument('<id>', 'a task or job: its id, or the beginning of it')
    .description('cancel a task, or a job with all of its tasks')
    .addOption(dataDirFlag())
    .addHelpText('after', NOTES)
    .action(async (id: string, flags: DataDirFlags) => {
      const answer = await clientFor(flags).post(`/v1/tasks/${encodeURIComponent(id)}/cancel`)
      const task = viewField(answer, 'task') ?? {}
      if (answer['cancelled'] === true) {
        say(`task ${textField(task, 'id')} cancelled`)
        return
      }
      say(`corebrum: task ${textField(task, 'id')} had ended already: ${textField(task, 'state')}`)
      process.exitCode = EXIT.failed
    })
}
