/** `--deadline` of a map: that of the whole, whoever goes on with it. */
import assert from 'node:assert/strict'
import { install, type Clock } from '@sinonjs/fake-timers'
import { CorebrumError } from '../../../../src/errors.ts'
import { policyNow } from '../../../../src/jobs/map/map-settings.ts'
import type { TaskDefinition } from '../../../../src/task/definition.ts'
import { DEFINITION, double, ending, mapBench, mapOf, numbers, type MapAnswer } from '../../../support/map-fixture.ts'
import { useTempDirs } from '../../../support/temp-dir.ts'

const upTo = (count: number): MapAnswer => (task) => task.index < count ? double(task) : new Promise(() => {})

describe('the deadline of a map', () => {
  const tempDir = useTempDirs()
  let clock: Clock

  beforeEach(() => { clock = install({ toFake: ['Date', 'setTimeout', 'clearTimeout'], now: 1_000_000 }) })

  afterEach(() => { clock.uninstall() })

  it('gives each task what is left of it, and no more than its definition', () => {
    const settings = { createdAtMs: 1_000_000, policy: { deadlineMs: 10_000, priority: 2 } }
    assert.deepEqual(policyNow(settings, DEFINITION), { deadlineMs: 10_000, priority: 2 })
    clock.setSystemTime(1_004_000)
    assert.deepEqual(policyNow(settings, DEFINITION), { deadlineMs: 6_000, priority: 2 })
    assert.deepEqual(policyNow(settings, { ...DEFINITION, deadlineMs: 5_000 }), { deadlineMs: 5_000, priority: 2 })
    clock.setSystemTime(2_000_000)
    assert.equal(policyNow(settings, DEFINITION)?.deadlineMs, 1)
    // A clock that was set back gives nobody more time.
    clock.setSystemTime(0)
    assert.equal(policyNow(settings, DEFINITION)?.deadlineMs, 10_000)
    assert.deepEqual(policyNow({ createdAtMs: 0, policy: { priority: 1 } }, { ...DEFINITION, deadlineMs: 5_000 }), { priority: 1 })
  })

  it('ends it while it runs, with what is done kept', async () => {
    const bench = mapBench(await tempDir(), upTo(3))
    const job = await mapOf(bench, numbers(10), { policy: { deadlineMs: 5_000 } })
    for await (const status of job.follow(new AbortController().signal)) if (status.done === 3) break
    assert.deepEqual(bench.policies[0], { deadlineMs: 5_000 })
    const end = ending(job)
    clock.tick(5_000)
    const { state, code, done, total } = await end
    assert.deepEqual({ state, code, done, total }, { state: 'failed', code: 'ERR_DEADLINE', done: 3, total: 10 })
    assert.equal((await bench.recorded(job.id, ({ endedAtMs }) => endedAtMs !== undefined)).state, 'timeout')
    await bench.maps.stop()
  })

  it('goes on over a pause and in another process', async () => {
    const dir = await tempDir()
    const first = mapBench(dir, upTo(3))
    const job = await mapOf(first, numbers(10), { policy: { deadlineMs: 5_000 } })
    clock.tick(3_000)
    await first.maps.stop()
    let began: () => void = () => {}
    const begun = new Promise<void>((resolve) => { began = resolve })
    const second = mapBench(dir, () => {
      began()
      return new Promise(() => {})
    })
    const again = await second.maps.proceed(job.id)
    await begun
    assert.ok(second.policies.every((policy) => policy?.deadlineMs === 2_000) && second.policies.length > 0, JSON.stringify(second.policies))
    await again.pause()
    clock.tick(2_000)
    assert.equal((await second.recorded(job.id, ({ endedAtMs }) => endedAtMs !== undefined)).state, 'timeout')
    assert.deepEqual([again.status.state, again.status.code], ['failed', 'ERR_DEADLINE'])
    await second.maps.stop()
  })

  it('has ended it when somebody goes on with it too late', async () => {
    const dir = await tempDir()
    const first = mapBench(dir, upTo(3))
    const job = await mapOf(first, numbers(10), { policy: { deadlineMs: 5_000 } })
    await first.maps.stop()
    clock.tick(60_000)
    const second = mapBench(dir, double)
    const again = await second.maps.proceed(job.id)
    assert.deepEqual([again.status.state, again.status.code, second.submitted], ['failed', 'ERR_DEADLINE', []])
    await second.maps.stop()
  })

  it('is no failure of the inputs whose tasks it ends', async () => {
    const late = (): CorebrumError => {
      clock.setSystemTime(1_005_000)
      return new CorebrumError('ERR_DEADLINE', 'the task had not ended in time')
    }
    const bench = mapBench(await tempDir(), async (task) => task.index < 3 ? double(task) : late())
    const job = await mapOf(bench, numbers(5_000), { policy: { deadlineMs: 5_000 } })
    const end = ending(job)
    await Promise.resolve()
    clock.tick(5_000)
    const { state, code, failed } = await end
    assert.deepEqual({ state, code, failed }, { state: 'failed', code: 'ERR_DEADLINE', failed: 0 })
    await bench.maps.stop()
  })

  it('ends the final task too', async () => {
    const sum: TaskDefinition = { ...DEFINITION, name: 'sum', inputs: [{ name: 'values', type: 'array', required: true }] }
    let begun: () => void = () => {}
    const final = new Promise<void>((resolve) => { begun = resolve })
    const bench = mapBench(await tempDir(), (task) => {
      if ('values' in task.inputs) {
        begun()
        return new Promise(() => {})
      }
      clock.setSystemTime(1_000_100)
      return double(task)
    })
    const job = await mapOf(bench, numbers(3), { policy: { deadlineMs: 5_000 }, reduce: sum })
    await final
    assert.equal(bench.policies.at(-1)?.deadlineMs, 4_900)
    const end = ending(job)
    clock.tick(5_000)
    assert.equal((await end).code, 'ERR_DEADLINE')
    await bench.maps.stop()
  })
})
