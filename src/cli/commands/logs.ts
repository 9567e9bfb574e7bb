/** `corebrum logs`: what a task's module wrote to stderr. */
import type { Command } from 'commander'
import { textField } from '../../control/fields.ts'
import { clientFor, dataDirFlag, type DataDirFlags } from '../flags.ts'

export function addLogs (program: Command): void {
  program.command('logs').argument('<id>', 'a task: its id, or the beginning of it')
    .description('print what the module of a task wrote to stderr')
    .addOption(dataDirFlag())
    .addHelpText('after', '\nExample:\n  corebrum logs 3f0c2a1e')
    .action(async (id: string, flags: DataDirFlags) => {
      const logs = textField(await clientFor(flags).get(`/v1/tasks/${encodeURIComponent(id)}/logs`), 'logs') ?? ''
      process.stdout.write(logs === '' || logs.endsWith('\n') ? logs : `${logs}\n`)
    })
}
