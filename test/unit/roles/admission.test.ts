import assert from 'node:assert/strict'
import { admitOffer, admitProgram, type Situation } from '../../../src/roles/offers/admission.ts'
import { capability } from '../../support/roles.ts'

const situation = (more: Partial<Situation> = {}): Situation => ({
  peerId: 'self', capability: capability({ slots: 4, memoryLimitBytes: 1_000 }), load: 0, draining: false, hasModule: true, maxModuleBytes: 500, allowedHosts: [], streams: 0, maxStreams: 10, ...more,
})
const demand = { memoryLimitBytes: 0, moduleBytes: 0, chance: 1 }

describe('admission', () => {
  const refusals: Array<[string, typeof demand & { hosts?: string[], require?: Record<string, string>, on?: string }, Situation, RegExp]> = [
    ['a node that is shutting down', demand, situation({ draining: true }), /shutting down/],
    ['a node without slots', demand, situation({ capability: capability({ slots: 0 }) }), /runs no tasks/],
    ['too much memory', { ...demand, memoryLimitBytes: 1_001 }, situation(), /1001 bytes of memory.*1000/],
    ['labels that this node lacks', { ...demand, require: { gpu: 'yes' } }, situation(), /requires gpu=yes; this node has no labels/],
    ['a label with another value', { ...demand, require: { gpu: 'yes', site: 'roof' } }, situation({ capability: capability({ labels: { gpu: 'yes', site: 'cellar' } }) }), /this node has gpu=yes, site=cellar/],
    ['a task for another node', { ...demand, on: 'other' }, situation(), /the task is for other, this node is self/],
    ['too large a module', { ...demand, moduleBytes: 501 }, situation(), /501 bytes.*500/],
    ['HTTP requests, where none are allowed', { ...demand, hosts: ['a.org'] }, situation(), /requests to a\.org, this node allows none.*--allow-host/],
    ['HTTP requests to hosts that are not known yet', { ...demand, hosts: [] }, situation(), /allows none/],
    ['HTTP requests to one host more than allowed', { ...demand, hosts: ['a.org', 'b.org'] }, situation({ allowedHosts: ['a.org', 'c.org'] }), /to b\.org, this node allows a\.org, c\.org/],
  ]
  for (const [what, wanted, given, reason] of refusals) {
    it(`says why not: ${what}`, () => {
      for (const answer of [admitProgram(wanted, given), admitOffer(wanted, given)]) {
        assert(!answer.admitted)
        assert.equal(answer.code, 'ERR_DECLINED')
        assert.match(answer.reason, reason)
      }
    })
  }

  const offers: Array<[string, typeof demand, Situation, RegExp]> = [
    ['a busy node, while others may be free', { ...demand, chance: 0.9 }, situation({ load: 8 }), /all 4 slots are busy and 4 calls wait/],
    ['too many streams', demand, situation({ streams: 10 }), /10 work streams/],
  ]
  for (const [what, wanted, given, reason] of offers) {
    it(`says why not, for offers only: ${what}`, () => {
      const answer = admitOffer(wanted, given)
      assert(!answer.admitted)
      assert.match(answer.reason, reason)
      assert(admitProgram(wanted, given).admitted)
    })
  }

  it('admits what fits to the byte', () => {
    assert(admitOffer({ memoryLimitBytes: 1_000, moduleBytes: 500, chance: 0.1 }, situation({ load: 7, streams: 9 })).admitted)
  })

  it('admits what names this node and asks for its labels', () => {
    const labelled = situation({ capability: capability({ labels: { gpu: 'yes', more: '1' } }) })
    assert(admitOffer({ ...demand, on: 'self', require: { gpu: 'yes' } }, labelled).admitted)
  })

  it('admits HTTP requests to hosts that it allows', () => {
    assert(admitProgram({ ...demand, hosts: ['a.org', 'b.org:8080'] }, situation({ allowedHosts: ['*', 'b.org:8080'] })).admitted)
  })

  it('waits longer where the module is missing and calls wait, but never long', () => {
    const waits = [situation(), situation({ hasModule: false }), situation({ load: 4 }), situation({ load: 100_000 })].map((given) => {
      const answer = admitOffer(demand, given)
      assert(answer.admitted)
      return answer.maxDelayMs
    })
    assert.deepEqual(waits, [5, 25, 205, 1_000])
  })
})
