/** `corebrum status`: one task, or the node, as JSON. */
import type { Command } from 'commander'
import { clientFor, dataDirFlag, type DataDirFlags } from '../flags.ts'
import { printJson, say } from '../output.ts'
import { usageLine } from '../task-text.ts'

const EXAMPLES = `
Examples:
  corebrum status
  corebrum status 3f0c2a1e

The states of a task are PENDING, CLAIMED, RUNNING, COMPLETED, FAILED, TIMEOUT, CANCELLED.`

export function addStatus (program: Command): void {
  program.command('status').argument('[id]', 'a task: its id, or the beginning of it')
    .description('show a task, or the node when no task is named, as JSON')
    .addOption(dataDirFlag())
    .option('--json', 'the same: the status is always JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (id: string | undefined, flags: DataDirFlags) => {
      const path = id === undefined ? '/v1/node' : `/v1/tasks/${encodeURIComponent(id)}`
      const view = await clientFor(flags).get(path)
      printJson(view)
      for (const line of usageLine(view)) say(line)
    })
}
