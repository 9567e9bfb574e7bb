import assert from 'node:assert/strict'
import fc from 'fast-check'
import { createApart } from '../../../src/roles/submitter/apart.ts'
import type { HeldLease } from '../../../src/roles/worker/held-lease.ts'
import { LeaseLog } from '../../../src/roles/worker/lease-log.ts'
import { LeaseQueue } from '../../../src/roles/worker/lease-queue.ts'
import { Levels } from '../../../src/roles/submitter/levels.ts'
import { resolvePeerName } from '../../../src/roles/submitter/peer-name.ts'
import { Turns } from '../../../src/roles/worker/turns.ts'
import { program } from '../../support/roles.ts'

describe('levels', () => {
  it('count leases of a priority and above', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.integer({ min: -3, max: 3 }), fc.boolean()), { maxLength: 200 }), (steps) => {
      const levels = new Levels()
      const held: number[] = []
      for (const [priority, adds] of steps) {
        if (adds) {
          levels.add(priority)
          held.push(priority)
        } else if (held.includes(priority)) {
          levels.remove(priority)
          held.splice(held.indexOf(priority), 1)
        }
        for (let asked = -4; asked <= 4; asked++) assert.equal(levels.atLeast(asked), held.filter((one) => one >= asked).length)
      }
    }))
  })
})

describe('lease queue', () => {
  const lease = (taskId: string, priority: number): HeldLease => (
    { taskId, priority, fence: 1, digest: '', program: program(), values: [], bytes: 0, heldAt: 0, log: new LeaseLog(), taken: false, underWay: false, recalled: false, fetching: false, fetched: false, reported: false } as HeldLease)

  it('gives higher priority first, and keeps the order within one', () => {
    const queue = new LeaseQueue()
    for (const [id, priority] of [['a', 0], ['b', 0], ['c', 5], ['d', -1], ['e', 5]] as const) queue.push(lease(id, priority))
    queue.unshift(lease('f', 0))
    assert.equal(queue.length, 6)
    const order: string[] = []
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) order.push(next.taskId)
    assert.deepEqual([order.join(''), queue.length], ['cefabd', 0])
    queue.push(lease('g', -7))
    assert.equal(queue.shift()?.taskId, 'g')
  })

  it('keeps only what is picked', () => {
    const queue = new LeaseQueue()
    for (let i = 0; i < 10; i++) queue.push(lease(String(i), i % 2))
    queue.keep(({ taskId }) => Number(taskId) > 5)
    assert.equal(queue.length, 4)
    assert.deepEqual([queue.shift()?.taskId, queue.shift()?.taskId, queue.shift()?.taskId, queue.shift()?.taskId, queue.shift()], ['7', '9', '6', '8', undefined])
  })
})

describe('turns', () => {
  interface Taker { name: string, spentMs: number }
  const take = (turns: Turns<Taker>, costs: Record<string, number>, takers: Taker[], rounds: number): Record<string, number> => {
    const spent: Record<string, number> = {}
    for (const taker of takers) turns.add(taker)
    for (let i = 0; i < rounds; i++) {
      const taker = turns.next()
      assert(taker !== undefined)
      turns.add(taker)
      taker.spentMs += costs[taker.name] ?? 0
      spent[taker.name] = (spent[taker.name] ?? 0) + (costs[taker.name] ?? 0)
    }
    return spent
  }

  it('share the time, not the calls', () => {
    const turns = new Turns<Taker>()
    const [long, short] = [{ name: 'long', spentMs: 0 }, { name: 'short', spentMs: 0 }]
    const spent = take(turns, { long: 1_000, short: 1 }, [long, short], 5_000)
    assert(Math.abs((spent['long'] ?? 0) - (spent['short'] ?? 0)) <= 1_000)
  })

  it('give nothing back to who was away', () => {
    const turns = new Turns<Taker>()
    take(turns, { busy: 10 }, [{ name: 'busy', spentMs: 0 }], 1_000)
    const back = { name: 'back', spentMs: 0 }
    turns.add(back)
    assert(back.spentMs >= 9_000)
  })

  it('go round among equals', () => {
    const turns = new Turns<Taker>()
    const takers = ['a', 'b', 'c'].map((name) => ({ name, spentMs: 0 }))
    assert.deepEqual(take(turns, { a: 1, b: 1, c: 1 }, takers, 9), { a: 3, b: 3, c: 3 })
    assert.equal(new Turns<Taker>().next(), undefined)
  })
})

describe('apart', () => {
  it('keeps a peer from a second task while it holds one, and after it has delivered one', () => {
    const apart = createApart()
    apart.join('g')
    apart.took('g', 'p')
    assert(!apart.allows('g', 'p') && apart.allows('g', 'q') && apart.allows('other', 'p'))
    apart.gaveBack('g', 'p')
    assert(apart.allows('g', 'p'))
    apart.took('g', 'p')
    apart.keepApart('g', 'p')
    apart.gaveBack('g', 'p')
    assert(!apart.allows('g', 'p'))
  })

  it('remembers groups that are open, and only so many of the others', () => {
    const apart = createApart({ maxIdle: 2 })
    apart.join('open')
    apart.keepApart('open', 'p')
    apart.join('over')
    apart.keepApart('over', 'p')
    apart.leave('over')
    assert(!apart.allows('over', 'p'))
    for (const group of ['a', 'b', 'c']) apart.keepApart(group, 'p')
    assert(!apart.allows('open', 'p') && apart.allows('over', 'p') && !apart.allows('c', 'p'))
    apart.leave('unknown')
  })
})

describe('names of peers', () => {
  const known = ['12D3KooWAAAAbbbb', '12D3KooWAAAAcccc', '12D3KooWAAAAcccc']
  it('are a unique beginning or end of a known PeerId', () => {
    assert.equal(resolvePeerName('bbbb', known), known[0])
    assert.equal(resolvePeerName('AAAAcccc', known), known[1])
    for (const name of ['12D3Koo', 'dddd', 'AAAA']) assert.throws(() => resolvePeerName(name, known), { code: 'ERR_USAGE' })
  })
  it('are whole for a peer that is not known yet', () => {
    const peer = '12D3KooWF8DH1Paun5zcaGjPjjywdFcdCAUSueGC1GrXnHRiTuTX'
    assert.equal(resolvePeerName(peer, []), peer)
    assert.throws(() => resolvePeerName(peer.slice(0, -1), []), { code: 'ERR_USAGE' })
  })
})
