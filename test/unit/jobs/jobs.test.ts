import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { encode } from '../../../src/cbor.ts'
import { CorebrumError } from '../../../src/errors.ts'
import type { JobKind, PreparedJob } from '../../../src/jobs/job-kind.ts'
import { createJobs, type Jobs } from '../../../src/jobs/jobs.ts'
import { JOB_RETRY_MIN_MS } from '../../../src/jobs/limits.ts'
import { NO_JOURNAL } from '../../../src/roles/no-journal.ts'
import { newTask } from '../../../src/task/state.ts'
import { FakeJobTasks, settled } from '../../support/fake-jobs.ts'
import { useClock } from '../../support/roles.ts'

describe('jobs after a restart', () => {
  const clock = useClock()
  const SYSTEM = new CorebrumError('ERR_JOURNAL', 'too many open files', { cause: Object.assign(new Error('EMFILE'), { code: 'EMFILE' }) })
  const DAMAGED = new CorebrumError('ERR_JOURNAL', 'it cannot be read', { cause: new CorebrumError('ERR_PROTOCOL', 'broken') })
  const GONE = new CorebrumError('ERR_TASK_UNKNOWN', 'there is no map', { cause: Object.assign(new Error('ENOENT'), { code: 'ENOENT' }) })
  let id: string
  let drops: string[]
  let logged: string[]
  /** What the next restore ends with; it restores when there is none. */
  let trouble: CorebrumError | undefined
  let tasks: FakeJobTasks
  let released: number
  let deadlineMs: number | undefined

  const job = (): PreparedJob => ({ name: 'double', deadlineMs, saved: () => ({}), run: async () => ({ ok: true, outputs: { total: 1 } }), release () { released++ } })
  const kind: JobKind = {
    kind: 'map',
    async restore () {
      if (trouble !== undefined) throw trouble
      return job()
    },
  }

  function jobsOf (...ids: string[]): Jobs {
    const bytes = encode({ v: 1, kind: 'map', name: 'double', at: 1, job: {} })
    return createJobs({ tasks, journal: { ...NO_JOURNAL, async * jobs () { for (const one of ids) yield { id: one, bytes } }, dropJob: (one) => { drops.push(one) } }, kinds: [kind], log: (message) => { logged.push(message) } })
  }

  beforeEach(() => {
    id = randomUUID()
    drops = []
    logged = []
    trouble = undefined
    released = 0
    deadlineMs = undefined
    tasks = new FakeJobTasks()
  })

  for (const [what, error] of [['is damaged', DAMAGED], ['is gone', GONE]] as const) {
    it(`end when what was kept of them ${what}, and their record says of which kind they were`, async () => {
      trouble = error
      await jobsOf(id).resume()
      await settled()
      const { state, failure, job: progress } = tasks.record(id)
      assert.deepEqual([drops, state, failure?.code, progress?.kind], [[id], 'failed', 'ERR_JOURNAL', 'map'])
    })
  }

  it('wait for what may pass, are shown meanwhile, and go on without a restart', async () => {
    trouble = SYSTEM
    await jobsOf(id).resume()
    await settled()
    for (const wait of [JOB_RETRY_MIN_MS, 2 * JOB_RETRY_MIN_MS]) {
      clock.tick(wait)
      await settled()
    }
    const { state, name, job: progress, history } = tasks.record(id)
    assert.deepEqual([state, name, progress?.kind, drops, logged.length], ['running', 'double', 'map', [], 1])
    assert.deepEqual(history.filter(({ kind }) => kind === 'waiting').length, 1)
    trouble = undefined
    clock.tick(4 * JOB_RETRY_MIN_MS)
    await settled()
    assert.deepEqual([tasks.record(id).state, drops, logged.length, released], ['completed', [id], 2, 1])
  })

  it('end when they turn out to be damaged while they wait, or are cancelled', async () => {
    trouble = SYSTEM
    const other = randomUUID()
    const jobs = jobsOf(id, other)
    await jobs.resume()
    await settled()
    assert.equal(jobs.cancel(other), true)
    trouble = DAMAGED
    clock.tick(JOB_RETRY_MIN_MS)
    await settled()
    assert.deepEqual([tasks.record(id).failure?.code, tasks.record(other).state, drops.sort()], ['ERR_JOURNAL', 'cancelled', [id, other].sort()])
  })

  it('go on at once when somebody has got hold of them', async () => {
    trouble = SYSTEM
    const jobs = jobsOf(id)
    await jobs.resume()
    await settled()
    assert.equal(await jobs.begin('map', job(), { id }), id)
    await settled()
    assert.deepEqual([tasks.record(id).state, drops], ['completed', [id]])
  })

  it('go on once: another one of the same id is refused', async () => {
    const jobs = jobsOf()
    const endless = { ...job(), run: () => new Promise<never>(() => {}) }
    await jobs.begin('map', endless, { id })
    await assert.rejects(jobs.begin('map', job(), { id }), { code: 'ERR_USAGE' })
    assert.equal(tasks.record(id).state, 'pending')
  })

  it('have ended when their end is known, also when it cannot be read just then', async () => {
    tasks.disk.finished.set(id, { ...newTask(id, 'double', 1), state: 'completed' })
    let fails = true
    const find = tasks.find.bind(tasks)
    tasks.find = async (one) => {
      if (fails) throw SYSTEM
      return await find(one)
    }
    await jobsOf(id).resume()
    await settled()
    assert.deepEqual([drops, tasks.table.get(id)], [[], undefined])
    fails = false
    clock.tick(JOB_RETRY_MIN_MS)
    await settled()
    assert.deepEqual([drops, tasks.table.get(id), tasks.record(id).state], [[id], undefined, 'completed'])
  })

  it('take along what was left of one that ended right before', async () => {
    const [parent, child] = [randomUUID(), `${id}-1`]
    for (const one of [`${parent}-0`, `${parent}-1-0`, child]) tasks.table.add(one, 'step')
    trouble = SYSTEM
    await jobsOf(id, `${parent}-1`).resume()
    await settled()
    assert.deepEqual([`${parent}-0`, `${parent}-1`, `${parent}-1-0`, child, id].map((one) => tasks.record(one).state), ['cancelled', 'cancelled', 'cancelled', 'pending', 'running'])
    assert.deepEqual(drops, [`${parent}-1`])
  })

  it('end with the tasks that they had begun, also before they have asked for them again', async () => {
    const late = randomUUID()
    const jobs = jobsOf(id)
    tasks.table.add(`${id}-3`, 'step')
    trouble = SYSTEM
    await jobs.resume()
    jobs.cancel(id)
    tasks.table.add(`${late}-0`, 'step')
    trouble = undefined
    deadlineMs = 1
    await jobsOf(late).resume()
    await settled()
    assert.deepEqual([`${id}-3`, `${late}-0`, late].map((one) => tasks.record(one).state), ['cancelled', 'cancelled', 'timeout'])
    assert.deepEqual([drops, released], [[id, late], 1])
  })
})
