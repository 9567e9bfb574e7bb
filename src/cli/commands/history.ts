/** `corebrum history`: everything that happened to a task, with time and peer. */
import type { Command } from 'commander'
import { numberField, textField, viewsField } from '../../control/fields.ts'
import { clientFor, dataDirFlag, type DataDirFlags } from '../flags.ts'
import { print, printJson } from '../output.ts'
import { table } from '../table.ts'
import { peopleText, shortPeer } from '../task-text.ts'

interface HistoryFlags extends DataDirFlags {
  json?: boolean
}

const COLUMNS = [{ title: 'TIME' }, { title: 'EVENT' }, { title: 'PEER' }, { title: 'LEASE' }, { title: 'DETAIL' }]

const EXAMPLES = `
Examples:
  corebrum history 3f0c2a1e
  corebrum history 3f0c2a1e --json

LEASE grows each time that the task is given to a worker. A result of an older lease counts as long as there is no other; one
that comes later is a "duplicate". "collected" names the peer that kept the result while this node was away.`

export function addHistory (program: Command): void {
  program.command('history').argument('<id>', 'a task or job: its id, or the beginning of it')
    .description('print what happened to a task, with time and peer')
    .option('--json', 'print JSON, with whole peer ids')
    .addOption(dataDirFlag())
    .addHelpText('after', EXAMPLES)
    .action(async (id: string, flags: HistoryFlags) => {
      const answer = await clientFor(flags).get(`/v1/tasks/${encodeURIComponent(id)}/history`)
      if (flags.json === true) {
        printJson(answer)
        return
      }
      print(table(COLUMNS, viewsField(answer, 'events').map((event) => [
        textField(event, 'at') ?? '', textField(event, 'event') ?? '', shortPeer(textField(event, 'peer')),
        numberField(event, 'fence')?.toString() ?? '-', peopleText(textField(event, 'detail')),
      ])))
    })
}
