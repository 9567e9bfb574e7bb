import assert from 'node:assert/strict'
import { MAX_OFFERS_PER_PEER, OFFER_REPEAT_MAX_MS, OFFER_REPEAT_MIN_MS, OFFER_TTL_MS } from '../../../src/limits.ts'
import { createAnnouncer, type Announcer, type AnnouncerComponents } from '../../../src/roles/offers/announcer.ts'
import { createBacklog, type Batch } from '../../../src/roles/submitter/backlog.ts'
import { openTask } from '../../../src/roles/submitter/open-task.ts'
import { programDigest } from '../../../src/task/program.ts'
import type { Offer } from '../../../src/wire/offer.ts'
import { program, turn, useClock } from '../../support/roles.ts'

describe('announcer', () => {
  const clock = useClock()
  let published: Offer[]
  let searches: number
  let log: string[]
  let announcer: Announcer

  function make (more: Partial<AnnouncerComponents> = {}): void {
    published = []
    searches = 0
    log = []
    announcer = createAnnouncer({
      publish: async (offer) => { published.push(offer) },
      audience: () => 100,
      addresses: () => ['/ip4/10.0.0.1/tcp/1'],
      searchWorkers: async () => { searches++ },
      log: (message) => { log.push(message) },
      now: clock.now,
      ...more,
    })
  }

  /** A batch with as many waiting tasks. */
  function batchOf (tasks: number): Batch {
    const backlog = createBacklog()
    const task = program()
    const batch = backlog.batch(programDigest(task), task)
    for (let i = 0; i < tasks; i++) backlog.push(openTask({ id: `${i}`, program: task, values: [] }, batch, 0))
    return batch
  }

  async function pass (ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 250) {
      clock.tick(Math.min(250, left))
      await turn()
    }
  }

  beforeEach(() => { make() })

  it('offers at once what waits, and says what it needs', async () => {
    const batch = batchOf(3)
    announcer.update([batch])
    await turn()
    const [offer] = published
    assert.deepEqual(offer, {
      digest: batch.digest,
      tasks: 3,
      cid: 'bafkreifake',
      moduleBytes: 100,
      memoryLimitBytes: 0,
      networking: false,
      fileSystem: false,
      chance: 0.12,
      addresses: ['/ip4/10.0.0.1/tcp/1'],
      issuedAtMs: Date.now(),
      ttlMs: OFFER_TTL_MS,
    })
  })

  it('repeats with back-off, and makes an answer likelier each time', async () => {
    announcer.update([batchOf(1)])
    const at: number[] = []
    const before = Date.now()
    await turn()
    await pass(40_000)
    for (const { issuedAtMs } of published) at.push(issuedAtMs - before)
    assert.deepEqual(at.slice(0, 7), [0, 500, 1_500, 3_500, 7_500, 15_500, 25_500])
    assert.equal((at[7] ?? 0) - (at[6] ?? 0), OFFER_REPEAT_MAX_MS)
    assert.deepEqual(published.slice(0, 4).map(({ chance }) => chance), [0.04, 0.12, 0.36, 1])
  })

  it('asks the DHT for workers after the first repeat in vain, and one search at a time', async () => {
    let end = (): void => {}
    make({ searchWorkers: () => { searches++; return new Promise((resolve) => { end = resolve }) } })
    announcer.update([batchOf(1), batchOf(1)])
    await turn()
    assert.equal(searches, 0)
    await pass(5_000)
    assert.equal(searches, 1)
    end()
    await pass(5_000)
    assert.equal(searches, 2)
  })

  it('survives a search and a publication that fail', async () => {
    make({ searchWorkers: async () => { throw new Error('no DHT') } })
    announcer.update([batchOf(1)])
    await pass(2_000)
    assert(log.length > 0)
    make({ publish: async () => { throw new Error('no gossip') } })
    announcer.update([batchOf(1)])
    await pass(2_000)
    assert(log.length > 0)
  })

  it('offers the same program for each placement, higher priority first, and says when next', async () => {
    const backlog = createBacklog()
    const task = program()
    const placements = [{ priority: 0 }, { priority: 5, require: { gpu: 'yes' } }, { priority: 0, on: 'w' }]
    const batches = placements.map((placement, i) => {
      const batch = backlog.batch(programDigest(task), task, placement)
      backlog.push(openTask({ id: `${i}`, program: task, values: [], policy: placement }, batch, 0))
      return batch
    })
    const only: unknown[] = []
    make({ searchWorkers: async (peer) => { only.push(peer) } })
    announcer.update(batches)
    await turn()
    assert.deepEqual(published.map(({ placement, digest }) => [placement?.priority, placement?.require, placement?.on, digest === batches[0]?.digest]),
      [[5, { gpu: 'yes' }, undefined, true], [undefined, undefined, undefined, true], [0, undefined, 'w', true]])
    // One peer can answer what is for it alone, and fewer have a label than have none.
    assert.deepEqual(published.map(({ chance }) => chance), [0.4, 0.04, 1])
    assert.equal(announcer.nextOfferAt(batches[0]?.key ?? ''), clock.now() + OFFER_REPEAT_MIN_MS)
    assert.equal(announcer.nextOfferAt('unknown'), undefined)
    announcer.update([batches[2] ?? assert.fail()])
    await pass(5_000)
    assert.deepEqual([...new Set(only)], ['w'])
  })

  it('stops offering what no longer waits, also while it is being published', async () => {
    let publishedNow = (): void => {}
    make({ publish: (offer) => { published.push(offer); return new Promise((resolve) => { publishedNow = resolve }) } })
    announcer.update([batchOf(1)])
    assert.equal(announcer.current().length, 1)
    await pass(OFFER_REPEAT_MIN_MS)
    announcer.update([])
    publishedNow()
    await pass(60_000)
    assert.deepEqual([published.length, searches, announcer.current().length], [2, 0, 0])
  })

  it('makes no storm of tasks that come and go', async () => {
    const batch = batchOf(1)
    for (let i = 0; i < 1_000; i++) {
      announcer.update([batch])
      announcer.update([])
      clock.tick(1)
    }
    await turn()
    assert.equal(published.length, 2)
    announcer.update([batch])
    await pass(OFFER_REPEAT_MIN_MS / 2)
    assert.equal(published.length, 3)
  })

  it('offers only so many programs at a time, and every one in turn', async () => {
    const batches = Array.from({ length: MAX_OFFERS_PER_PEER * 2 }, () => batchOf(1))
    announcer.update(batches)
    await turn()
    assert.equal(published.length, MAX_OFFERS_PER_PEER)
    for (let i = 0; i < 40; i++) {
      await pass(500)
      announcer.update(batches)
      assert.equal(announcer.current().length, MAX_OFFERS_PER_PEER)
    }
    assert.equal(new Set(published.map(({ digest }) => digest)).size, batches.length)
  })

  it('is quiet after stop', async () => {
    announcer.update([batchOf(1)])
    await turn()
    announcer.stop()
    announcer.update([batchOf(1)])
    await pass(60_000)
    assert.deepEqual([published.length, announcer.current().length], [1, 0])
  })
})
