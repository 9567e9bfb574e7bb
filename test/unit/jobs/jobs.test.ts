import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { encode } from '../../../src/cbor.ts'
import { CorebrumError } from '../../../src/errors.ts'
import type { JobKind } from '../../../src/jobs/job-kind.ts'
import { createJobs } from '../../../src/jobs/jobs.ts'
import { NO_JOURNAL } from '../../../src/roles/no-journal.ts'
import { FakeJobTasks } from '../../support/fake-jobs.ts'

describe('jobs after a restart', () => {
  for (const [what, code, dropped] of [['are left for later while another process has them', 'ERR_USAGE', false], ['end when what was kept of them cannot be read', 'ERR_JOURNAL', true]] as const) {
    it(what, async () => {
      const id = randomUUID()
      const drops: string[] = []
      const saved = encode({ v: 1, kind: 'map', name: 'double', at: 1, job: { id } })
      const kind: JobKind = { kind: 'map', restore: async () => { throw new CorebrumError(code, 'this map is open in process 7') } }
      const tasks = new FakeJobTasks()
      const jobs = createJobs({ tasks, journal: { ...NO_JOURNAL, async * jobs () { yield { id, bytes: saved } }, dropJob: (one) => { drops.push(one) } }, kinds: [kind] })
      await jobs.resume()
      assert.deepEqual(drops, dropped ? [id] : [])
      assert.equal((await tasks.find(id))?.state, dropped ? 'failed' : undefined)
    })
  }
})
