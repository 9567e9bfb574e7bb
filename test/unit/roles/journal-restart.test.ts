/** What a start of the journal does when the disk is full, or when damage brought back what had gone. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { Database } from '../../../src/journal/database.ts'
import { writeBatch } from '../../../src/journal/level.ts'
import { childId } from '../../../src/task/task-id.ts'
import { all, finishedOf, recordOf, taskOf, useJournals } from '../../support/journal-samples.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

describe('a start of the task journal', () => {
  const { start, fresh } = useJournals(useTempDirs())

  it('with a full disk gives open tasks back, says so once, and no fence is made of the same number twice', async () => {
    const { journal, dataDir } = await fresh()
    const task = taskOf()
    await journal.submitted(task, recordOf(task))
    await journal.stop()
    let full = true
    const logged: string[] = []
    const log = (level: string, message: string): void => { logged.push(`${level} ${message}`) }
    const database = {
      reopenMs: 5,
      async write (...[level, batch]: Parameters<typeof writeBatch>) {
        if (full) throw new Error('IO error: 000003.log: No space left on device')
        await writeBatch(level, batch)
      },
    }
    const second = await start(dataDir, { log, database })
    const found = await all(second.recover())
    assert.deepEqual(found.map(({ task: { id } }) => id), [task.id])
    full = false
    await second.ended(finishedOf())
    assert.deepEqual(logged.map((line) => line.split(' ')[0]), ['error', 'warn', 'info'])
    await second.stop()
    const third = await start(dataDir)
    const again = await all(third.recover())
    assert.ok((again[0]?.recoveries ?? 0) > (found[0]?.recoveries ?? Infinity))
  })

  it('does not go on with a task that has ended, though damage brought it back', async () => {
    const { journal, dataDir } = await fresh()
    const tasks = [taskOf(), taskOf({ id: childId(randomUUID(), 3) }), taskOf()]
    for (const task of tasks) await journal.submitted(task, recordOf(task))
    await journal.stop()
    const rows = await withDatabase(dataDir, async (database) => {
      const found: Array<{ key: string, body: Uint8Array }> = []
      for await (const part of database.rows({ gte: 'o!', lt: 'o"' })) found.push(...part.map(({ key, body }) => ({ key, body: Uint8Array.from(body) })))
      return found
    })
    const second = await start(dataDir)
    await all(second.recover())
    for (const { id } of tasks.slice(0, 2)) await second.ended(finishedOf({ id }))
    await second.stop()
    await withDatabase(dataDir, async (database) => {
      for (const { key, body } of rows) database.put(key, body)
      await database.strictly(true)
    })
    const logged: string[] = []
    const log = (_level: string, message: string): void => { logged.push(message) }
    const third = await start(dataDir, { log })
    assert.deepEqual((await all(third.recover())).map(({ task: { id } }) => id), [tasks[2]?.id])
    assert.deepEqual([third.usage.tasks, logged.length], [2, 2])
    await third.stop()
    const fourth = await start(dataDir, { log })
    assert.deepEqual([(await all(fourth.recover())).length, fourth.usage.tasks, logged.length], [1, 2, 2])
  })

  async function withDatabase<T> (dataDir: string, work: (database: Database) => Promise<T>): Promise<T> {
    const database = new Database({ dir: join(dataDir, 'journal') })
    await database.open()
    try {
      return await work(database)
    } finally {
      await database.close()
    }
  }
})
