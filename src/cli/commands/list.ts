/** `corebrum list`: the tasks of the daemon, newest first. */
import { InvalidArgumentError, type Command } from 'commander'
import { textField, viewsField } from '../../control/fields.ts'
import { MAX_LISTED_TASKS } from '../../limits.ts'
import { TASK_STATES } from '../../task/state.ts'
import { clientFor, count, dataDirFlag, type DataDirFlags } from '../flags.ts'
import { print, printJson, say } from '../output.ts'
import { table } from '../table.ts'
import { shortPeer } from '../task-text.ts'

interface ListFlags extends DataDirFlags {
  state?: string
  limit: number
  json?: boolean
}

const DEFAULT_LIMIT = 50
const COLUMNS = [{ title: 'ID' }, { title: 'NAME' }, { title: 'STATE' }, { title: 'WORKER' }, { title: 'CREATED' }]

export function addList (program: Command): void {
  program.command('list')
    .description('list the tasks that were submitted here, newest first')
    .option('--state <state>', `only tasks in this state: ${TASK_STATES.join(', ')}`, state)
    .option('--limit <n>', 'how many at most', limit, DEFAULT_LIMIT)
    .option('--json', 'print JSON')
    .addOption(dataDirFlag())
    .addHelpText('after', '\nExample:\n  corebrum list --state running --limit 10\n\nThe tasks of a job are not in it; `corebrum status ID --chain` shows those.')
    .action(async (flags: ListFlags) => {
      const query = new URLSearchParams({ limit: String(flags.limit), ...(flags.state === undefined ? {} : { state: flags.state }) })
      const answer = await clientFor(flags).get(`/v1/tasks?${query}`)
      const tasks = viewsField(answer, 'tasks')
      if (flags.json === true) {
        printJson(tasks)
        return
      }
      print(table(COLUMNS, tasks.map((task) => [
        textField(task, 'id') ?? '', textField(task, 'name') ?? '', textField(task, 'state') ?? '',
        shortPeer(textField(task, 'worker')), textField(task, 'createdAt') ?? '',
      ])))
      if (answer['more'] === true) say(`the newest ${tasks.length} tasks; --limit shows more`)
    })
}

function state (text: string): string {
  const found = TASK_STATES.find((item) => item === text.toLowerCase())
  if (found === undefined) throw new InvalidArgumentError(`Allowed are ${TASK_STATES.join(', ')}.`)
  return found
}

function limit (text: string): number {
  const value = count(text)
  if (value > MAX_LISTED_TASKS) throw new InvalidArgumentError(`It must be at most ${MAX_LISTED_TASKS}.`)
  return value
}
