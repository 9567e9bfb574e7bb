import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { createJobTasks, type JobTasksComponents } from '../../../src/jobs/job-tasks.ts'
import { NO_JOURNAL } from '../../../src/roles/no-journal.ts'
import type { NewTask } from '../../../src/roles/submitter/open-task.ts'
import { createTaskTable } from '../../../src/roles/tasks/task-table.ts'
import { rejectsWith } from '../../support/rejects.ts'
import { DEFINITION } from '../../support/map-fixture.ts'
import { program } from '../../support/roles.ts'
import { CorebrumError } from '../../../src/errors.ts'

describe('the tasks of jobs', () => {
  let accepted: NewTask[]
  let released: number
  let refuses: boolean

  beforeEach(() => {
    accepted = []
    released = 0
    refuses = false
  })

  function jobTasks (): ReturnType<typeof createJobTasks> {
    const unused = (): never => assert.fail('not used here')
    const components: JobTasksComponents = {
      peerId: 'self',
      tasks: createTaskTable(),
      journal: NO_JOURNAL,
      intake: async (_definition, _inputs, { id = '' }) => ({ id, program: program(), values: [1], release: () => { released++ } }),
      accept (task) {
        if (refuses) throw new CorebrumError('ERR_QUEUE_FULL', 'full')
        accepted.push(task)
      },
      cancel: unused,
      keepApart: unused,
      forget: unused,
      store: { hold: unused, has: unused, find: unused, size: unused, put: unused, list: unused, delete: unused, start: unused, stop: unused } as unknown as JobTasksComponents['store'],
      retriever: { ensure: unused } as unknown as JobTasksComponents['retriever'],
      checkBytes: unused,
      onModule: unused,
    }
    return createJobTasks(components)
  }

  it('are run even when their result is known where their job asks for that: a replica that was not run agrees with nobody', async () => {
    const tasks = jobTasks()
    await tasks.submit(DEFINITION, {}, { id: randomUUID(), noCache: true, apart: 'group' })
    await tasks.submit(DEFINITION, {}, { id: randomUUID(), volatile: true })
    assert.deepEqual(accepted.map(({ noCache, apart, volatile }) => [noCache, apart, volatile]), [[true, 'group', undefined], [undefined, undefined, true]])
  })

  it('let go of what they hold when they are not taken', async () => {
    refuses = true
    await rejectsWith('ERR_QUEUE_FULL', jobTasks().submit(DEFINITION, {}, { id: randomUUID() }))
    assert.equal(released, 1)
  })
})
