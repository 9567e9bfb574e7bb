import assert from 'node:assert/strict'
import fc from 'fast-check'
import { MAX_LOG_BYTES } from '../../../src/limits.ts'
import { isFinal, newTask, reduceTask, type TaskEvent, type TaskRecord } from '../../../src/task/state.ts'

const START = newTask('id', 'name', 1)
const usage = { wallMs: 1, memoryBytes: 2, cpuMs: 0, moduleBytes: 0, fileBytes: 0 }
const failure = { code: 'ERR_TRAP', message: 'unreachable', by: 'w1' } as const

const fence = fc.integer({ min: 0, max: 6 })
const atMs = fc.integer({ min: 1, max: 1_000 })
const worker = fc.constantFrom('w1', 'w2', 'w3')
const code = fc.constantFrom('ERR_TRAP', 'ERR_TIME_LIMIT', 'ERR_ATTEMPTS')
const event: fc.Arbitrary<TaskEvent> = fc.oneof(
  fc.record({ type: fc.constant('leased' as const), worker, fence, atMs }),
  fc.record({ type: fc.constant('started' as const), fence, atMs }),
  fc.record({ type: fc.constant('logged' as const), fence, text: fc.string() }),
  fc.record({ type: fc.constant('released' as const), fence, charged: fc.boolean(), decline: fc.record({ peer: worker, code, reason: fc.string(), atMs }), atMs }),
)
const ending: fc.Arbitrary<TaskEvent> = fc.oneof(
  fc.record({ type: fc.constant('completed' as const), worker, outputs: fc.constant({ result: 1 }), usage: fc.constant(usage), logs: fc.string(), atMs }),
  fc.record({ type: fc.constant('failed' as const), worker, failure: fc.record({ code, message: fc.string(), by: worker }), usage: fc.constant(usage), logs: fc.string(), atMs }),
  fc.record({ type: fc.constant('cancelled' as const), failure: fc.constant({ ...failure, code: 'ERR_CANCELLED' as const }), atMs }),
)
const life = fc.array(fc.oneof({ weight: 8, arbitrary: event }, { weight: 1, arbitrary: ending }), { maxLength: 40 })

/** Each step of a life: the record before, the event, the record after. */
function steps (events: TaskEvent[]): Array<[TaskRecord, TaskEvent, TaskRecord]> {
  let task = START
  return events.map((step) => {
    const before = task
    task = reduceTask(before, step)
    return [before, step, task]
  })
}

const forEachStep = (check: (before: TaskRecord, step: TaskEvent, after: TaskRecord) => void): void => {
  fc.assert(fc.property(life, (events) => { for (const step of steps(events)) check(...step) }))
}

describe('task state', () => {
  it('leaves no final state', () => {
    forEachStep((before, _step, after) => { if (isFinal(before.state)) assert.equal(after, before) })
  })

  it('lets fences and attempts only grow, attempts by charged releases alone', () => {
    forEachStep((before, step, after) => {
      assert(after.fence >= before.fence && after.attempts >= before.attempts)
      if (after.fence > before.fence) assert.equal(step.type, 'leased')
      if (after.attempts > before.attempts) assert(step.type === 'released' && step.charged && after.attempts === before.attempts + 1)
    })
  })

  it('ignores every event of a lease that is not the newest', () => {
    forEachStep((before, step, after) => {
      if ((step.type === 'started' || step.type === 'logged' || step.type === 'released') && step.fence !== before.fence) assert.equal(after, before)
      if (step.type === 'leased' && step.fence <= before.fence) assert.equal(after, before)
    })
  })

  it('takes a result in every open state, whichever lease it comes from', () => {
    fc.assert(fc.property(fc.array(event, { maxLength: 20 }), ending, (events, last) => {
      const before = events.reduce(reduceTask, START)
      const after = reduceTask(before, last)
      assert(isFinal(after.state))
      if (last.type === 'completed') assert.deepEqual([after.state, after.worker, after.outputs], ['completed', last.worker, last.outputs])
      if (last.type === 'failed') assert.deepEqual([after.worker, after.failure], [last.worker, last.failure])
    }))
  })

  it('knows the worker and the times of a lease only while it stands', () => {
    forEachStep((_before, _step, after) => {
      if (after.state === 'pending') assert.deepEqual([after.worker, after.claimedAtMs, after.startedAtMs], [undefined, undefined, undefined])
      if (after.state === 'claimed') assert(after.worker !== undefined && after.claimedAtMs !== undefined && after.startedAtMs === undefined)
      if (after.state === 'running') assert(after.worker !== undefined && after.startedAtMs !== undefined)
    })
  })

  it('has the log of the newest lease as it comes, and of the result when that is there', () => {
    forEachStep((before, step, after) => {
      const logs = step.type === 'logged' && before.state !== 'pending' && step.fence === before.fence && !isFinal(before.state) ? before.logs + step.text
        : after.fence > before.fence ? ''
          : (step.type === 'completed' || step.type === 'failed') && after !== before ? step.logs
              : before.logs
      assert.equal(after.logs, logs)
    })
  })

  it('keeps no more of a log than a result may bring, and says nothing of what is over it', () => {
    let task = reduceTask(START, { type: 'leased', worker: 'w1', fence: 1, atMs: 2 })
    const piece = { type: 'logged', fence: 1, text: 'x'.repeat(MAX_LOG_BYTES / 4 + 1) } as const
    for (let i = 0; i < 4; i++) task = reduceTask(task, piece)
    assert.equal(task.logs.length, MAX_LOG_BYTES)
    assert.equal(reduceTask(task, piece), task)
  })

  it('keeps the last log of a task that is given up or cancelled', () => {
    const leased = reduceTask(START, { type: 'leased', worker: 'w1', fence: 1, atMs: 2 })
    const logged = reduceTask(leased, { type: 'logged', fence: 1, text: 'a' })
    const released = reduceTask(logged, { type: 'released', fence: 1, charged: true, atMs: 4 })
    assert.equal(reduceTask(released, { type: 'failed', failure, atMs: 3 }).logs, 'a')
    assert.equal(reduceTask(logged, { type: 'cancelled', failure, atMs: 3 }).logs, 'a')
  })

  it('keeps a bounded number of declines, the newest', () => {
    let task = START
    for (let fence = 1; fence <= 100; fence++) {
      task = reduceTask(task, { type: 'leased', worker: 'w1', fence, atMs: fence })
      task = reduceTask(task, { type: 'released', fence, charged: false, decline: { peer: 'w1', code: 'ERR_DECLINED', reason: `${fence}`, atMs: fence }, atMs: fence })
    }
    assert.equal(task.declines.length, 16)
    assert.equal(task.declines.at(-1)?.reason, '100')
    assert.equal(task.attempts, 0)
  })

  it('calls a time limit a timeout, and any other failure a failure', () => {
    const end = (which: 'ERR_TIME_LIMIT' | 'ERR_TRAP'): string => reduceTask(START, { type: 'failed', failure: { ...failure, code: which }, logs: '', atMs: 2 }).state
    assert.equal(end('ERR_TIME_LIMIT'), 'timeout')
    assert.equal(end('ERR_TRAP'), 'failed')
  })

  it('changes nothing in the record that it was given', () => {
    const frozen = Object.freeze({ ...START, declines: Object.freeze([]) as TaskRecord['declines'] })
    reduceTask(frozen, { type: 'leased', worker: 'w1', fence: 1, atMs: 2 })
    assert.deepEqual(frozen, START)
  })
})
