/** `corebrum workers`: the nodes of the mesh that run tasks. */
import type { Command } from 'commander'
import { numberField, textField, textsField, viewField, viewsField } from '../../control/fields.ts'
import type { View } from '../../control/views.ts'
import { clientFor, dataDirFlag, type DataDirFlags } from '../flags.ts'
import { print, printJson } from '../output.ts'
import { bytes, table } from '../table.ts'

const COLUMNS = [
  { title: 'PEER' }, { title: 'CONNECTED' }, { title: 'SLOTS', align: 'right' }, { title: 'LEASES', align: 'right' },
  { title: 'MEMORY', align: 'right' }, { title: 'LABELS' }, { title: 'ENGINE' }, { title: 'FEATURES' },
] as const

export function addWorkers (program: Command): void {
  program.command('workers')
    .description('list the peers that run tasks for this node')
    .option('--discover', 'ask the DHT for workers that are not connected, too')
    .option('--json', 'print JSON')
    .addOption(dataDirFlag())
    .addHelpText('after', '\nExample:\n  corebrum workers --discover')
    .action(async (flags: DataDirFlags & { json?: boolean, discover?: boolean }) => {
      const path = flags.discover === true ? '/v1/workers?discover=true' : '/v1/workers'
      const workers = viewsField(await clientFor(flags).get(path), 'workers')
      if (flags.json === true) {
        printJson(workers)
        return
      }
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
