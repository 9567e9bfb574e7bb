import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { MAX_TASK_CHANGES } from '../../../src/limits.ts'
import type { DurableJournal } from '../../../src/roles/journal/level.ts'
import { withEvent } from '../../../src/task/history.ts'
import { reduceTask, type TaskEvent, type TaskRecord } from '../../../src/task/state.ts'
import { childId } from '../../../src/task/task-id.ts'
import { all, completedEvent, finishedOf, leased, MODULE_CID, owedOf, plain, receiptOf, recordOf, taskOf, useJournals } from '../../support/journal-samples.ts'
import { rejectsWith } from '../../support/rejects.ts'
import { program } from '../../support/roles.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

describe('task journal', () => {
  const { start, fresh } = useJournals(useTempDirs())

  async function restart (journal: DurableJournal, dataDir: string): Promise<DurableJournal> {
    await journal.stop()
    return await start(dataDir)
  }

  it('gives open tasks back after a restart, oldest first, as they were submitted', async () => {
    const { journal, dataDir } = await fresh()
    const check = { name: 'sample', outputs: [{ name: 'result', type: 'integer' as const, file: 'out.txt', description: 'what it is' }], outputSchema: { type: 'object', required: ['result'] } }
    const policy = { priority: -3, retries: 2, deadlineMs: 60_000, require: { gpu: 'yes' }, on: 'peer-b' }
    const tasks = [
      taskOf(),
      taskOf({ values: [undefined, { deep: [1n << 70n, new Uint8Array([1, 2])] }], check, policy, apart: 'group' }),
      taskOf({ id: childId(randomUUID(), 7), program: program({ name: 'other', functionName: 'run' }) }),
    ]
    const records = tasks.map((task) => recordOf(task))
    await Promise.all(tasks.map((task, i) => journal.submitted(task, records[i] ?? assert.fail())))
    const again = await restart(journal, dataDir)
    assert.deepEqual((await all(again.recover())).map(plain), tasks.map((task, i) => ({ task, record: records[i], granted: [] })))
  })

  it('keeps leases and other changes, so that fences grow over restarts', async () => {
    const { journal, dataDir } = await fresh()
    const task = taskOf()
    let record = recordOf(task)
    await journal.submitted(task, record)
    const decline = { peer: 'worker-a', code: 'ERR_MEMORY_LIMIT' as const, reason: 'too large', atMs: 1_700_000_002_000 }
    const events: TaskEvent[] = [leased(1), { type: 'released', fence: 1, charged: true, decline, atMs: decline.atMs }, leased(2, 'worker-b')]
    for (const event of events) {
      record = reduceTask(record, event)
      journal.changed(record, record.history.at(-1) ?? assert.fail())
    }
    const again = await restart(journal, dataDir)
    assert.deepEqual((await all(again.recover())).map(plain), [{ task, record, granted: [[1, 'worker-a'], [2, 'worker-b']] }])
  })

  it('makes many changes of one task one, and adds to them after a restart', async () => {
    const { journal, dataDir } = await fresh()
    const task = taskOf()
    let record = recordOf(task)
    await journal.submitted(task, record)
    const change = (owner: DurableJournal, atMs: number): void => {
      const event = { atMs, kind: 'waiting' as const, detail: `look ${atMs}` }
      record = { ...record, history: withEvent(record.history, event) }
      owner.changed(record, event)
    }
    for (let i = 0; i < 2 * MAX_TASK_CHANGES + 10; i++) change(journal, i)
    const second = await restart(journal, dataDir)
    const [recovered] = await all(second.recover())
    assert.deepEqual(recovered?.record, record)
    for (let i = 0; i < MAX_TASK_CHANGES; i++) change(second, 1_000 + i)
    const third = await restart(second, dataDir)
    assert.deepEqual((await all(third.recover())).map((found) => found.record), [record])
    await third.ended(reduceTask(record, completedEvent()))
    assert.deepEqual(await all((await restart(third, dataDir)).recover()), [])
  })

  it('has finished tasks at hand before and after a restart, and they are open no more', async () => {
    const { journal, dataDir } = await fresh()
    const task = taskOf()
    await journal.submitted(task, recordOf(task))
    const record = recordOf(task, [leased(1), completedEvent({ result: 120, bytes: new Uint8Array(9) })])
    const written = journal.ended(record)
    assert.deepEqual(await journal.find(task.id), record)
    await written
    assert.deepEqual(await journal.find(task.id), record)
    const again = await restart(journal, dataDir)
    assert.deepEqual(await all(again.recover()), [])
    assert.deepEqual(await again.find(task.id), record)
    assert.equal(await again.find(randomUUID()), undefined)
    assert.equal(await again.find('../../etc'), undefined)
    assert.equal(again.usage.tasks, 1)
  })

  it('puts large outputs into a file of their own', async () => {
    const { journal, dataDir } = await fresh()
    const record = finishedOf({}, { text: 'x'.repeat(100_000), n: 1 })
    await journal.ended(record)
    assert.deepEqual(await readdir(join(dataDir, 'outputs')), [`${record.id}.cbor`])
    const again = await restart(journal, dataDir)
    assert.deepEqual(await again.find(record.id), record)
    assert.deepEqual((await again.list({ limit: 1 })).map(({ id, outputs }) => [id, outputs]), [[record.id, undefined]])
    await writeFile(join(dataDir, 'outputs', `${record.id}.cbor`), 'damaged')
    await rejectsWith('ERR_JOURNAL', again.find(record.id))
  })

  it('takes receipts and events that come later', async () => {
    const { journal, dataDir } = await fresh()
    const [a, b, c] = [finishedOf(), finishedOf(), finishedOf({ receipt: receiptOf({ id: randomUUID(), fence: 1 }) })]
    for (const record of [a, b, c]) await journal.ended(record)
    const withReceipt = (record: TaskRecord): TaskRecord => reduceTask(record, { type: 'receipted', receipt: receiptOf(record) })
    const late = { atMs: 5, kind: 'duplicate' as const, peer: 'worker-b', fence: 2 }
    const noted = (record: TaskRecord): TaskRecord => reduceTask(record, { type: 'noted', event: late })
    journal.amended(withReceipt(a))
    journal.amended(noted(b))
    journal.amended(withReceipt(noted(b)))
    journal.amended(noted(c))
    const again = await restart(journal, dataDir)
    assert.deepEqual(await again.find(a.id), withReceipt(a))
    assert.deepEqual(await again.find(b.id), withReceipt(noted(b)))
    assert.deepEqual(await again.find(c.id), noted(c))
    again.amended(noted(withReceipt(a)))
    again.amended(noted(finishedOf()))
    assert.deepEqual(await (await restart(again, dataDir)).find(a.id), noted(withReceipt(a)))
  })

  it('lists what stands by itself, newest first, and finds ids by their beginning', async () => {
    const { journal } = await fresh()
    const records = Array.from({ length: 5 }, () => finishedOf())
    const failed = recordOf(taskOf(), [{ type: 'failed', failure: { code: 'ERR_TRAP', message: 'it broke', by: 'worker-a' }, atMs: 9 }])
    for (const record of [...records, failed, finishedOf({ id: childId(records[0]?.id ?? '', 0) })]) await journal.ended(record)
    const ids = records.map(({ id }) => id).reverse()
    assert.deepEqual((await journal.list({ limit: 3 })).map(({ id }) => id), [failed.id, ids[0], ids[1]])
    assert.deepEqual((await journal.list({ limit: 9, state: 'completed' })).map(({ id }) => id), ids)
    assert.deepEqual(await journal.idsWith(ids[2]?.slice(0, 13) ?? '', 9), [ids[2]])
    assert.equal((await journal.idsWith('', 3)).length, 0)
    assert.deepEqual((await journal.idsWith(ids[4] ?? '', 9)), [ids[4]])
  })

  it('keeps tasks of jobs by number', async () => {
    const { journal, dataDir } = await fresh()
    const job = randomUUID()
    const numbers = [0, 1, 2, 10, 11, 100, 4_294_967_295]
    for (const number of [...numbers].reverse()) await journal.ended(finishedOf({ id: childId(job, number) }))
    await journal.ended(finishedOf({ id: childId(childId(job, 1), 5) }))
    const again = await restart(journal, dataDir)
    const idsOf = (list: TaskRecord[]): string[] => list.map(({ id }) => id)
    const expected = (list: number[]): string[] => list.map((number) => childId(job, number))
    assert.deepEqual(idsOf(await again.children(job, { limit: 3 })), expected([0, 1, 2]))
    assert.deepEqual(idsOf(await again.children(job, { from: 3, limit: 9 })), expected([10, 11, 100, 4_294_967_295]))
    assert.deepEqual(await again.idsWith(`${job}-1`, 9), expected([1, 10, 11, 100]))
    assert.deepEqual(await again.idsWith(`${job}-`, 2), expected([0, 1]))
    assert.deepEqual(await again.idsWith(`${job}-1-`, 9), [`${job}-1-5`])
    assert.deepEqual(await again.idsWith(job, 9), [])
    assert.equal((await again.find(childId(childId(job, 1), 5)))?.id, `${job}-1-5`)
    assert.deepEqual(await again.list({ limit: 9 }), [])
  })

  it('knows what may be reused', async () => {
    const { journal, dataDir } = await fresh()
    const [old, young] = [finishedOf(), finishedOf()]
    for (const record of [old, young]) {
      await journal.ended(record)
      journal.noteReusable('ab'.repeat(32), record.id)
    }
    const again = await restart(journal, dataDir)
    assert.equal((await again.reusable('ab'.repeat(32)))?.id, young.id)
    assert.equal(await again.reusable('cd'.repeat(32)), undefined)
  })

  it('keeps what jobs need', async () => {
    const { journal, dataDir } = await fresh()
    const [a, b] = [randomUUID(), randomUUID()].sort()
    assert.ok(a !== undefined && b !== undefined)
    await journal.saveJob(a, new Uint8Array([1]))
    await journal.saveJob(b, new Uint8Array([2]))
    await journal.saveJob(b, new Uint8Array([3, 4]))
    journal.dropJob(a)
    journal.dropJob(a)
    const again = await restart(journal, dataDir)
    assert.deepEqual(await all(again.jobs()), [{ id: b, bytes: new Uint8Array([3, 4]) }])
  })

  it('keeps what is owed until it is settled', async () => {
    const { journal, dataDir } = await fresh()
    const plain = owedOf()
    // A receipt says what the result beside it says.
    const { taskId, fence, outcome: { usage } } = plain
    const [a, b, c] = [{ ...plain, body: { ...receiptOf({ id: taskId, fence }).body, usage } }, owedOf({ outcome: { ok: false, code: 'ERR_TRAP', message: 'it broke', usage: { wallMs: 1, moduleBytes: 0 }, logs: 'x' } }), owedOf()]
    await Promise.all([journal.owe(a, { sync: true }), journal.owe(b, { sync: false }), journal.owe(c, { sync: true })])
    journal.settled(c.submitter, c)
    journal.settled(b.submitter, { taskId: b.taskId, fence: 2 })
    const again = await restart(journal, dataDir)
    assert.deepEqual(await all(again.owed()), [a, b])
    again.settled(a.submitter, a)
    assert.deepEqual(await all((await restart(again, dataDir)).owed()), [b])
  })

  it('adopts the large inputs and results of what it gives back, and holds modules from its start', async () => {
    const { journal, dataDir } = await fresh()
    const ref = { index: 0, blob: { cid: MODULE_CID, size: 7, form: 'text' as const } }
    const task = taskOf({ values: [undefined], refs: [ref] })
    await journal.submitted(task, recordOf(task))
    const outcome = { ok: true as const, outputs: {}, usage: { wallMs: 1, moduleBytes: 0 }, logs: '', refs: [{ name: 'a', blob: ref.blob }] }
    await journal.owe(owedOf({ outcome }), { sync: true })
    await journal.stop()
    const held: string[] = []
    const kept: string[] = []
    const adopt = async (cid: string): Promise<{ cid: string, size: number, release: () => void }> => {
      kept.push(cid)
      return { cid, size: 7, release: () => { kept.pop() } }
    }
    const second = await start(dataDir, { hold: (cid) => { held.push(cid); return () => {} }, adopt })
    assert.deepEqual(held, [MODULE_CID])
    const [recovered] = await all(second.recover())
    const [owed] = await all(second.owed())
    assert.equal(kept.length, 2)
    recovered?.task.release?.()
    owed?.release?.()
    assert.equal(kept.length, 0)
    await second.stop()
    // Nothing keeps them any more: the task ends, and nobody waits for the result.
    const third = await start(dataDir)
    assert.deepEqual([await all(third.recover()), await all(third.owed())], [[], []])
    assert.equal((await third.find(task.id))?.failure?.code, 'ERR_JOURNAL')
    assert.deepEqual(await all((await restart(third, dataDir)).recover()), [])
  })

  it('reads what it wrote, whatever that is', async () => {
    const { journal, dataDir } = await fresh()
    const text = fc.string({ unit: 'grapheme', maxLength: 20 })
    const value = fc.jsonValue({ maxDepth: 3 }).map((json) => JSON.parse(JSON.stringify(json).replaceAll('__proto__', 'proto')))
    const records: TaskRecord[] = []
    const sample = fc.record({
      name: text, logs: text, fence: fc.maxSafeNat(), attempts: fc.nat(), outputs: fc.dictionary(text.filter((name) => name !== '__proto__'), value, { noNullPrototype: true }),
      history: fc.array(fc.record({ atMs: fc.maxSafeNat(), kind: fc.constantFrom('leased' as const, 'waiting' as const), peer: text, fence: fc.maxSafeNat(), detail: text }, { requiredKeys: ['atMs', 'kind'], noNullPrototype: true }), { maxLength: 5 }),
      declines: fc.array(fc.record({ peer: text, code: fc.constantFrom('ERR_TRAP' as const, 'ERR_DECLINED' as const), reason: text, atMs: fc.maxSafeNat() }, { noNullPrototype: true }), { maxLength: 3 }),
      job: fc.record({ kind: fc.constantFrom('map' as const, 'pipeline' as const), total: fc.maxSafeNat(), done: fc.maxSafeNat(), failed: fc.maxSafeNat() }, { requiredKeys: ['kind', 'done', 'failed'], noNullPrototype: true }),
      reusedFrom: fc.uuid(), differed: fc.array(text, { maxLength: 3 }),
    }, { requiredKeys: ['name', 'logs', 'fence', 'attempts', 'outputs', 'history', 'declines'], noNullPrototype: true })
    await fc.assert(fc.asyncProperty(sample, async (overrides) => {
      const record = finishedOf({ ...overrides, id: randomUUID() })
      records.push(record)
      await journal.ended(record)
      assert.deepEqual(await journal.find(record.id), record)
    }), { numRuns: 200 })
    const again = await restart(journal, dataDir)
    for (const record of records) assert.deepEqual(await again.find(record.id), record)
  })
})
