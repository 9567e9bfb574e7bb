/** `corebrum explain`: why a task is not running, or why a job is not over. */
import type { Command } from 'commander'
import { textField, viewsField } from '../../control/fields.ts'
import type { View } from '../../control/views.ts'
import { clientFor, dataDirFlag, type DataDirFlags } from '../flags.ts'
import { print, printJson } from '../output.ts'
import { plainText } from '../plain-text.ts'
import { table } from '../table.ts'
import { peopleText, shortPeer } from '../task-text.ts'

const EXAMPLES = `
Examples:
  corebrum explain 3f0c2a1e
  corebrum explain 3f0c2a1e --json

Peers that hold no work stream to this node are asked whether they would take the task; each has two seconds to answer.
SAYS is "next" of a worker that has room, "later" of one that is busy, "no" of one that cannot run it, or avoids it for a while.
Of a map only the input is explained that has waited longest; the others wait for the same.`

const COLUMNS = [{ title: 'PEER' }, { title: 'SAYS' }, { title: 'WHY' }]
const SAYS: Readonly<Record<string, string>> = { could: 'next', busy: 'later', no: 'no', admits: 'yes, when it hears the offer', declines: 'no', silent: 'nothing' }

export function addExplain (program: Command): void {
  program.command('explain').argument('<id>', 'a task or job: its id, or the beginning of it')
    .description('say why a task is not running: who does not take it, and why; of a job, of each of its open tasks')
    .option('--json', 'print JSON, with whole peer ids')
    .addOption(dataDirFlag())
    .addHelpText('after', EXAMPLES)
    .action(async (id: string, flags: DataDirFlags & { json?: boolean }) => {
      const answer = await clientFor(flags).get(`/v1/tasks/${encodeURIComponent(id)}/explain`)
      if (flags.json === true) printJson(answer)
      else print(explanationText(answer).join('\n'))
    })
}

/** Lines for people. `whole` is the job that it is a part of. */
export function explanationText (answer: View, whole: View = answer): string[] {
  const when = (key: string, text: string): string[] => {
    const time = textField(answer, key)
    return time === undefined ? [] : [`${text} ${time}`]
  }
  const said = [...viewsField(answer, 'workers'), ...viewsField(answer, 'peers')]
  const declines = viewsField(answer, 'declines')
  return [
    `task ${textField(answer, 'id') ?? ''}${nameIn(whole, answer)} is ${textField(answer, 'state') ?? 'UNKNOWN'}: ${peopleText(textField(answer, 'summary'))}`,
    ...when('backoffUntil', 'it is tried again at'),
    ...when('nextOfferAt', 'the next offer goes out at'),
    ...when('deadline', 'it ends at the latest at'),
    ...(said.length === 0 ? [] : ['', table(COLUMNS, said.map((one) => [shortPeer(textField(one, 'peer')), saysOf(one), reasonOf(one)]))]),
    ...(declines.length === 0 ? [] : ['', 'given back before:', ...declines.map((one) => `  ${textField(one, 'at') ?? ''}  ${shortPeer(textField(one, 'peer'))}  ${textField(one, 'code') ?? ''}: ${reasonOf(one)}`)]),
    ...viewsField(answer, 'parts').flatMap((part) => ['', ...explanationText(part, answer).flatMap((text) => text.split('\n')).map((line) => line === '' ? '' : `  ${line}`)]),
  ]
}

/** A step has a name of its own; copies and runs have that of the whole. */
function nameIn (whole: View, part: View): string {
  const name = textField(part, 'name')
  return name === undefined || name === textField(whole, 'name') ? '' : ` (${plainText(name)})`
}

function saysOf (one: View): string {
  const verdict = textField(one, 'verdict') ?? ''
  return Object.hasOwn(SAYS, verdict) ? SAYS[verdict] ?? verdict : verdict
}

function reasonOf (one: View): string {
  return peopleText(textField(one, 'reason') ?? '-').replace(/\n+/g, ' ')
}
