/** `corebrum status`: one task, or the node, as JSON. */
import type { Command } from 'commander'
import { textField } from '../../control/fields.ts'
import type { View } from '../../control/views.ts'
import { CorebrumError } from '../../errors.ts'
import { chainEntry, chainOf } from '../chain.ts'
import { clientFor, dataDirFlag, type DataDirFlags } from '../flags.ts'
import { printJson, say } from '../output.ts'
import { usageLine } from '../task-text.ts'

const EXAMPLES = `
Examples:
  corebrum status
  corebrum status 3f0c2a1e
  corebrum status 3f0c2a1e --chain

States: PENDING (waits for a worker, see \`corebrum explain\`), CLAIMED (a worker has it), RUNNING, COMPLETED, FAILED,
TIMEOUT, CANCELLED. A job, such as a pipeline or a map, is RUNNING from its submit on; "job" counts its tasks.`

export function addStatus (program: Command): void {
  program.command('status').argument('[id]', 'a task or job: its id, or the beginning of it')
    .description('show a task, or the node when no task is named, as JSON')
    .addOption(dataDirFlag())
    .option('--chain', 'with the tasks that it is made of')
    .option('--json', 'the same: the status is always JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (id: string | undefined, flags: DataDirFlags & { chain?: boolean }) => {
      const path = id === undefined ? '/v1/node' : `/v1/tasks/${encodeURIComponent(id)}`
      const client = clientFor(flags)
      const view = await client.get(path)
      if (flags.chain === true && id === undefined) throw new CorebrumError('ERR_USAGE', '--chain is for a task; name one')
      printJson(flags.chain === true ? { ...view, chain: await collect(chainOf(client, textField(view, 'id') ?? '')) } : view)
      for (const line of usageLine(view)) say(line)
    })
}

async function collect (chain: AsyncIterable<View>): Promise<View[]> {
  const list: View[] = []
  for await (const child of chain) list.push(chainEntry(child))
  return list
}
