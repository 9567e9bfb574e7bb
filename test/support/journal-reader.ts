/**
 * A process that opens databases one after the other, writes, has LevelDB compact all of it, reads it, and prints a line of
 * JSON for each: the keys with right values, how many have wrong ones, and how often something was reported. A process of its
 * own, as LevelDB ends it when it meets damage. Arguments: folders.
 */
import { Database } from '../../src/journal/database.ts'
import { tableRow } from './table-rows.ts'

const [, , ...dirs] = process.argv
for (const dir of dirs) {
  let reports = 0
  const database = new Database({ dir, log: () => { reports++ } })
  const salvaged = await database.open()
  database.put('z', Buffer.from('new'))
  await database.patiently(true)
  await database.compact({ gte: '', lt: '\x7f' })
  const right: number[] = []
  let wrong = 0
  for await (const rows of database.rows({ gte: 'k', lt: 'l' })) {
    for (const { key, body } of rows) {
      const index = Number(key.slice(1))
      if (Buffer.compare(body, tableRow(index).body) === 0) right.push(index)
      else wrong++
    }
  }
  await database.close()
  process.stdout.write(`${JSON.stringify({ dir, salvaged, reports, right, wrong })}\n`)
}
