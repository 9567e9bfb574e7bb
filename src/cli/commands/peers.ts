/** `corebrum peers`: the nodes that the daemon is connected to. */
import type { Command } from 'commander'
import { numberField, textField, textsField, viewsField } from '../../control/fields.ts'
import { clientFor, dataDirFlag, type DataDirFlags } from '../flags.ts'
import { print, printJson } from '../output.ts'
import { table } from '../table.ts'

const COLUMNS = [{ title: 'PEER' }, { title: 'DIRECTION' }, { title: 'PING', align: 'right' }, { title: 'ADDRESS' }] as const

export function addPeers (program: Command): void {
  program.command('peers')
    .description('list the peers that the daemon is connected to; `workers` says what they run')
    .option('--json', 'print JSON')
    .addOption(dataDirFlag())
    .addHelpText('after', '\nExample:\n  corebrum peers')
    .action(async (flags: DataDirFlags & { json?: boolean }) => {
      const peers = viewsField(await clientFor(flags).get('/v1/peers'), 'peers')
      if (flags.json === true) {
        printJson(peers)
        return
      }
      print(table(COLUMNS, peers.map((peer) => {
        const latency = numberField(peer, 'latencyMs')
        return [
          textField(peer, 'peer') ?? '', textField(peer, 'direction') ?? '',
          latency === undefined ? '-' : `${latency.toFixed(1)} ms`, textsField(peer, 'addresses')[0] ?? '-',
        ]
      })))
    })
}
