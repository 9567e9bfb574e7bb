import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { MAX_STREAM_PROGRAM_BYTES } from '../../../src/limits.ts'
import { Dispatcher } from '../../../src/roles/worker/dispatcher.ts'
import { LeaseLog } from '../../../src/roles/worker/lease-log.ts'
import { MAX_WORKER_BYTES } from '../../../src/roles/worker/limits.ts'
import { ServedSubmitter } from '../../../src/roles/worker/served-submitter.ts'
import { Worker } from '../../../src/roles/worker/worker.ts'
import { createPace } from '../../../src/roles/pace.ts'
import { programDigest, type Program } from '../../../src/task/program.ts'
import { FakeBlobs, FakeExecutor, FakeSubmitter, capability, linkPair, program, provisionsOf, turn, useClock } from '../../support/roles.ts'

const KiB = 1024
const MiB = 1024 * KiB

/** A program of about as many bytes. */
const large = (bytes: number): Program => program({ setup: { args: ['x'.repeat(bytes)], env: {}, stdin: { from: 'inputs' }, files: [], outputFiles: [] } })

describe('submitters that mean harm', () => {
  const clock = useClock()
  let executor: FakeExecutor
  let blobs: FakeBlobs
  let worker: Worker

  function start (maxBlobBytes?: number): void {
    executor = new FakeExecutor(4)
    blobs = new FakeBlobs()
    const can = capability({ slots: 4 })
    worker = new Worker({
      peerId: 'worker',
      executor,
      provisions: provisionsOf({ blobs }),
      blobs,
      capability: can,
      situation: () => ({ peerId: 'worker', capability: can, load: worker.load, draining: false, hasModule: true, maxModuleBytes: 1_000, allowedHosts: [], streams: worker.streams, maxStreams: 100 }),
      onStranded: () => {},
      now: clock.now,
      ...(maxBlobBytes === undefined ? {} : { maxBlobBytes }),
    })
  }

  beforeEach(() => { start() })
  afterEach(() => { worker.stop() })

  const submitter = async (peer: string): Promise<FakeSubmitter> => {
    const made = new FakeSubmitter(worker, peer)
    await turn()
    return made
  }

  async function teach (to: FakeSubmitter, ...programs: Program[]): Promise<void> {
    for (const one of programs) to.link.send({ kind: 'program', digest: programDigest(one), program: one })
    await turn()
  }

  /** Bytes of one lease more that a new submitter may have here. */
  async function room (): Promise<number> {
    const s = await submitter(randomUUID())
    let [fits, refused] = [0, MAX_WORKER_BYTES]
    while (refused - fits > 4 * MiB) {
      const bytes = Math.floor((fits + refused) / 2)
      const before = s.of('refuse').length
      const ref = s.lease(program({ inputs: [{ name: 'b', type: 'bytes' }] }), { values: [undefined], refs: [{ index: 0, blob: { cid: 'bafkreibig', size: bytes, form: 'bytes' } }] })
      await turn()
      if (s.of('refuse').length > before) refused = bytes
      else {
        fits = bytes
        s.link.send({ kind: 'cancel', ...ref })
        await turn()
      }
    }
    await s.link.close()
    await turn()
    return fits
  }

  describe('with programs', () => {
    it('take so much memory for each stream, and none when it ends', async () => {
      const s = await submitter('s1')
      const before = await room()
      await teach(s, ...Array.from({ length: 64 }, () => large(500 * KiB)))
      // What is taken counts twice: nobody may have more than it leaves.
      const taken = before - await room()
      assert.ok(taken > 0 && taken <= MAX_STREAM_PROGRAM_BYTES, String(taken))
      await s.link.close()
      await turn()
      assert.ok(before - await room() <= 4 * MiB)
    })

    it('have the one named longest ago forgotten, as the other end believes it is', async () => {
      const s = await submitter('s1')
      const all = Array.from({ length: 64 }, () => large(500 * KiB))
      await teach(s, ...all)
      const lease = (of: Program | undefined): void => { s.link.send({ kind: 'lease', taskId: randomUUID(), fence: 1, digest: programDigest(of ?? assert.fail()), leaseMs: 10_000, values: [5] }) }
      lease(all.at(-1))
      await turn()
      assert.equal(s.aborted.length, 0)
      lease(all[0])
      await turn()
      assert.equal(s.aborted.length, 1)
    })

    it('are sent away, without a mark, when there is no room for any', async () => {
      const [a, b, c] = [await submitter('a'), await submitter('b'), await submitter('c')]
      const task = program({ inputs: [{ name: 'b', type: 'bytes' }] })
      for (const [s, bytes] of [[a, 255 * MiB], [b, 127 * MiB], [c, 63 * MiB]] as const) s.lease(task, { values: [new Uint8Array(0)], refs: [{ index: 0, blob: { cid: 'bafkreibig', size: bytes, form: 'bytes' } }] })
      await turn()
      const filler: FakeSubmitter[] = []
      for (let i = 0; i < 8; i++) {
        const s = await submitter(`f${i}`)
        filler.push(s)
        await teach(s, ...Array.from({ length: 40 }, () => large(500 * KiB)))
      }
      assert.ok(filler.some(({ closed }) => closed))
      assert.ok(filler.every(({ aborted }) => aborted.length === 0))
      assert.ok([a, b, c].every(({ closed }) => !closed))
      const honest = await submitter('honest')
      honest.lease(program())
      await turn()
      assert.deepEqual([honest.closed, honest.of('refuse')], [false, []])
    })
  })

  describe('with memory', () => {
    it('leave room for others, however much they want', async () => {
      const task = program({ inputs: [{ name: 'b', type: 'bytes' }] })
      for (const peer of ['a', 'b']) {
        const s = await submitter(peer)
        for (let i = 0; i < 64; i++) s.lease(task, { values: [undefined], refs: [{ index: 0, blob: { cid: `bafkrei${i}`, size: 8 * MiB, form: 'bytes' } }] })
        await turn()
      }
      assert.ok(await room() >= 60 * MiB)
    })

    it('are refused more while they leave their results here', async () => {
      const task = program()
      const s = await submitter('a')
      s.acknowledges = false
      for (let i = 0; i < 40; i++) {
        s.lease(task)
        await turn()
        executor.calls.at(-1)?.finish({ result: new Uint8Array(60 * KiB) }, 20)
        await turn()
      }
      const before = s.of('refuse').length
      s.lease(task, { values: [new Uint8Array(MAX_WORKER_BYTES / 2 - 2 * MiB)] })
      await turn()
      assert.equal(s.of('refuse').length - before, 1)
    })
  })

  it('have their next calls wait while their large outputs would take the room of others', async () => {
    start(4 * MiB)
    const task = program()
    const a = await submitter('a')
    a.acknowledges = false
    const finish = async (bytes: number): Promise<void> => {
      executor.calls.at(-1)?.finish({ result: new Uint8Array(bytes) }, 20)
      for (let i = 0; i < 4; i++) await turn()
    }
    a.lease(task)
    await turn()
    await finish(3 * MiB)
    a.lease(task)
    await turn()
    assert.equal(executor.calls.length, 1)
    // Who leaves nothing here is not held up by it.
    const b = await submitter('b')
    b.lease(task)
    await turn()
    assert.equal(executor.calls.length, 2)
    const [result] = a.of('result')
    assert(result !== undefined)
    a.link.send({ kind: 'ack', leases: [{ taskId: result.taskId, fence: result.fence }] })
    await turn()
    assert.equal(executor.calls.length, 3)
  })

  it('cost a lease and no more when its end fails here', async () => {
    const [one, other] = [linkPair('worker', 'a'), await submitter('b')]
    const rejections: unknown[] = []
    const note = (reason: unknown): void => { rejections.push(reason) }
    process.on('unhandledRejection', note)
    try {
      let broken = false
      const { toSubmitter, toWorker } = one
      const send = toSubmitter.send.bind(toSubmitter)
      toSubmitter.send = (message) => {
        if (broken && (message.kind === 'result' || message.kind === 'refuse')) throw new Error('a fault of this node')
        send(message)
      }
      toWorker.onMessages = () => {}
      worker.attach(toSubmitter)
      const task = program()
      toWorker.send({ kind: 'program', digest: programDigest(task), program: task })
      for (let i = 0; i < 8; i++) toWorker.send({ kind: 'lease', taskId: randomUUID(), fence: 1, digest: programDigest(task), leaseMs: 10_000, values: [5] })
      await turn()
      broken = true
      for (const call of [...executor.calls]) call.finish({ result: 1 }, 20)
      for (let i = 0; i < 4; i++) await turn()
      for (const call of executor.calls.slice(4)) call.finish({ result: 1 }, 20)
      for (let i = 0; i < 4; i++) await turn()
      const before = executor.calls.length
      for (let i = 0; i < 8; i++) other.lease(task)
      await turn()
      assert.deepEqual([rejections, executor.calls.length - before >= 4], [[], true])
    } finally {
      process.off('unhandledRejection', note)
    }
  })

  it('cannot end the process by what a fetch leaves behind', async () => {
    const logged: string[] = []
    const dispatcher = new Dispatcher({
      peerId: 'worker',
      executor,
      provisions: { isComplete: () => false, fetch: () => Promise.reject(new Error('gone')), files: () => undefined },
      blobs,
      pace: createPace(),
      onEnd: () => {},
      warn: (message) => { logged.push(message) },
      now: clock.now,
    })
    const served = new ServedSubmitter('a', { onGone: () => {}, onStranded: () => {}, now: clock.now })
    const { toSubmitter } = linkPair('worker', 'a')
    toSubmitter.send = () => { throw new Error('a fault of this node') }
    served.attach(toSubmitter)
    served.held.add({ taskId: randomUUID(), fence: 1, digest: '', program: program(), values: [5], bytes: 8, priority: 0, heldAt: 0, log: new LeaseLog(), taken: false, underWay: false, recalled: false, fetching: false, fetched: false, reported: false })
    dispatcher.add(served)
    dispatcher.dispatch()
    for (let i = 0; i < 4; i++) await turn()
    assert.deepEqual([logged.length, served.fetching], [1, 0])
  })
})
