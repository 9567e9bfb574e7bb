import assert from 'node:assert/strict'
import { MAILBOX_AFTER_MS, OWED_REDIAL_MAX_MS, REDELIVER_MS } from '../../../src/roles/worker/limits.ts'
import { REDIAL_MAX_MS, REDIAL_MIN_MS } from '../../../src/limits.ts'
import { createWaysBack, type WaysBack } from '../../../src/roles/worker/ways-back.ts'
import { turn, useClock } from '../../support/roles.ts'

describe('ways back', () => {
  const clock = useClock()
  let ways: WaysBack
  let owed: number
  let linked: boolean
  let expired: number
  let dials: number[]
  let away: number[]
  let start: number

  beforeEach(() => {
    owed = 1
    linked = false
    expired = 0
    dials = []
    away = []
    start = clock.now()
    const since = (): number => clock.now() - start
    ways = createWaysBack({
      worker: { linkedTo: () => linked, undeliveredFor: () => owed, leasesOf: () => 0, expire: () => { expired++ } },
      open: async () => { dials.push(since()) },
      onAway: () => { away.push(since()) },
      now: clock.now,
    })
  })
  afterEach(() => { ways.stop() })

  async function pass (ms: number, step = 250): Promise<void> {
    for (let left = ms; left > 0; left -= step) {
      clock.tick(Math.min(step, left))
      await turn()
    }
  }

  it('are tried with back-off, and once when the submitter begins to count as away', async () => {
    ways.find('s1')
    await pass(20_000)
    assert.deepEqual(dials, [500, 1_500, 3_500, MAILBOX_AFTER_MS, MAILBOX_AFTER_MS + 16 * REDIAL_MIN_MS])
    assert.deepEqual(away, dials.slice(3))
    assert.deepEqual(ways.away(), ['s1'])
  })

  it('are tried less and less often, for as long as something is owed', async () => {
    ways.find('s1')
    await pass(REDELIVER_MS, 1_000)
    const before = dials.length
    assert.equal((dials[before - 1] ?? 0) - (dials[before - 2] ?? 0), REDIAL_MAX_MS)
    await pass(3 * OWED_REDIAL_MAX_MS, 5_000)
    assert.ok(dials.length - before <= 4, String(dials.length - before))
    assert.ok(expired >= dials.length)
    owed = 0
    await pass(2 * OWED_REDIAL_MAX_MS, 5_000)
    const last = dials.length
    await pass(2 * OWED_REDIAL_MAX_MS, 5_000)
    assert.deepEqual([dials.length, ways.away()], [last, []])
  }).timeout(20_000)

  it('are tried at once when the submitter is heard of, and not more often for hearing much', async () => {
    ways.find('s1')
    await pass(60_000)
    dials = []
    for (let i = 0; i < 100; i++) ways.met('s1')
    ways.met('s2')
    await turn()
    assert.deepEqual(dials, [60_000])
    // What is heard during a dial, or just after it, is not lost.
    await pass(REDIAL_MIN_MS + 250)
    for (let i = 0; i < 100; i++) ways.met('s1')
    await pass(REDIAL_MAX_MS / 2)
    assert.deepEqual(dials, [60_000, 60_000 + REDIAL_MIN_MS, 60_000 + 2 * REDIAL_MIN_MS])
  })

  it('end when the submitter is back', async () => {
    ways.find('s1')
    await pass(1_000)
    linked = true
    await pass(10_000)
    assert.deepEqual([dials, away], [[500], []])
  })
})
