/** Which results answer for others, and how such a task ends; and which receipts a task has. */
import assert from 'node:assert/strict'
import { CorebrumError } from '../../../src/errors.ts'
import { createAgreedResults } from '../../../src/roles/receipts/agreed-results.ts'
import { createKnownTasks } from '../../../src/roles/tasks/known-tasks.ts'
import { NO_JOURNAL } from '../../../src/roles/no-journal.ts'
import type { NewTask } from '../../../src/roles/submitter/open-task.ts'
import { createReceiptsOf } from '../../../src/roles/receipts/receipts-of.ts'
import { createReuse, type Reuse } from '../../../src/roles/receipts/reuse.ts'
import { createTaskTable, type TaskTable } from '../../../src/roles/tasks/task-table.ts'
import type { TaskJournal } from '../../../src/roles/journal.ts'
import type { Receipt } from '../../../src/task/receipt.ts'
import type { TaskRecord } from '../../../src/task/state.ts'
import { NO_USAGE } from '../../../src/task/usage.ts'
import { bodyOf, makeSigner, receiptsBy, type Signer } from '../../support/receipts.ts'
import { parseTask } from '../../support/parse-task.ts'
import { rejectsWith } from '../../support/rejects.ts'
import { program, turn, useClock } from '../../support/roles.ts'

const idOf = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
const PROGRAM = program({ deterministic: true })

