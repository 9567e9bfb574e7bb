import assert from 'node:assert/strict'
import fc from 'fast-check'
import { FAULT_BACKOFF_MAX_MS, MAX_AVOIDED_PER_TASK, MAX_SANDBOX_CRASHES, RETRY_BACKOFF_MAX_MS } from '../../../src/roles/submitter/limits.ts'
import { MAX_ATTEMPTS, MAX_RETRIES } from '../../../src/limits.ts'
import { afterFailure, afterFault, avoid, avoids, isRetried, newTrouble, recoveredTrouble, retryEvent } from '../../../src/roles/submitter/retry-policy.ts'
import type { HistoryEvent } from '../../../src/task/history.ts'

const always = (value: number) => (): number => value

describe('retry policy', () => {
  it('tries elsewhere at once after the first fault, then ever later, and gives up after MAX_ATTEMPTS', () => {
    const trouble = newTrouble()
    const delays: number[] = []
    for (let i = 1; i < MAX_ATTEMPTS; i++) {
      const next = afterFault(trouble, 'ERR_INTERNAL', always(1))
      assert(next.again)
      delays.push(next.delayMs)
    }
    assert.deepEqual(delays, [0, 250, 500, 1_000])
    assert.deepEqual(afterFault(trouble, 'ERR_INTERNAL', always(1)), { again: false, because: 'attempts' })
  })

  it('ends a task that killed its sandbox MAX_SANDBOX_CRASHES times, whatever else had happened', () => {
    const trouble = newTrouble()
    assert(afterFault(trouble, 'ERR_STORE', always(0)).again)
    for (let i = 1; i < MAX_SANDBOX_CRASHES; i++) assert(afterFault(trouble, 'ERR_SANDBOX_CRASHED', always(0)).again)
    assert.deepEqual(afterFault(trouble, 'ERR_SANDBOX_CRASHED', always(0)), { again: false, because: 'failure' })
  })

  it('retries a failure of the task only as often as its policy says', () => {
    const trouble = newTrouble()
    const delays: number[] = []
    for (let i = 0; i < 3; i++) {
      assert(isRetried(trouble, 'ERR_TRAP', 3))
      const next = afterFailure(trouble, 'ERR_TRAP', 3, always(1))
      assert(next.again && next.avoidMs === 0)
      delays.push(next.delayMs)
    }
    assert.deepEqual(delays, [1_000, 2_000, 4_000])
    assert(!isRetried(trouble, 'ERR_TRAP', 3))
    assert.deepEqual(afterFailure(trouble, 'ERR_TRAP', 3, always(1)), { again: false, because: 'failure' })
    assert.equal(trouble.faults, 0)
  })

  it('does not run again what must fail again', () => {
    for (const code of ['ERR_NO_EXPORT', 'ERR_NOT_WASM', 'ERR_SIGNATURE', 'ERR_VALUE_RANGE', 'ERR_DEADLINE', 'ERR_CANCELLED'] as const) {
      assert(!isRetried(undefined, code, 5), code)
      assert(!afterFailure(newTrouble(), code, 5, always(0)).again, code)
    }
    for (const code of ['ERR_TRAP', 'ERR_EXIT_CODE', 'ERR_TIME_LIMIT', 'ERR_NETWORK_REFUSED', 'ERR_MEMORY_LIMIT'] as const) assert(isRetried(undefined, code, 1), code)
    assert(!isRetried(undefined, 'ERR_TRAP', 0))
  })

  it('never waits longer than it may, nor less than half of it', () => {
    fc.assert(fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(MAX_RETRIES), (random, failures) => {
      const trouble = { ...newTrouble(), failures, faults: Math.min(failures, MAX_ATTEMPTS - 2) }
      const own = afterFailure(trouble, 'ERR_TRAP', MAX_RETRIES + 1, always(random))
      const fault = afterFault(trouble, 'ERR_INTERNAL', always(random))
      assert(own.again && own.delayMs >= 500 && own.delayMs <= RETRY_BACKOFF_MAX_MS)
      assert(fault.again && fault.delayMs <= FAULT_BACKOFF_MAX_MS && fault.avoidMs >= 1_000)
    }))
  })

  it('avoids workers for a while, and remembers only so many', () => {
    const trouble = newTrouble()
    avoid(trouble, 'w1', 100)
    avoid(trouble, 'w2', 200)
    assert(avoids(trouble, 'w1', 99) && !avoids(trouble, 'w1', 100) && avoids(trouble, 'w2', 100) && !avoids(trouble, 'w3', 0))
    avoid(trouble, 'w1', 300)
    assert(avoids(trouble, 'w1', 299))
    for (let i = 0; i < 100; i++) avoid(trouble, `x${i}`, 1_000)
    assert.equal(trouble.avoided.length, MAX_AVOIDED_PER_TASK)
    assert(avoids(trouble, 'x99', 0) && !avoids(trouble, 'w1', 0))
  })

  it('knows again after a restart what the history says', () => {
    const trouble = { ...newTrouble(), failures: 2 }
    const history: HistoryEvent[] = [
      { atMs: 1, kind: 'submitted' },
      { atMs: 2, kind: 'leased', peer: 'w1', fence: 1 },
      { atMs: 3, kind: 'failed-attempt', peer: 'w1', fence: 1, detail: 'ERR_SANDBOX_CRASHED: gone' },
      { atMs: 4, kind: 'failed-attempt', peer: 'w2', fence: 2, detail: 'ERR_TRAP: unreachable' },
      retryEvent({ ...trouble, failures: 1 }, { retries: 3, delayMs: 800, atMs: 5 }),
      { atMs: 6, kind: 'released', peer: 'w3', fence: 3, detail: 'ERR_DECLINED: busy' },
      { atMs: 7, kind: 'failed-attempt', peer: 'w4', fence: 4, detail: 'ERR_EXIT_CODE: 3' },
      retryEvent(trouble, { retries: 3, delayMs: 1_900.4, atMs: 8 }),
    ]
    assert.deepEqual(recoveredTrouble(history), { trouble: { faults: 1, failures: 2, crashes: 1, avoided: [] }, readyAtMs: 1_908, delayMs: 1_900 })
    // A failure that came when its lease had ended already.
    assert.deepEqual(recoveredTrouble([{ atMs: 2, kind: 'released', peer: 'w1', fence: 1 }, retryEvent({ ...trouble, failures: 1 }, { retries: 3, delayMs: 0, atMs: 3 })])?.trouble.failures, 1)
    assert.equal(recoveredTrouble([{ atMs: 1, kind: 'submitted' }, { atMs: 2, kind: 'waiting', detail: 'no peer' }]), undefined)
  })
})
