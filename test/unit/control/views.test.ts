import assert from 'node:assert/strict'
import { taskView } from '../../../src/control/views.ts'
import type { TaskRecord } from '../../../src/task/state.ts'

describe('the view of a task', () => {
  const usage = { wallMs: 22.6, moduleBytes: 0 }
  const record = (more: Partial<TaskRecord>): TaskRecord => ({ id: 'i', name: 'n', state: 'completed', fence: 1, attempts: 0, createdAtMs: 1_000, logs: '', declines: [], history: [], ...more })
  const timings = (more: Partial<TaskRecord>): unknown => ({ ...taskView(record(more))['timings'] as object })

  it('counts the time in the queue of its worker as waiting, where the start of a short call is not known', () => {
    assert.deepEqual(timings({ claimedAtMs: 1_001, endedAtMs: 1_948, usage }), { waitedMs: 925, ranMs: 22.6, totalMs: 948 })
    assert.deepEqual(timings({ claimedAtMs: 1_001, endedAtMs: 1_010, usage }), { waitedMs: 0, ranMs: 22.6, totalMs: 10 })
  })

  it('takes the start where it is known, and else the lease', () => {
    assert.deepEqual(timings({ claimedAtMs: 1_001, startedAtMs: 1_100, endedAtMs: 9_000, usage }), { waitedMs: 100, ranMs: 22.6, totalMs: 8_000 })
    assert.deepEqual(timings({ state: 'claimed', claimedAtMs: 1_001 }), { waitedMs: 1 })
    assert.deepEqual(timings({ endedAtMs: 1_003, usage, reusedFrom: 'o' }), { ranMs: 22.6, totalMs: 3 })
  })
})
