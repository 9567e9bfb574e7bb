/** The end of a job is in the journal before anybody sees it, and is not lost when that takes long. */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { createJobTasks, type JobTasksComponents } from '../../../src/jobs/job-tasks.ts'
import type { JobTasks } from '../../../src/jobs/ports.ts'
import { JOURNAL_RETRY_MIN_MS } from '../../../src/roles/submitter/limits.ts'
import { createTaskTable, type TaskTable } from '../../../src/roles/tasks/task-table.ts'
import type { TaskEvent } from '../../../src/task/state.ts'
import { NO_USAGE } from '../../../src/task/usage.ts'
import { FakeJournal } from '../../support/fake-journal.ts'
import { turn, useClock } from '../../support/roles.ts'

describe('the end of a job', () => {
  const clock = useClock()
  let journal: FakeJournal
  let table: TaskTable
  let tasks: JobTasks
  let logged: string[]
  let id: string

  const completed = (total: number): TaskEvent => ({ type: 'completed', worker: 'self', outputs: { total }, usage: NO_USAGE, logs: '', atMs: 1 })

  beforeEach(() => {
    journal = new FakeJournal()
    journal.writesAtOnce = false
    table = createTaskTable()
    logged = []
    const { intake, accept, cancel, keepApart, forget, store, retriever, checkBytes, onModule } = {} as JobTasksComponents
    tasks = createJobTasks({ peerId: 'self', tasks: table, journal, log: (level) => { logged.push(level) }, intake, accept, cancel, keepApart, forget, store, retriever, checkBytes, onModule })
    id = randomUUID()
    tasks.add(id, 'double')
  })

  it('is seen when it is on disk, and the first one counts', async () => {
    let ended = 0
    void tasks.apply(id, completed(1)).then(() => { ended++ })
    void tasks.apply(id, completed(2)).then(() => { ended++ })
    await turn()
    assert.deepEqual([table.get(id)?.state, ended], ['pending', 0])
    journal.write()
    await turn()
    assert.deepEqual([table.get(id)?.outputs, journal.finished.get(id)?.outputs, ended], [{ total: 1 }, { total: 1 }, 2])
  })

  it('is tried again on a full disk, said once, and known all the time', async () => {
    let ended = false
    void tasks.apply(id, completed(1)).then(() => { ended = true })
    for (const wait of [1, 2, 4]) {
      journal.fail()
      await turn()
      assert.deepEqual([ended, (await tasks.find(id))?.state, tasks.openIds()], [false, 'pending', [id]])
      clock.tick(wait * JOURNAL_RETRY_MIN_MS)
    }
    journal.write()
    await turn()
    assert.deepEqual([ended, table.get(id)?.state, tasks.openIds(), logged], [true, 'completed', [], ['error', 'info']])
  })

  it('keeps what came to its record meanwhile', async () => {
    void tasks.apply(id, completed(1))
    await tasks.apply(id, { type: 'noted', event: { atMs: 2, kind: 'step' } })
    journal.write()
    await turn()
    assert.deepEqual([journal.finished.get(id)?.history.map(({ kind }) => kind), table.get(id)], [['submitted', 'step', 'completed'], journal.finished.get(id)])
  })

  it('is not tried again once the node stops: the job goes on from what it has at the next start', async () => {
    void tasks.apply(id, completed(1))
    journal.fail()
    tasks.stop()
    await turn()
    clock.tick(JOURNAL_RETRY_MIN_MS)
    journal.write()
    await turn()
    assert.deepEqual([table.get(id)?.state, journal.finished.size], ['pending', 0])
  })

  it('says so when it cannot be kept at all', async () => {
    const { ended } = journal
    journal.writesAtOnce = true
    journal.ended = (record) => {
      if (record.outputs !== undefined) throw new RangeError('too deep')
      return ended.call(journal, record)
    }
    void tasks.apply(id, completed(1))
    await turn()
    clock.tick(JOURNAL_RETRY_MIN_MS)
    await turn()
    assert.deepEqual([table.get(id)?.state, table.get(id)?.failure?.code, journal.finished.get(id)?.failure?.by], ['failed', 'ERR_INTERNAL', 'self'])
  })

  it('stays what it was when only what went before cannot be kept, and keeps no other from ending', async () => {
    const { ended } = journal
    journal.writesAtOnce = true
    journal.ended = (record) => {
      if (record.history.some(({ kind }) => kind === 'step')) throw new RangeError('too deep')
      return ended.call(journal, record)
    }
    await tasks.apply(id, { type: 'noted', event: { atMs: 2, kind: 'step' } })
    const other = randomUUID()
    tasks.add(other, 'double')
    table.listen(id, () => { throw new Error('a listener broke') })
    void tasks.apply(id, { type: 'cancelled', failure: { code: 'ERR_CANCELLED', message: 'cancelled', by: 'self' }, atMs: 3 })
    await turn()
    clock.tick(JOURNAL_RETRY_MIN_MS)
    void tasks.apply(other, completed(1))
    await turn()
    assert.deepEqual([table.get(id)?.state, journal.finished.get(id)?.state, table.get(other)?.state], ['cancelled', 'cancelled', 'completed'])
  })
})
