/** A process that writes to a journal as fast as it can until it is killed, and prints each id when it was promised. Arguments: data folder. */
import { join } from 'node:path'
import { createTaskJournal } from '../../src/roles/journal/level.ts'
import { reduceTask } from '../../src/task/state.ts'
import { completedEvent, leased, owedOf, recordOf, taskOf } from './journal-samples.ts'

const AT_ONCE = 200
const [, , dataDir = ''] = process.argv

const journal = createTaskJournal({ dir: join(dataDir, 'journal'), outputsDir: join(dataDir, 'outputs'), adopt: async (cid) => ({ cid, size: 0, release: () => {} }) })
await journal.start()
process.stdout.write('ready\n')
await Promise.all(Array.from({ length: AT_ONCE }, async (_, writer) => {
  for (let i = 0; ; i++) {
    const task = taskOf()
    let record = recordOf(task)
    await journal.submitted(task, record)
    process.stdout.write(`open ${task.id}\n`)
    record = reduceTask(record, leased(1))
    journal.changed(record, record.history.at(-1) ?? { atMs: 0, kind: 'leased' })
    if (i % 3 === 0) continue
    await journal.ended(reduceTask(record, completedEvent(writer === 0 ? { text: 'x'.repeat(100_000) } : { result: i })))
    process.stdout.write(`ended ${task.id}\n`)
    if (i % 3 === 1) continue
    const owed = owedOf({ fence: i + 1 })
    await journal.owe(owed, { sync: true })
    process.stdout.write(`owed ${owed.taskId}\n`)
  }
}))
