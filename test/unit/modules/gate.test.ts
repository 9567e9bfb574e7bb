import assert from 'node:assert/strict'
import { Gate } from '../../../src/modules/gate.ts'
import { rejectsWith } from '../../support/rejects.ts'
import { turn } from '../../support/roles.ts'

describe('gate', () => {
  function passage (gate: Gate, amount: number, signal?: AbortSignal): { inside: () => boolean, leave: () => void, done: Promise<void> } {
    let inside = false
    let leave = (): void => {}
    const until = new Promise<void>((resolve) => { leave = resolve })
    const done = gate.within(amount, signal, async () => {
      inside = true
      await until
    })
    return { inside: () => inside, leave: () => { leave() }, done }
  }

  it('lets so much in, and the others as those leave, in order', async () => {
    const gate = new Gate(10)
    const all = [6, 4, 1, 9, 1].map((amount) => passage(gate, amount))
    await turn()
    assert.deepEqual(all.map(({ inside }) => inside()), [true, true, false, false, false])
    all[1]?.leave()
    await turn()
    assert.deepEqual(all.map(({ inside }) => inside()), [true, true, true, false, false])
    all[0]?.leave()
    await turn()
    assert.deepEqual(all.map(({ inside }) => inside()), [true, true, true, true, false])
    for (const { leave } of all) leave()
    await Promise.all(all.map(({ done }) => done))
    assert.ok(gate.isIdle)
  })

  it('lets one that is larger than the room in alone', async () => {
    const gate = new Gate(10)
    const [small, large, next] = [passage(gate, 1), passage(gate, 99), passage(gate, 1)]
    await turn()
    assert.deepEqual([small.inside(), large.inside(), next.inside()], [true, false, false])
    small.leave()
    await turn()
    assert.deepEqual([large.inside(), next.inside()], [true, false])
    large.leave()
    next.leave()
    await Promise.all([large.done, next.done])
  })

  it('is left by one that fails, and by one that gives up the wait', async () => {
    const gate = new Gate(1)
    const stop = new AbortController()
    const first = passage(gate, 1)
    const waits = passage(gate, 1, stop.signal)
    const last = passage(gate, 1)
    stop.abort()
    await rejectsWith('ERR_CANCELLED', waits.done)
    await rejectsWith('ERR_CANCELLED', passage(gate, 1, AbortSignal.abort()).done)
    first.leave()
    await turn()
    assert.ok(last.inside())
    last.leave()
    await last.done
    await assert.rejects(gate.within(1, undefined, () => Promise.reject(new Error('broken'))), /broken/)
    assert.ok(gate.isIdle)
  })
})
