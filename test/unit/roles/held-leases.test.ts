import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { HeldLease } from '../../../src/roles/worker/held-lease.ts'
import { HeldLeases } from '../../../src/roles/worker/held-leases.ts'
import { LeaseLog } from '../../../src/roles/worker/lease-log.ts'
import { program } from '../../support/roles.ts'

describe('the leases that a worker holds', () => {
  const task = program()
  const lease = (): HeldLease => ({ taskId: randomUUID(), fence: 1, digest: '', program: task, values: [new Uint8Array(8)], bytes: 8, priority: 0, heldAt: 0, log: new LeaseLog(), taken: false, underWay: false, recalled: false, fetching: false, fetched: false, reported: false })

  it('keep nothing of those that were taken away, while nothing is run', () => {
    let bytes = 0
    const held = new HeldLeases((change) => { bytes += change })
    const all = Array.from({ length: 1_000 }, lease)
    for (const one of all) {
      held.add(one)
      held.take(one.taskId)
    }
    assert.deepEqual([bytes, held.size, all.filter(({ values }) => values.length > 0).length], [0, 0, 0])
    const last = lease()
    held.add(last)
    assert.equal(held.next(), last)
    assert.equal(last.values.length, 1)
  })
})
