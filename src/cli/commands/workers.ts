/** `corebrum workers`: the nodes of the mesh that run tasks. */
import type { Command } from 'commander'
import { numberField, textField, textsField, viewField, viewsField } from '../../control/fields.ts'
import type { View } from '../../control/views.ts'
import { clientFor, dataDirFlag, type DataDirFlags } from '../flags.ts'
import { print, printJson, say } from '../output.ts'
import { bytes, table } from '../table.ts'

const COLUMNS = [
  { title: 'PEER' }, { title: 'CONNECTED' }, { title: 'SLOTS', align: 'right' }, { title: 'LEASES', align: 'right' },
  { title: 'MEMORY', align: 'right' }, { title: 'LABELS' }, { title: 'ENGINE' }, { title: 'FEATURES' },
] as const

const EXAMPLES = `
Examples:
  corebrum workers
  corebrum workers --discover

SLOTS: tasks that it runs at the same time; LEASES: tasks of this node that it has now; MEMORY: the most that a task may have.
PEER, or the end of it, is what \`submit --on\` takes; LABELS are for \`submit --require\`.`

export function addWorkers (program: Command): void {
  program.command('workers')
    .description('list the connected peers that run tasks, with labels and sizes')
    .option('--discover', 'also workers that are not connected, as far as the DHT knows them')
    .option('--json', 'print JSON')
    .addOption(dataDirFlag())
    .addHelpText('after', EXAMPLES)
    .action(async (flags: DataDirFlags & { json?: boolean, discover?: boolean }) => {
      const path = flags.discover === true ? '/v1/workers?discover=true' : '/v1/workers'
      const workers = viewsField(await clientFor(flags).get(path), 'workers')
      if (flags.json === true) {
        printJson(workers)
        return
      }
      if (workers.length === 0) say('no connected peer runs tasks; `corebrum peers` lists who is connected')
      print(table(COLUMNS, workers.map((worker) => [
        textField(worker, 'peer') ?? '', worker['connected'] === true ? 'yes' : 'no', String(numberField(worker, 'slots') ?? '-'),
        String(numberField(worker, 'leases') ?? '-'), bytes(numberField(worker, 'memoryLimitBytes')),
        labelsOf(worker), textField(worker, 'engine') ?? '-', textsField(worker, 'features').join(' ') || '-',
      ])))
    })
}

/** `gpu=yes site=roof`. */
function labelsOf (worker: View): string {
  return Object.entries(viewField(worker, 'labels') ?? {}).map(([key, value]) => `${key}=${String(value)}`).join(' ') || '-'
}
