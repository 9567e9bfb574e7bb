import assert from 'node:assert/strict'
import { createTimetable, type Alarm } from '../../../src/roles/submitter/timetable.ts'
import { useClock } from '../../support/roles.ts'

describe('timetable', () => {
  const clock = useClock()

  it('does everything once, in order, whatever the order in which it was set', () => {
    const table = createTimetable({ now: clock.now })
    const done: number[] = []
    const start = clock.now()
    for (const ms of [300, 100, 200, 100, 5_000]) table.set(start + ms, () => { done.push(ms) })
    clock.tick(1_000)
    assert.deepEqual(done, [100, 100, 200, 300])
    clock.tick(4_000)
    assert.deepEqual(done, [100, 100, 200, 300, 5_000])
    clock.tick(60_000)
    assert.equal(done.length, 5)
  })

  it('does what is due already soon, not at once', () => {
    const table = createTimetable({ now: clock.now })
    let done = 0
    table.set(clock.now() - 5, () => { done++ })
    assert.equal(done, 0)
    clock.tick(25)
    assert.equal(done, 1)
  })

  it('leaves out what was taken off, also while it rings', () => {
    const table = createTimetable({ now: clock.now })
    const done: string[] = []
    const at = clock.now() + 100
    const second: Alarm[] = []
    table.set(at, () => { done.push('first'); for (const alarm of second) table.cancel(alarm) })
    second.push(table.set(at, () => { done.push('second') }))
    table.set(at, () => { done.push('third'); table.set(clock.now() + 50, () => { done.push('fourth') }) })
    clock.tick(200)
    assert.deepEqual(done, ['first', 'third', 'fourth'])
  })

  it('waits for longer than a timer can', () => {
    const table = createTimetable({ now: clock.now })
    let done = 0
    table.set(clock.now() + 3 * 3_600_000, () => { done++ })
    clock.tick(3 * 3_600_000 - 1_000)
    assert.equal(done, 0)
    clock.tick(2_000)
    assert.equal(done, 1)
  })

  it('keeps nothing of 100,000 alarms that come and go', () => {
    const table = createTimetable({ now: clock.now })
    let done = 0
    for (let i = 0; i < 100_000; i++) table.cancel(table.set(clock.now() + 86_400_000 + i % 977, () => { done++ }))
    table.set(clock.now() + 10, () => { done++ })
    clock.tick(50)
    assert.equal(done, 1)
  })

  it('goes on after one of them has thrown, and does nothing after stop', () => {
    const table = createTimetable({ now: clock.now })
    let done = 0
    table.set(clock.now() + 10, () => { throw new Error('defect') })
    table.set(clock.now() + 10, () => { done++ })
    assert.throws(() => { clock.tick(25) }, /defect/)
    clock.tick(50)
    assert.equal(done, 1)
    table.set(clock.now() + 10, () => { done++ })
    table.stop()
    clock.tick(100)
    assert.equal(done, 1)
  })
})
