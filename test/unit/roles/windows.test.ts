import assert from 'node:assert/strict'
import fc from 'fast-check'
import { MAX_CLAIM_WINDOW } from '../../../src/limits.ts'
import { createPace } from '../../../src/roles/pace.ts'
import { shareOut, type Room, type WindowedSubmitter } from '../../../src/roles/worker/windows.ts'

const idle = (window = 0): WindowedSubmitter => ({ leases: 0, wanting: false, window })
const busy = (window = 0): WindowedSubmitter => ({ leases: 1, wanting: false, window })
const wanting = (window = 0): WindowedSubmitter => ({ leases: 0, wanting: true, window })
const room = (more: Partial<Room> = {}): Room => ({ slots: 4, depth: 40, fullForMs: 0, ...more })

describe('shareOut', () => {
  const table: Array<[string, WindowedSubmitter[], Room, number[]]> = [
    ['nobody gets anything when nothing is taken', [idle(4), busy(40), wanting()], room({ slots: 0, depth: 0 }), [0, 0, 0]],
    ['who is idle has a warm start while there is room', [idle(), idle()], room(), [4, 4]],
    ['one that works gets all that is worth having', [busy()], room(), [40]],
    ['those that work or want to share alike', [busy(), wanting(), idle()], room(), [20, 20, 4]],
    ['idle ones keep their window when a node has only just become full', [idle(4), busy(40)], room({ fullForMs: 99 }), [4, 40]],
    ['idle ones lose it when the node stays full', [idle(4), busy(40)], room({ fullForMs: 100 }), [0, 40]],
    ['small moves are not made', [busy(32)], room(), [32]],
    ['larger ones are', [busy(31)], room(), [40]],
    ['an idle one that had more keeps it, for its next call', [idle(40)], room(), [40]],
    ['but not far more than is worth having', [idle(51)], room(), [4]],
    ['everybody who wants gets at least one', [busy(), busy(), busy()], room({ depth: 2 }), [1, 1, 1]],
    ['who has short calls gets more of them, who has long ones fewer', [{ ...busy(), pace: { depth: () => 100 } }, { ...busy(), pace: { depth: () => 8 } }], room(), [50, 4]],
    ['no window is over what the protocol allows', [busy()], room({ depth: 100_000 }), [MAX_CLAIM_WINDOW]],
  ]
  for (const [what, submitters, given, windows] of table) it(what, () => { assert.deepEqual(shareOut(submitters, given), windows) })

  it('gives whole numbers within the bounds, and something to everybody who wants', () => {
    const submitter = fc.record({ leases: fc.nat(3_000), wanting: fc.boolean(), window: fc.nat(MAX_CLAIM_WINDOW) })
    const any = fc.record({ slots: fc.nat(4_096), depth: fc.nat(5_000_000), fullForMs: fc.nat(1_000) })
    fc.assert(fc.property(fc.array(submitter, { maxLength: 20 }), any, (submitters, given) => {
      const windows = shareOut(submitters, given)
      windows.forEach((window, i) => {
        assert(Number.isInteger(window) && window >= 0 && window <= Math.max(MAX_CLAIM_WINDOW, given.slots))
        const { leases = 0, wanting: wants = false } = submitters[i] ?? {}
        if (given.slots > 0 && (leases > 0 || wants)) assert(window > 0)
      })
    }))
  })
})

describe('createPace', () => {
  it('keeps one call behind each running one until something is measured', () => { assert.equal(createPace().depth(3), 6) })

  for (const [ms, depth] of [[1_000, 4], [50, 4], [25, 6], [1, 102], [0, 2_002], [1e308, 4]] as const) {
    it(`keeps ${depth} calls under way for 2 slots when calls take ${ms} ms`, () => {
      const pace = createPace()
      pace.note(ms)
      assert.equal(pace.depth(2), depth)
    })
  }

  it('follows what calls take lately', () => {
    const pace = createPace()
    pace.note(0.05)
    for (let i = 0; i < 100; i++) pace.note(1_000)
    assert.equal(pace.depth(1), 2)
  })
})
