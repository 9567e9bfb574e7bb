import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MAX_CHILDREN_OF_OPEN_JOB } from '../../../src/limits.ts'
import { Database } from '../../../src/journal/database.ts'
import type { DurableJournal, TaskJournalInit } from '../../../src/roles/journal/level.ts'
import { AgeClock } from '../../../src/roles/journal/tally.ts'
import { childId } from '../../../src/task/task-id.ts'
import { all, finishedOf, receiptOf, recordOf, taskOf, useJournals } from '../../support/journal-samples.ts'
import { program } from '../../support/roles.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const DAY_MS = 86_400_000

describe('retention of finished tasks', () => {
  const { start, fresh } = useJournals(useTempDirs())
  /** Times that the test moves. */
  let monotonic: number
  let wall: number

  beforeEach(() => {
    monotonic = 5_000
    wall = 1_700_000_000_000
  })

  function init (keep: TaskJournalInit['keep']): Partial<TaskJournalInit> {
    return { keep, clock: new AgeClock({ monotonic: () => monotonic, wall: () => wall }) }
  }

  function pass (ms: number): void {
    monotonic += ms
    wall += ms
  }

  async function end (journal: DurableJournal, count = 1, overrides: Parameters<typeof finishedOf>[0] = {}): Promise<string[]> {
    const records = Array.from({ length: count }, () => finishedOf(overrides))
    for (const record of records) await journal.ended(record)
    return records.map(({ id }) => id)
  }

  async function left (journal: DurableJournal): Promise<string[]> {
    return (await journal.list({ limit: 999 })).map(({ id }) => id).reverse()
  }

  /** All keys but those of the database itself. */
  async function keysIn (dataDir: string): Promise<string[]> {
    const database = new Database({ dir: join(dataDir, 'journal') })
    await database.open()
    const keys: string[] = []
    for await (const rows of database.rows({ gte: 'a', lt: '~' })) keys.push(...rows.map(({ key }) => key))
    await database.close()
    return keys
  }

  it('deletes those over their age with all that belongs to them, and keeps the others', async () => {
    const { journal, dataDir } = await fresh(init({ ms: 7 * DAY_MS }))
    const old = finishedOf({}, { text: 'x'.repeat(100_000) })
    await journal.ended(old)
    journal.amended({ ...old, receipt: receiptOf(old) })
    journal.noteReusable('ab'.repeat(32), old.id)
    pass(4 * DAY_MS)
    const [young = ''] = await end(journal)
    assert.equal(await journal.sweep(), 0)
    pass(4 * DAY_MS)
    assert.equal(await journal.sweep(), 1)
    assert.deepEqual([await left(journal), await journal.find(old.id), await journal.reusable('ab'.repeat(32))], [[young], undefined, undefined])
    assert.deepEqual(await readdir(join(dataDir, 'outputs')), [])
    pass(4 * DAY_MS)
    assert.equal(await journal.sweep(), 1)
    assert.deepEqual(journal.usage, { tasks: 0, bytes: 0 })
    await journal.stop()
    assert.deepEqual(await keysIn(dataDir), [])
  })

  it('keeps a result that may be reused when an older one of the same key goes', async () => {
    const { journal } = await fresh(init({ tasks: 1 }))
    for (const id of await end(journal, 2)) journal.noteReusable('key', id)
    await journal.sweep()
    assert.equal((await journal.reusable('key'))?.id, (await left(journal))[0])
  })

  it('deletes the oldest over their number and over their bytes', async () => {
    const { journal } = await fresh(init({ tasks: 3 }))
    const ids = await end(journal, 5)
    assert.equal(await journal.sweep(), 2)
    assert.deepEqual(await left(journal), ids.slice(2))
    const other = await fresh(init({ bytes: 250_000 }))
    const large = [1, 2, 3].map((n) => finishedOf({}, { text: String(n).repeat(100_000) }))
    for (const record of large) await other.journal.ended(record)
    assert.equal(await other.journal.sweep(), 1)
    assert.deepEqual(await left(other.journal), large.slice(1).map(({ id }) => id))
    assert.ok(other.journal.usage.bytes > 200_000 && other.journal.usage.bytes < 250_000)
    assert.equal((await readdir(join(other.dataDir, 'outputs'))).length, 2)
  })

  it('deletes the tasks of a job with their job, and not before', async () => {
    const { journal, dataDir } = await fresh(init({ tasks: 4 }))
    const job = randomUUID()
    const ids = [childId(job, 0), childId(job, 1), childId(childId(job, 1), 0), childId(childId(job, 1), 1)]
    for (const id of ids) await journal.ended(finishedOf({ id }))
    await journal.sweep()
    assert.equal(journal.usage.tasks, 4)
    await journal.ended(finishedOf({ id: job, job: { kind: 'pipeline', done: 2, failed: 0 } }))
    const [last = ''] = await end(journal)
    assert.equal(await journal.sweep(), 5)
    assert.deepEqual([await left(journal), await journal.children(job, { limit: 9 }), journal.usage.tasks], [[last], [], 1])
    await journal.stop()
    assert.equal((await keysIn(dataDir)).length, 2)
  })

  it('says what it keeps nothing more of: of a map once that is on disk', async () => {
    const dropped: string[] = []
    const found: unknown[] = []
    const { journal } = await fresh({
      ...init({ tasks: 1 }),
      onDropped ({ id, job }) {
        dropped.push(id)
        if (job?.kind === 'map') void journal.find(id).then((record) => { found.push(record) })
      },
    })
    const [map, pipeline] = [randomUUID(), randomUUID()]
    await journal.ended(finishedOf({ id: map, job: { kind: 'map', total: 2, done: 2, failed: 0 } }))
    await journal.ended(finishedOf({ id: pipeline, job: { kind: 'pipeline', done: 2, failed: 0 } }))
    await end(journal)
    assert.equal(await journal.sweep(), 2)
    await journal.stop()
    assert.deepEqual([dropped, found], [[map, pipeline], [undefined]])
  })

  it('deletes old tasks of a job that never ends', async () => {
    const { journal } = await fresh({ ...init({}), isEndless: () => true })
    const job = randomUUID()
    for (let i = 3; i < 5; i++) await journal.ended(finishedOf({ id: childId(job, i) }))
    await journal.saveJob(job, new Uint8Array([1]))
    await Promise.all(Array.from({ length: MAX_CHILDREN_OF_OPEN_JOB }, (_, i) => journal.ended(finishedOf({ id: childId(job, 10 + i) }))))
    assert.equal(await journal.sweep(), 2)
    assert.deepEqual((await journal.children(job, { limit: 1 })).map(({ id }) => id), [childId(job, 10)])
    assert.equal(journal.usage.tasks, MAX_CHILDREN_OF_OPEN_JOB)
  })

  it('is not misled by a clock that jumps, and takes half of the time at most for the time that the node was off', async () => {
    wall = 0
    const { journal, dataDir } = await fresh(init({ ms: 7 * DAY_MS }))
    const ids = await end(journal)
    // The machine learns what year it is.
    wall = 1_700_000_000_000
    assert.equal(await journal.sweep(), 0)
    await journal.stop()
    wall += 1_000 * DAY_MS
    const second = await start(dataDir, init({ ms: 7 * DAY_MS }))
    assert.equal(await second.sweep(), 0)
    wall = 0
    pass(3 * DAY_MS)
    assert.equal(await second.sweep(), 0)
    assert.deepEqual(await left(second), ids)
    pass(1 * DAY_MS)
    assert.equal(await second.sweep(), 1)
    await second.stop()
    wall = 0
    const third = await start(dataDir, init({ ms: 7 * DAY_MS }))
    assert.equal(await third.sweep(), 0)
  })

  it('collects programs and checks that no open task uses, once all open tasks are known', async () => {
    const { journal, dataDir } = await fresh(init({}))
    const check = { name: 'sample', outputs: [{ name: 'result', type: 'integer' as const }] }
    const [a, b] = [taskOf({ program: program(), check }), taskOf({ program: program(), check })]
    for (const task of [a, b]) await journal.submitted(task, recordOf(task))
    await journal.ended(finishedOf({ id: a.id }))
    await journal.stop()
    const second = await start(dataDir, init({}))
    await second.sweep()
    assert.equal((await all(second.recover())).length, 1)
    await second.sweep()
    await second.stop()
    assert.deepEqual((await keysIn(dataDir)).map((key) => key[0]).sort(), ['f', 'i', 'k', 'o', 'p'])
    const held: string[] = []
    const third = await start(dataDir, { ...init({}), hold: (cid) => { held.push(cid); return () => { held.pop() } } })
    await all(third.recover())
    await third.ended(finishedOf({ id: b.id }))
    await third.sweep()
    assert.deepEqual(held, [])
    await third.stop()
    assert.deepEqual((await keysIn(dataDir)).map((key) => key[0]), ['f', 'f', 'i', 'i'])
  })

  it('removes files whose task was never written, but not of a job whose end is on its way', async () => {
    const { journal, dataDir } = await fresh(init({}))
    const record = finishedOf({}, { text: 'x'.repeat(100_000) })
    await journal.ended(record)
    const job = randomUUID()
    await journal.saveJob(job, new Uint8Array([1]))
    await mkdir(join(dataDir, 'outputs'), { recursive: true })
    await writeFile(join(dataDir, 'outputs', `${job}.cbor`), 'x')
    await writeFile(join(dataDir, 'outputs', `${randomUUID()}.cbor`), 'x')
    await writeFile(join(dataDir, 'outputs', 'notes.txt'), 'not ours')
    await all(journal.recover())
    await journal.sweep()
    assert.deepEqual((await readdir(join(dataDir, 'outputs'))).sort(), [`${record.id}.cbor`, `${job}.cbor`, 'notes.txt'].sort())
  })

  it('sweeps sooner when it holds far more than it keeps', async () => {
    const { journal } = await fresh({ ...init({ tasks: 4 }), earlyMs: 1 })
    await end(journal, 5)
    assert.equal(journal.usage.tasks, 5)
    await end(journal, 1)
    while (journal.usage.tasks > 4) await new Promise((resolve) => { setImmediate(resolve) })
  })

  it('sweeps by itself', async () => {
    const { journal } = await fresh({ ...init({ tasks: 1 }), sweepMs: 1 })
    await end(journal, 3)
    while (journal.usage.tasks > 1) await new Promise((resolve) => { setImmediate(resolve) })
  })
})
