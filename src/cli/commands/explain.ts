/** `corebrum explain`: why a task is not running. */
import type { Command } from 'commander'
import { textField, viewsField } from '../../control/fields.ts'
import type { View } from '../../control/views.ts'
import { clientFor, dataDirFlag, type DataDirFlags } from '../flags.ts'
import { print, printJson } from '../output.ts'
import { plainText } from '../plain-text.ts'
import { table } from '../table.ts'
import { shortPeer } from '../task-text.ts'

const EXAMPLES = `
Examples:
  corebrum explain 3f0c2a1e
  corebrum explain 3f0c2a1e --json

Peers that hold no work stream to this node are asked whether they would take the task; each has two seconds to answer.`

const COLUMNS = [{ title: 'PEER' }, { title: 'SAYS' }, { title: 'WHY' }]
const SAYS: Readonly<Record<string, string>> = { could: 'next', busy: 'later', no: 'no', admits: 'yes, when it hears the offer', declines: 'no', silent: 'nothing' }

export function addExplain (program: Command): void {
  program.command('explain').argument('<id>', 'a task: its id, or the beginning of it')
    .description('say why a task is not running: who declines it, and why')
    .option('--json', 'print JSON, with whole peer ids')
    .addOption(dataDirFlag())
    .addHelpText('after', EXAMPLES)
    .action(async (id: string, flags: DataDirFlags & { json?: boolean }) => {
      const answer = await clientFor(flags).get(`/v1/tasks/${encodeURIComponent(id)}/explain`)
      if (flags.json === true) printJson(answer)
      else print(explanationText(answer).join('\n'))
    })
}

/** Lines for people. */
export function explanationText (answer: View): string[] {
  const when = (key: string, text: string): string[] => {
    const time = textField(answer, key)
    return time === undefined ? [] : [`${text} ${time}`]
  }
  const said = [...viewsField(answer, 'workers'), ...viewsField(answer, 'peers')]
  const declines = viewsField(answer, 'declines')
  return [
    `task ${textField(answer, 'id') ?? ''} is ${textField(answer, 'state') ?? 'UNKNOWN'}: ${plainText(textField(answer, 'summary') ?? '')}`,
    ...when('backoffUntil', 'it is tried again at'),
    ...when('nextOfferAt', 'the next offer goes out at'),
    ...when('deadline', 'it ends at the latest at'),
    ...(said.length === 0 ? [] : ['', table(COLUMNS, said.map((one) => [shortPeer(textField(one, 'peer')), saysOf(one), reasonOf(one)]))]),
    ...(declines.length === 0 ? [] : ['', 'given back before:', ...declines.map((one) => `  ${textField(one, 'at') ?? ''}  ${shortPeer(textField(one, 'peer'))}  ${textField(one, 'code') ?? ''}: ${reasonOf(one)}`)]),
  ]
}

function saysOf (one: View): string {
  const verdict = textField(one, 'verdict') ?? ''
  return Object.hasOwn(SAYS, verdict) ? SAYS[verdict] ?? verdict : verdict
}

function reasonOf (one: View): string {
  return plainText(textField(one, 'reason') ?? '-').replace(/\n+/g, ' ')
}
