import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { EVENTS, showCoverage, type CoverageEvent } from './coverage.ts'
import { DEFECTS } from './defects.ts'
import type { ScheduleInit } from './schedule.ts'
import { runThread, simulate, threadCode, type Report } from './simulate.ts'

/** Schedules of one run, and those of them in which a peer keeps no rule. */
const SCHEDULES = 20_000
const HOSTILE_SCHEDULES = 2_000
/** A defect on purpose must be found within so many. */
const SCHEDULES_TO_FIND = 1_500
/** Every seed of a run is above this one; another one in each run. */
const BASE = randomInt(1, 2 ** 31 - 10 * SCHEDULES)

/** Text that names every schedule that was broken, and how to see it again. */
function complaint ({ broken }: Report, { hostile, defect }: ScheduleInit = {}): string {
  const options = `${hostile === true ? ' --hostile' : ''}${defect === undefined ? '' : ` --defect ${defect}`}`
  return broken.map(({ seed, violations }) => `${violations.join('\n')}\n  to see it: node --import tsx test/simulation/replay.ts ${seed}${options}`).join('\n\n')
}

describe('submitters and workers under a simulated network and clock', function () {
  // A minute or two on two free cores.
  this.timeout(1_800_000)
  const counts = new Map<CoverageEvent, number>()

  function add (report: Report): void {
    for (const event of Object.keys(EVENTS) as CoverageEvent[]) counts.set(event, (counts.get(event) ?? 0) + (report.counts[event] ?? 0))
  }

  let code: string

  before(async () => {
    console.log(`    base seed ${BASE}`)
    code = await threadCode()
  })

  it(`keep their promises in ${SCHEDULES - HOSTILE_SCHEDULES} schedules`, async () => {
    const report = await simulate(code, { from: BASE, count: SCHEDULES - HOSTILE_SCHEDULES })
    assert.equal(report.broken.length, 0, complaint(report))
    assert.equal(report.schedules, SCHEDULES - HOSTILE_SCHEDULES)
    console.log(`      ${report.tasks} tasks, ${report.steps} steps`)
    add(report)
  })

  it(`keep them in ${HOSTILE_SCHEDULES} more with a peer that keeps no rule and messages that come twice or out of order`, async () => {
    const report = await simulate(code, { from: BASE + SCHEDULES, count: HOSTILE_SCHEDULES, hostile: true })
    assert.equal(report.broken.length, 0, complaint(report, { hostile: true }))
    add(report)
  })

  it('met every kind of trouble', () => {
    console.log(showCoverage(counts, SCHEDULES))
    const missing = Object.entries(EVENTS).filter(([event]) => (counts.get(event as CoverageEvent) ?? 0) === 0).map(([, text]) => text)
    assert.deepEqual(missing, [])
  })

  it('do the same again with the same seed', async () => {
    const job = { from: BASE, count: 40, traced: true }
    const [once, again] = await Promise.all([runThread(code, job), runThread(code, job)])
    // In some of them next to nothing happens.
    assert(once.traces.length === 40 && once.traces.every((trace) => trace.length > 0) && once.traces.some((trace) => trace.length > 100))
    assert.deepEqual(once.traces, again.traces)
    // A schedule does not depend on those before it, so that one alone can be seen again.
    const alone = await runThread(code, { ...job, from: BASE + 39, count: 1 })
    assert.deepEqual(alone.traces[0], once.traces[39])
  })

  for (const defect of DEFECTS) {
    it(`would be found out: ${defect}`, async () => {
      const report = await simulate(code, { from: BASE, count: SCHEDULES_TO_FIND, stopAfter: 1, defect })
      assert.notEqual(report.broken.length, 0, `${report.schedules} schedules did not find it`)
      console.log(`      after ${report.schedules} schedules`)
    })
  }
})