describe('reuse', () => {
  let self: Signer
  let friend: Signer
  let stranger: Signer
  let tasks: TaskTable
  let reuse: Reuse
  let journal: TaskJournal
  let written: TaskRecord[]

  beforeEach(() => {
    [self, friend, stranger] = [makeSigner(), makeSigner(), makeSigner()]
    tasks = createTaskTable()
    written = []
    journal = { ...NO_JOURNAL, durable: true, async ended (record) { written.push(record) } }
    reuse = createReuse({ peerId: self.peer, trusted: [friend.peer], tasks, journal })
  })

  const taskOf = (n: number, more: Partial<NewTask> = {}): NewTask => ({ id: idOf(n), program: PROGRAM, values: [5], ...more })
  const keyOf = (task: NewTask): string => reuse.keyOf(task) ?? assert.fail('it has no key')

  async function ran (n: number, worker: Signer, { outputs = { result: 120 }, more = {} }: { outputs?: Record<string, number>, more?: { receipt?: Receipt } } = {}): Promise<TaskRecord> {
    const [receipt] = await receiptsBy(worker, [bodyOf({ taskId: idOf(n) })])
    tasks.add(idOf(n), 'first')
    const record = tasks.apply(idOf(n), { type: 'completed', worker: worker.peer, outputs, usage: { ...NO_USAGE, wallMs: 3 }, logs: 'log', atMs: 2, more: { receipt: receipt ?? assert.fail(), ...more } })
    return record ?? assert.fail()
  }

  it('has one key for equal calls of a deterministic program, and none for others', () => {
    assert.equal(keyOf(taskOf(1)), keyOf(taskOf(2)))
    assert.notEqual(keyOf(taskOf(1)), keyOf(taskOf(1, { values: [6] })))
    assert.notEqual(keyOf(taskOf(1)), keyOf(taskOf(1, { program: { ...PROGRAM, fuel: 5 } })))
    assert.equal(reuse.keyOf(taskOf(1, { program: program() })), undefined)
    assert.equal(reuse.keyOf(taskOf(1, { program: program({ deterministic: true, grants: { networking: true, fileSystem: false } }) })), undefined)
  })

  for (const [who, pick, answers] of [['this node', () => self, true], ['a trusted peer', () => friend, true], ['anybody else', () => stranger, false]] as Array<[string, () => Signer, boolean]>) {
    it(`${answers ? 'answers with' : 'does not take'} what ${who} ran`, async () => {
      const first = await ran(1, pick())
      reuse.note(keyOf(taskOf(1)), first)
      let released = 0
      const answered = await reuse.answer(taskOf(2, { release: () => { released++ } }))
      const record = tasks.get(idOf(2))
      assert.deepEqual([answered, released, record?.state, record?.outputs, record?.reusedFrom, record?.worker, record?.receipt], answers
        ? [true, 1, 'completed', { result: 120 }, idOf(1), pick().peer, first.receipt]
        : [false, 0, undefined, undefined, undefined, undefined, undefined])
      assert.deepEqual(written.map(({ id, history }) => [id, history.map(({ kind }) => kind)]), answers ? [[idOf(2), ['submitted', 'reused', 'completed']]] : [])
    })
  }

  it('runs what is to be run, and what fits another declaration', async () => {
    reuse.note(keyOf(taskOf(1)), await ran(1, self))
    assert.equal(await reuse.answer(taskOf(2, { noCache: true })), false)
    assert.equal(await reuse.answer(taskOf(2, { check: { name: 'x', outputs: [{ name: 'result', type: 'string' }] } })), false)
    assert.equal(await reuse.answer(taskOf(2, { values: [6] })), false)
    assert.equal(await reuse.answer(taskOf(2)), true)
  })

  it('leaves nothing of a task that the table or the journal refuses', async () => {
    reuse.note(keyOf(taskOf(1)), await ran(1, self))
    tasks.add(idOf(2), 'here already')
    await assert.rejects(reuse.answer(taskOf(2)), { code: 'ERR_INPUT' })
    assert.deepEqual(written, [])
    journal.ended = async () => { throw new CorebrumError('ERR_JOURNAL', 'full') }
    await assert.rejects(reuse.answer(taskOf(3)), { code: 'ERR_JOURNAL' })
    assert.equal(tasks.get(idOf(3)), undefined)
  })

  it('never takes a failure, nor a result without a receipt', async () => {
    tasks.add(idOf(1), 'first')
    const [receipt] = await receiptsBy(self, [bodyOf()])
    tasks.apply(idOf(1), { type: 'failed', worker: self.peer, failure: { code: 'ERR_TRAP', message: '', by: self.peer }, atMs: 2 })
    reuse.note(keyOf(taskOf(1)), tasks.apply(idOf(1), { type: 'receipted', receipt: receipt ?? assert.fail() }) ?? assert.fail())
    assert.equal(await reuse.answer(taskOf(2)), false)
    const { id, state } = await ran(3, self)
    reuse.note(keyOf(taskOf(1)), { id, state })
    assert.equal(await reuse.answer(taskOf(4)), false)
  })

  it('looks into the journal, and again at whom it trusts', async () => {
    const first = await ran(1, stranger)
    journal.reusable = async (key) => key === keyOf(taskOf(1)) ? first : undefined
    assert.equal(await reuse.answer(taskOf(2)), false)
    const trusting = createReuse({ peerId: self.peer, trusted: [stranger.peer], tasks, journal })
    assert.equal(await trusting.answer(taskOf(2)), true)
    const noted: string[] = []
    journal.noteReusable = (key, id) => { noted.push(`${key} ${id}`) }
    reuse.note(keyOf(taskOf(1)), first)
    trusting.note(keyOf(taskOf(1)), first)
    assert.deepEqual(noted, [`${keyOf(taskOf(1))} ${idOf(1)}`])
  })

  it('leaves nothing behind when the journal cannot be written', async () => {
    reuse.note(keyOf(taskOf(1)), await ran(1, self))
    journal.ended = () => Promise.reject(new Error('full'))
    await assert.rejects(reuse.answer(taskOf(2)))
    assert.equal(tasks.get(idOf(2)), undefined)
  })

  it('takes what a quorum agreed on, and looks before replicas are run', async () => {
    let released = 0
    const agreed = createAgreedResults({ reuse, intake: async () => taskOf(9, { release: () => { released++ } }) })
    const { definition } = await parseTask('name: f\ndeterministic: true\ncompute_logic: {type: wasm, wasm_binary: AGFzbQEAAAA=}\n', { fileName: 'f.yaml' })
    assert.equal(await agreed.look({ ...definition, deterministic: false }, {}), undefined)
    const first = await agreed.look(definition, {})
    assert.equal(first?.known, undefined)
    tasks.add(idOf(1), 'agreed')
    tasks.apply(idOf(1), { type: 'progressed', job: { kind: 'agreement', done: 2, failed: 0 }, atMs: 1 })
    tasks.apply(idOf(1), { type: 'completed', worker: stranger.peer, outputs: { result: 1 }, usage: NO_USAGE, logs: '', atMs: 2 })
    first?.keep(idOf(1))
    assert.equal((await agreed.look(definition, {}))?.known?.id, idOf(1))
    assert.equal(await reuse.answer(taskOf(2)), true)
    assert.equal(released, 2)
  })

  describe('receipts of a task', () => {
    const clock = useClock()

    const receiptsOf = (id: string): Promise<Array<{ receipt: Receipt, record: TaskRecord }>> =>
      createReceiptsOf({ tasks, known: createKnownTasks({ tasks, journal: NO_JOURNAL, cancel () {} }) })(id)

    it('are waited for, as they come behind the result', async () => {
      tasks.add(idOf(1), 'new')
      tasks.apply(idOf(1), { type: 'completed', worker: self.peer, outputs: {}, usage: NO_USAGE, logs: '', atMs: Date.now() })
      const waiting = receiptsOf(idOf(1))
      await turn()
      const [receipt] = await receiptsBy(self, [bodyOf()])
      tasks.apply(idOf(1), { type: 'receipted', receipt: receipt ?? assert.fail() })
      assert.deepEqual((await waiting).map((kept) => kept.receipt), [receipt])
    })

    it('are missing when none comes in time, and where there was no worker', async () => {
      tasks.add(idOf(1), 'new')
      tasks.apply(idOf(1), { type: 'completed', worker: self.peer, outputs: {}, usage: NO_USAGE, logs: '', atMs: Date.now() })
      const waiting = rejectsWith('ERR_RECEIPT', receiptsOf(idOf(1)))
      await turn()
      clock.tick(1000)
      await waiting
      await rejectsWith('ERR_RECEIPT', receiptsOf(idOf(1)))
      tasks.add(idOf(2), 'cancelled')
      await rejectsWith('ERR_RECEIPT', receiptsOf(idOf(2)))
      tasks.apply(idOf(2), { type: 'cancelled', failure: { code: 'ERR_CANCELLED', message: '', by: self.peer }, atMs: 1 })
      await rejectsWith('ERR_RECEIPT', receiptsOf(idOf(2)))
      await rejectsWith('ERR_TASK_UNKNOWN', receiptsOf(idOf(3)))
    })

    it('of a job that agreed are those of the replicas that did', async () => {
      tasks.add(idOf(1), 'job')
      for (const [n, who] of [self, stranger, friend].entries()) {
        const [receipt] = await receiptsBy(who, [bodyOf({ taskId: `${idOf(1)}-${n}` })])
        tasks.add(`${idOf(1)}-${n}`, 'replica')
        tasks.apply(`${idOf(1)}-${n}`, { type: 'completed', worker: who.peer, outputs: {}, usage: NO_USAGE, logs: '', atMs: 1, more: { receipt: receipt ?? assert.fail() } })
      }
      tasks.apply(idOf(1), { type: 'progressed', job: { kind: 'agreement', done: 3, failed: 0 }, atMs: 1 })
      tasks.apply(idOf(1), { type: 'completed', worker: self.peer, outputs: {}, usage: NO_USAGE, logs: '', atMs: 2, more: { differed: [stranger.peer] } })
      assert.deepEqual((await receiptsOf(idOf(1))).map(({ receipt }) => receipt.body.worker), [self.peer, friend.peer])
    })
  })
})
