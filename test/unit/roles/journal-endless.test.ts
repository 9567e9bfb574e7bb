/** Open jobs that run for ever: what of their tasks is kept, and that others do not pay for it. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { evenShare, type EndlessJobs } from '../../../src/roles/journal/endless.ts'
import { FinishedRows } from '../../../src/roles/journal/finished.ts'
import type { DurableJournal, TaskJournalInit } from '../../../src/roles/journal/level.ts'
import { AgeClock, Tally } from '../../../src/roles/journal/tally.ts'
import type { Database } from '../../../src/journal/database.ts'
import { childId } from '../../../src/task/task-id.ts'
import { finishedOf, receiptOf, useJournals } from '../../support/journal-samples.ts'
import { turn } from '../../support/roles.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const HOUR_MS = 3_600_000

describe('the finished tasks of a job that runs for ever', () => {
  const { start, fresh } = useJournals(useTempDirs())
  let endless: Set<string>
  let nowMs: number

  beforeEach(() => {
    endless = new Set()
    nowMs = 5_000
  })

  function init (keep: TaskJournalInit['keep']): Partial<TaskJournalInit> {
    return { keep, isEndless: (job) => endless.has(job), clock: new AgeClock({ monotonic: () => nowMs, wall: () => 1_700_000_000_000 }) }
  }

  async function openJob (journal: DurableJournal): Promise<string> {
    const job = randomUUID()
    await journal.saveJob(job, new Uint8Array([1]))
    return job
  }

  async function run (journal: DurableJournal, job: string, numbers: readonly number[], chars = 28_000): Promise<void> {
    for (const number of numbers) {
      const record = finishedOf({ id: childId(job, number) }, { text: 'x'.repeat(chars) })
      await journal.ended(record)
      journal.amended({ ...record, receipt: receiptOf(record) })
    }
  }

  const numbers = async (journal: DurableJournal, job: string): Promise<number[]> => (await journal.children(job, { limit: 99 })).map(({ id }) => Number(id.split('-').at(-1)))
  const ids = async (journal: DurableJournal): Promise<string[]> => (await journal.list({ limit: 99 })).map(({ id }) => id)

  it('keep to a quarter of the bytes, so that they push no other result out, also over a restart', async () => {
    const keep = { bytes: 500_000 }
    const { journal, dataDir } = await fresh(init(keep))
    const others = [finishedOf(), finishedOf()]
    for (const record of others) await journal.ended(record)
    const job = await openJob(journal)
    endless.add(job)
    await run(journal, job, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    await run(journal, job, [10], 100_000)
    assert.equal(await journal.sweep(), 10)
    await run(journal, job, [11, 12, 13])
    assert.equal(await journal.sweep(), 1)
    await journal.stop()
    const again = await start(dataDir, init(keep))
    await run(again, job, [14, 15])
    assert.equal(await again.sweep(), 1)
    assert.deepEqual([await numbers(again, job), (await ids(again)).sort()], [[12, 13, 14, 15], others.map(({ id }) => id).sort()])
    assert.equal(again.usage.tasks, 6)
    // All goes once the job has ended, and nothing was counted twice or left out.
    again.dropJob(job)
    await again.ended(finishedOf({ id: job, job: { kind: 'recurring', done: 16, failed: 0 } }))
    nowMs += 1_000 * 24 * HOUR_MS
    await again.sweep()
    assert.deepEqual(again.usage, { tasks: 0, bytes: 0 })
  })

  it('keep to the age and to a quarter of the number, but for the newest', async () => {
    const { journal } = await fresh(init({ ms: HOUR_MS, tasks: 12 }))
    const job = await openJob(journal)
    endless.add(job)
    await run(journal, job, [0, 1, 2, 3, 4], 10)
    const other = finishedOf()
    await journal.ended(other)
    await journal.sweep()
    assert.deepEqual([await numbers(journal, job), await ids(journal)], [[2, 3, 4], [other.id]])
    nowMs += 2 * HOUR_MS
    await journal.sweep()
    assert.deepEqual([await numbers(journal, job), await ids(journal)], [[4], []])
  })

  it('go with the tasks of jobs among them', async () => {
    const { journal } = await fresh(init({ tasks: 16 }))
    const job = await openJob(journal)
    endless.add(job)
    for (let number = 0; number < 3; number++) {
      for (const step of [0, 1]) await journal.ended(finishedOf({ id: childId(childId(job, number), step) }))
      await journal.ended(finishedOf({ id: childId(job, number), job: { kind: 'pipeline', done: 2, failed: 0 } }))
    }
    assert.equal(await journal.sweep(), 6)
    assert.deepEqual([await numbers(journal, job), await numbers(journal, childId(job, 1)), await numbers(journal, childId(job, 2))], [[2], [], [0, 1]])
    assert.equal(journal.usage.tasks, 3)
  })

  it('stay where another open job needs them', async () => {
    const { journal } = await fresh(init({ ms: HOUR_MS, tasks: 4, bytes: 10_000 }))
    const job = await openJob(journal)
    await run(journal, job, [0, 1, 2, 3, 4])
    nowMs += 2 * HOUR_MS
    assert.equal(await journal.sweep(), 0)
    assert.equal(journal.usage.tasks, 5)
  })

  it('leave what they do not need to others that run for ever', () => {
    assert.equal(evenShare([], 100), Infinity)
    assert.equal(evenShare([10, 20, 30], 60), Infinity)
    assert.equal(evenShare([10, 100, 100], 100), 45)
    assert.equal(evenShare([100, 10, 30], 100), 60)
  })
})

describe('a finished task that is amended while it is deleted', () => {
  it('does not come back, and is counted once', async () => {
    const put: string[] = []
    let found: (rows: Array<Uint8Array | undefined>) => void = () => {}
    let body = new Uint8Array()
    const database = {
      put (key: string, bytes: Uint8Array) { put.push(key); body = new Uint8Array(bytes) },
      delete () {},
      getMany: () => new Promise<Array<Uint8Array | undefined>>((resolve) => { found = resolve }),
    }
    const tally = new Tally(new AgeClock())
    const make = (): FinishedRows => new FinishedRows({ database: database as unknown as Database, tally, files: { } as never, endless: { count () {} } as unknown as EndlessJobs, nextSeq: () => 1 })
    const record = finishedOf({ id: childId(randomUUID(), 0) })
    make().put(record, undefined)
    const row = body
    const rows = make()
    const key = put.splice(0)[0] ?? ''
    const [later, last] = [{ ...record, receipt: receiptOf(record) }, { ...record, history: [...record.history, ...record.history] }]
    rows.amend(later)
    const whole = rows.read(key, row) ?? assert.fail()
    rows.drop(key, whole, row.length)
    found([row, undefined])
    await turn()
    assert.deepEqual([put, tally.finished, tally.bytes], [[], 0, 0])
    // Two at the same time are one place.
    make().put(record, undefined)
    const again = body
    rows.amend(later)
    rows.amend(last)
    found([again, undefined])
    await turn()
    rows.drop(key, whole, again.length)
    assert.deepEqual([tally.finished, tally.bytes], [0, 0])
  })
})
