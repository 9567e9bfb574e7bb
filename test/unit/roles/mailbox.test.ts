import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { encode } from '../../../src/cbor.ts'
import { MAX_BAD_LETTERS } from '../../../src/roles/mailbox/limits.ts'
import { MAX_LETTER_BYTES, MAX_LETTER_RESULTS } from '../../../src/limits.ts'
import { LetterExchange } from '../../../src/roles/mailbox/letter-exchange.ts'
import { letterId, openLetter, sealLetter, type SealedLetter } from '../../../src/roles/mailbox/letters.ts'
import type { WorkerLink } from '../../../src/roles/link.ts'
import { createMailbox, type Mailbox } from '../../../src/roles/mailbox/mailbox.ts'
import { Outbox, type Owed } from '../../../src/roles/worker/outbox.ts'
import { MAILBOX_PROTOCOL, mailboxMessageFromWire, mailboxMessageToWire, type MailboxMessage } from '../../../src/wire/mailbox.ts'
import { letterContent, signedLetter, type LetterMessage } from '../../../src/wire/letter.ts'
import type { OutputRef } from '../../../src/wire/blobs.ts'
import type { WorkerMessage } from '../../../src/wire/messages.ts'
import { NO_USAGE } from '../../../src/task/usage.ts'
import { rejectsWith } from '../../support/rejects.ts'
import { LetterMesh, type LetterNetwork } from '../../support/letter-mesh.ts'
import { completed, FakeBlobs } from '../../support/roles.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const MiB = 1024 * 1024

/** A node with a mailbox, and a submitter that takes what it hears. */
class Party {
  readonly network: LetterNetwork
  readonly blobs = new FakeBlobs()
  readonly outbox = new Outbox()
  readonly heard: Array<{ peer: string, message: WorkerMessage }> = []
  readonly mailbox: Mailbox
  readonly dir: string
  readonly log: string[] = []
  /** Whom it owes what is in its outbox. */
  owedPeer = 'submitter'
  acknowledges = true

  constructor (mesh: LetterMesh, peerId: string, dir: string, maxBytes = 64 * MiB) {
    this.network = mesh.node(peerId)
    this.dir = dir
    this.mailbox = createMailbox({
      network: this.network,
      worker: { owedTo: (peer): Iterable<Owed> => peer === this.owedPeer ? this.outbox.results() : [] },
      submitter: { hear: (link) => { this.hear(link) } },
      blobs: this.blobs,
      log: (message) => { this.log.push(message) },
    }, { dir, maxBytes })
  }

  get results (): Array<[string, string]> {
    return this.heard.flatMap(({ peer, message }) => message.kind === 'result' ? [[peer, message.taskId] as [string, string]] : [])
  }

  owe (taskId: string = randomUUID(), outcome = completed()): string {
    this.outbox.add({ kind: 'result', taskId, fence: 1, outcome })
    return taskId
  }

  private hear (link: WorkerLink): void {
    link.onMessages = (messages) => {
      for (const message of messages) {
        this.heard.push({ peer: link.peer, message })
        if (message.kind === 'result' && this.acknowledges) link.send({ kind: 'ack', leases: [{ taskId: message.taskId, fence: message.fence }] })
      }
    }
  }
}

describe('mailbox', () => {
  const tempDir = useTempDirs()
  let mesh: LetterMesh
  let parties: Party[]
  let worker: Party
  let submitter: Party

  async function party (peerId: string, init: { maxBytes?: number, dir?: string } = {}): Promise<Party> {
    const made = new Party(mesh, peerId, init.dir ?? join(await tempDir(), 'mailbox'), init.maxBytes)
    await made.mailbox.start()
    parties.push(made)
    return made
  }

  beforeEach(async () => {
    mesh = new LetterMesh()
    parties = []
    worker = await party('worker')
    submitter = await party('submitter')
  })
  afterEach(() => { for (const { mailbox } of parties) mailbox.stop() })

  const held = (...holders: Party[]): number[] => holders.map(({ mailbox }) => mailbox.held.letters)

  /** Until what follows from what was done has happened: letters take some turns, and some of them the disk. */
  async function until (isDone: () => boolean): Promise<void> {
    while (!isDone()) await new Promise((resolve) => { setImmediate(resolve) })
  }

  /** Files go a moment after their letters. */
  async function untilEmpty (dir: string): Promise<void> {
    while ((await readdir(dir).catch(() => [])).length > 0) await new Promise((resolve) => { setImmediate(resolve) })
  }

  async function come (holder: Party): Promise<void> {
    mesh.connect(holder.network.peerId, 'submitter')
    await until(() => holder.mailbox.held.letters === 0)
  }

  describe('results for a submitter that is away', () => {
    it('wait with two peers, come when it is back, and the copies go', async () => {
      const holders = [await party('h1'), await party('h2'), await party('h3')]
      for (const { network } of holders) mesh.connect('worker', network.peerId)
      const ids = [worker.owe(), worker.owe()].sort()
      await worker.mailbox.leave('submitter')
      assert.equal(held(...holders).reduce((sum, letters) => sum + letters), 2)
      mesh.disconnect('worker', 'h1')
      for (const holder of holders) await come(holder)
      assert.deepEqual(submitter.results.map(([, id]) => id).sort(), ids)
      assert.deepEqual(submitter.results.map(([peer]) => peer), ['worker', 'worker'])
      for (const { dir } of holders) await untilEmpty(dir)
    })

    it('are left once, and with a second peer when one comes', async () => {
      const [first, second] = [await party('h1'), await party('h2')]
      mesh.connect('worker', 'h1')
      worker.owe()
      await worker.mailbox.leave('submitter')
      await worker.mailbox.leave('submitter')
      assert.deepEqual([held(first, second), worker.network.opened], [[1, 0], ['h1']])
      mesh.connect('worker', 'h2')
      await worker.mailbox.leave('submitter')
      assert.deepEqual([held(first, second), worker.network.opened], [[1, 1], ['h1', 'h2']])
    })

    it('are never left with the submitter itself, nor with a node that keeps none', async () => {
      const none = await party('h1', { maxBytes: 0 })
      mesh.connect('worker', 'h1')
      mesh.connect('worker', 'submitter')
      worker.owe()
      await worker.mailbox.leave('submitter')
      assert.deepEqual([held(none, submitter), worker.network.opened], [[0, 0], ['h1']])
      await worker.mailbox.leave('submitter')
      assert.deepEqual(worker.network.opened, ['h1'])
    })

    it('that come up while others are being left are left right behind them', async () => {
      const holder = await party('h1')
      mesh.connect('worker', 'h1')
      worker.owe()
      const leaving = worker.mailbox.leave('submitter')
      await until(() => worker.network.opened.length > 0)
      worker.owe()
      await worker.mailbox.leave('submitter')
      await leaving
      assert.deepEqual(held(holder), [2])
    })

    it('come with their large outputs', async () => {
      const holder = await party('h1')
      mesh.connect('worker', 'h1')
      const bytes = new Uint8Array(2 * MiB).fill(7)
      const { cid, size } = await worker.blobs.put(bytes)
      worker.owe(randomUUID(), { ...completed(), refs: [{ name: 'big', blob: { cid, size, form: 'bytes' } }] } as LetterMessage extends { outcome: infer O } ? O : never)
      await worker.mailbox.leave('submitter')
      await come(holder)
      const [{ message } = { message: undefined }] = submitter.heard
      assert(message?.kind === 'result' && message.outcome.ok && message.outcome.refs === undefined)
      assert.deepEqual([message.outcome.outputs.result, message.outcome.outputs.big], [120, bytes])
    })

    it('share letters while they are small, and stay with the worker when they are too large', async () => {
      const holder = await party('h1')
      mesh.connect('worker', 'h1')
      for (let i = 0; i < MAX_LETTER_RESULTS + 1; i++) worker.owe()
      worker.owe(randomUUID(), completed(new Uint8Array(MAX_LETTER_BYTES + 1)))
      worker.owe(randomUUID(), completed(new Uint8Array(MAX_LETTER_BYTES - 100)))
      await worker.mailbox.leave('submitter')
      assert.deepEqual(held(holder), [2])
      await come(holder)
      assert.equal(submitter.results.length, MAX_LETTER_RESULTS + 1)
    })

    it('are not left a second time by a worker that was started anew', async () => {
      const holder = await party('h1')
      mesh.connect('worker', 'h1')
      const ids = [worker.owe(), worker.owe(), worker.owe()]
      await worker.mailbox.leave('submitter')
      const again = await party('worker')
      for (const id of ids.toReversed()) again.owe(id)
      await again.mailbox.leave('submitter')
      assert.deepEqual(held(holder), [1])
    })

    it('come at once when their submitter is connected to the holder and not to the worker', async () => {
      const holder = await party('h1')
      mesh.connect('worker', 'h1')
      mesh.connect('submitter', 'h1')
      const id = worker.owe()
      await worker.mailbox.leave('submitter')
      await until(() => submitter.results.length > 0 && holder.mailbox.held.letters === 0)
      assert.deepEqual(submitter.results, [['worker', id]])
    })

    it('stay with the holder while the submitter cannot keep them', async () => {
      const holder = await party('h1')
      mesh.connect('worker', 'h1')
      worker.owe()
      await worker.mailbox.leave('submitter')
      submitter.acknowledges = false
      mesh.connect('h1', 'submitter')
      await until(() => submitter.heard.length === 1)
      mesh.disconnect('h1', 'submitter')
      for (const channel of submitter.network.channels) channel.abort(new Error('cut'))
      await until(() => holder.log.length > 0)
      assert.deepEqual(held(holder), [1])
      submitter.acknowledges = true
      await come(holder)
      assert.equal(submitter.results.length, 2)
    })
  })

  describe('a holder', () => {
    it('has its letters after a restart, and none that are damaged', async () => {
      const dir = join(await tempDir(), 'mailbox')
      const before = await party('h1', { dir })
      mesh.connect('worker', 'h1')
      const ids: string[] = []
      for (let i = 0; i < 5; i++) {
        for (const { message } of [...worker.outbox.results()]) worker.outbox.acknowledged(message)
        ids.push(worker.owe())
        await worker.mailbox.leave('submitter')
      }
      before.mailbox.stop()
      assert.deepEqual(held(before), [5])
      const [cut, torn, garbage] = (await readdir(dir)).map((name) => join(dir, name))
      assert(cut !== undefined && torn !== undefined && garbage !== undefined)
      await truncate(cut, 100)
      await truncate(torn, 1)
      await writeFile(garbage, Buffer.alloc(500, 255))
      await writeFile(join(dir, 'other'), '')
      await writeFile(join(dir, `${'a'.repeat(64)}.partial`), 'x')
      const after = await party('h1', { dir })
      assert.deepEqual(held(after), [2])
      assert.equal((await readdir(dir)).length, 2)
      await come(after)
      assert.equal(submitter.results.length, 2)
      for (const [, id] of submitter.results) assert(ids.includes(id))
    })

    it('drops what was changed on its disk', async () => {
      const holder = await party('h1')
      mesh.connect('worker', 'h1')
      worker.owe()
      await worker.mailbox.leave('submitter')
      const [name] = await readdir(holder.dir)
      const path = join(holder.dir, name ?? '')
      const bytes = await readFile(path)
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
      await writeFile(path, bytes)
      await come(holder)
      assert.deepEqual(submitter.results, [])
      await untilEmpty(holder.dir)
    })

    it('drops what has expired, also over a restart', async () => {
      const holder = await party('h1')
      mesh.connect('worker', 'h1')
      const sealed = await letterOf()
      assert.deepEqual((await offer('worker', 'h1', depositOf(sealed, { ttlMs: 1_000 }), sealed)).at(-1), { kind: 'done' })
      assert.deepEqual(held(holder), [1])
      const realNow = Date.now
      try {
        Date.now = () => realNow() + 2_000
        const after = await party('h1', { dir: holder.dir })
        assert.deepEqual(held(after), [0])
      } finally {
        Date.now = realNow
      }
    })

    it('holds no more than it has space for, and a quarter of that for one recipient or of one depositor', async () => {
      const holder = await party('h1', { maxBytes: 400_000 })
      mesh.connect('worker', 'h1')
      const answers: Array<string | undefined> = []
      for (const recipient of ['submitter', 'another', 'third']) {
        const sealed = await letterOf({ bytes: 40_000 })
        answers.push((await offer('worker', 'h1', depositOf(sealed, { recipient, label: letterId(sealed.bytes) }), sealed)).at(-1)?.kind)
      }
      assert.deepEqual([answers, held(holder)], [['done', 'done', 'refused'], [2]])
      const larger = await letterOf({ bytes: 100_001 })
      assert.equal((await offer('submitter', 'h1', depositOf(larger, { recipient: 'nobody' }), larger)).at(-1)?.kind, 'refused')
    })
  })

  /** A letter that `worker` could have written. */
  async function letterOf ({ from = worker, to = 'submitter', bytes = 0, taskId = randomUUID() as string }: { from?: Party, to?: string, bytes?: number, taskId?: string } = {}): Promise<SealedLetter> {
    return await sealLetter(to, [{ kind: 'result', taskId, fence: 1, outcome: completed(new Uint8Array(bytes)) }], from)
  }

  const depositOf = ({ id, bytes }: SealedLetter, overrides: Partial<Extract<MailboxMessage, { kind: 'deposit' }>> = {}): MailboxMessage =>
    ({ kind: 'deposit', recipient: 'submitter', label: 'ab'.repeat(32), id, size: bytes.length, ttlMs: 60_000, ...overrides })

  const letterMessage = ({ id, bytes }: SealedLetter): MailboxMessage => ({ kind: 'letter', id, size: bytes.length })

  /** Says something to a mailbox, sends a letter when it is asked to, and gives the answers. */
  async function offer (from: string, to: string, first: MailboxMessage, { bytes }: { bytes: Uint8Array }): Promise<MailboxMessage[]> {
    if (!mesh.areConnected(from, to)) mesh.connect(from, to)
    const network = mesh.nodes.get(from)
    assert(network !== undefined)
    const exchange = new LetterExchange(await network.open(to, MAILBOX_PROTOCOL))
    exchange.send(first)
    const answers: MailboxMessage[] = []
    try {
      answers.push(await exchange.next())
      if (answers[0]?.kind !== 'go') return answers
      exchange.sendBytes(bytes)
      answers.push(await exchange.next())
      await exchange.close()
    } catch {
      // The other side ended it.
    }
    return answers
  }

  describe('letters that nobody should believe', () => {
    it('are those that are not sealed for this node, not signed by whom they name, or written to somebody else', async () => {
      const liar = await party('liar')
      const result: LetterMessage = { kind: 'result', taskId: randomUUID(), fence: 1, outcome: completed() }
      const sealedOf = async (content: Uint8Array, signature: Uint8Array, to = 'submitter'): Promise<SealedLetter> => {
        const bytes = await liar.network.seal(to, signedLetter(content, signature))
        return { id: letterId(bytes), bytes }
      }
      const forged = letterContent({ worker: 'worker', recipient: 'submitter', messages: [result], blobs: [] })
      const elsewhere = letterContent({ worker: 'worker', recipient: 'somebody', messages: [result], blobs: [] })
      const named: LetterMessage = { ...result, outcome: { ...completed(), refs: [{ name: 'big', blob: { cid: 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy', size: 2, form: 'bytes' } }] } as typeof result.outcome }
      const lacking = letterContent({ worker: 'liar', recipient: 'submitter', messages: [named], blobs: [] })
      const letters = [
        await sealedOf(forged, await liar.network.sign('letter', forged)),
        await sealedOf(forged, new Uint8Array(64)),
        await sealedOf(elsewhere, await worker.network.sign('letter', elsewhere)),
        await sealedOf(forged, await worker.network.sign('letter', forged), 'somebody'),
        await sealedOf(lacking, await liar.network.sign('letter', lacking)),
        { id: letterId(Buffer.from('for submitter:\xff')), bytes: Buffer.from('for submitter:\xff') },
        { id: letterId(Buffer.alloc(9)), bytes: Buffer.alloc(9) },
      ]
      for (const letter of letters) assert.deepEqual((await offer('liar', 'submitter', letterMessage(letter), letter)).map(({ kind }) => kind), ['go', 'done'])
      assert.deepEqual([submitter.heard, submitter.network.penalties], [[], []])
    })

    it('are those whose outputs become more than their bytes are', async () => {
      const liar = await party('liar')
      const large = encode(Array.from({ length: 600_000 }, () => []))
      const refOf = async (bytes: Uint8Array, name: string, size = bytes.length): Promise<OutputRef> => ({ name, blob: { cid: (await liar.blobs.put(bytes)).cid, size, form: 'value' } })
      const resultOf = (...refs: OutputRef[]): LetterMessage => ({ kind: 'result', taskId: randomUUID(), fence: 1, outcome: { ok: true, outputs: {}, usage: NO_USAGE, logs: '', refs } })
      const one = await refOf(large, 'a')
      const bombs: Array<[LetterMessage[], Uint8Array[]]> = [
        // The same bytes for many results, and for many outputs of one; each within bounds, and all of them not; a size that is a lie.
        [Array.from({ length: MAX_LETTER_RESULTS }, () => resultOf(one)), [large]],
        [[resultOf(one, await refOf(large, 'b'))], [large]],
        [Array.from({ length: 3 }, () => resultOf(one)), [large, large, large]],
        [[resultOf(await refOf(Uint8Array.of(1), 'a', 2))], [Uint8Array.of(1)]],
      ]
      for (const [messages, blobs] of bombs) {
        const content = letterContent({ worker: 'liar', recipient: 'submitter', messages, blobs })
        const bytes = await liar.network.seal('submitter', signedLetter(content, await liar.network.sign('letter', content)))
        await rejectsWith('ERR_PROTOCOL', openLetter(bytes, submitter.network))
      }
    })

    it('may be brought by anybody when they are good, and once', async () => {
      const other = await party('other')
      const letter = await letterOf()
      assert.deepEqual((await offer('other', 'submitter', letterMessage(letter), letter)).map(({ kind }) => kind), ['go', 'done'])
      assert.deepEqual((await offer('other', 'submitter', letterMessage(letter), letter)).map(({ kind }) => kind), ['done'])
      assert.deepEqual(submitter.results.map(([peer]) => peer), ['worker'])
      assert.equal(other.network.penalties.length, 0)
    })

    it('are not taken any more of a holder that had many', async () => {
      await party('liar')
      for (let i = 0; i < MAX_BAD_LETTERS; i++) {
        const bytes = Buffer.from(`garbage ${i}`)
        await offer('liar', 'submitter', letterMessage({ id: letterId(bytes), bytes }), { bytes })
      }
      const good = await letterOf()
      assert.deepEqual((await offer('liar', 'submitter', letterMessage(good), good)).map(({ kind }) => kind), ['refused'])
      await party('h1')
      assert.deepEqual((await offer('h1', 'submitter', letterMessage(good), good)).map(({ kind }) => kind), ['go', 'done'])
    })
  })

  describe('a deposit', () => {
    it('of other bytes than its id names is a breach of the rules', async () => {
      const holder = await party('h1')
      const letter = await letterOf()
      const other = Buffer.alloc(letter.bytes.length)
      assert.deepEqual((await offer('worker', 'h1', depositOf(letter), { bytes: other })).map(({ kind }) => kind), ['go'])
      assert.deepEqual([held(holder), holder.network.penalties.map(({ peer }) => peer)], [[0], ['worker']])
      assert.deepEqual((await offer('worker', 'h1', depositOf(letter), letter)).map(({ kind }) => kind), ['go', 'done'])
    })

    it('does not stand in the way of the same letter of another depositor', async () => {
      const holder = await party('h1')
      const letter = await letterOf()
      await offer('submitter', 'h1', depositOf(letter, { recipient: 'nobody', ttlMs: 1_000 }), letter)
      assert.deepEqual((await offer('worker', 'h1', depositOf(letter, { recipient: 'nobody' }), letter)).map(({ kind }) => kind), ['go', 'done'])
      assert.deepEqual(held(holder), [2])
    })

    it('of a depositor that stalls leaves room for those of others', async () => {
      const holder = await party('h1')
      mesh.connect('worker', 'h1')
      const answers: string[] = []
      for (let i = 0; i < 4; i++) {
        const channel = await worker.network.open('h1', MAILBOX_PROTOCOL)
        const answered = new Promise<void>((resolve) => {
          channel.onMessages = ([raw]) => {
            answers.push(mailboxMessageFromWire(raw).kind)
            resolve()
          }
        })
        channel.send(mailboxMessageToWire({ kind: 'deposit', recipient: `nobody ${i}`, label: `${i}d`.repeat(32), id: 'ef'.repeat(32), size: MAX_LETTER_BYTES, ttlMs: 60_000 }))
        await answered
      }
      assert.deepEqual(answers, ['go', 'go', 'refused', 'refused'])
      const letter = await letterOf()
      assert.deepEqual((await offer('submitter', 'h1', depositOf(letter, { recipient: 'nobody' }), letter)).map(({ kind }) => kind), ['go', 'done'])
      assert.deepEqual(held(holder), [3])
    })

    it('of garbage, many times, does not keep the letters of others from their recipient', async () => {
      const holder = await party('h1')
      const liar = await party('liar')
      assert.equal(liar.network.peerId, 'liar')
      for (let i = 0; i < 2 * MAX_BAD_LETTERS; i++) {
        const bytes = Buffer.from(`garbage ${i}`)
        await offer('liar', 'h1', depositOf({ id: letterId(bytes), bytes }, { label: letterId(bytes) }), { bytes })
      }
      const letter = await letterOf()
      await offer('worker', 'h1', depositOf(letter), letter)
      assert.deepEqual(held(holder), [2 * MAX_BAD_LETTERS + 1])
      mesh.connect('h1', 'submitter')
      await until(() => submitter.results.length > 0)
    })

    it('frees what it took when it breaks off', async () => {
      const holder = await party('h1', { maxBytes: 4 * MAX_LETTER_BYTES })
      mesh.connect('worker', 'h1')
      for (let i = 0; i < 10; i++) {
        const channel = await worker.network.open('h1', MAILBOX_PROTOCOL)
        const asked = new Promise<void>((resolve) => { channel.onMessages = () => { resolve() } })
        channel.send(mailboxMessageToWire({ kind: 'deposit', recipient: 'nobody', label: 'cd'.repeat(32), id: 'ef'.repeat(32), size: MAX_LETTER_BYTES, ttlMs: 60_000 }))
        await asked
        assert.deepEqual([held(holder), holder.mailbox.held.bytes], [[1], MAX_LETTER_BYTES])
        channel.abort(new Error('gone'))
        await until(() => holder.mailbox.held.letters === 0)
      }
    })
  })

  describe('a peer that breaks the rules', () => {
    const hostile: Array<[string, unknown[][]]> = [
      ['an unknown kind', [[99]]],
      ['no message', [[]]],
      ['an answer to nothing', [[17]]],
      ['bytes that nobody asked for', [[2, new Uint8Array(10)]]],
      ['another version', [[0, 2, 'submitter', Buffer.alloc(32), Buffer.alloc(32), 10, 10]]],
      ['a letter of another version', [[1, 9, Buffer.alloc(32), 10]]],
      ['a letter that is too large', [[1, 1, Buffer.alloc(32), MAX_LETTER_BYTES + 1]]],
      ['a deposit that is too large', [[0, 1, 'x', Buffer.alloc(32), Buffer.alloc(32), MAX_LETTER_BYTES + 1, 10]]],
      ['a deposit of nothing', [[0, 1, 'x', Buffer.alloc(32), Buffer.alloc(32), 0, 10]]],
      ['a deposit for ever', [[0, 1, 'x', Buffer.alloc(32), Buffer.alloc(32), 10, 2 ** 40]]],
      ['a recipient that is no text', [[0, 1, 5, Buffer.alloc(32), Buffer.alloc(32), 10, 10]]],
      ['an id that is short', [[1, 1, Buffer.alloc(31), 10]]],
      ['more bytes than it said', [[1, 1, Buffer.alloc(32), 10], [2, Buffer.alloc(11)]]],
      ['a piece that is too large', [[1, 1, Buffer.alloc(32), MiB], [2, Buffer.alloc(MiB)]]],
      ['a flood', Array.from({ length: 10 }, () => [1, 1, Buffer.alloc(32), 10])],
    ]
    for (const [name, messages] of hostile) {
      it(`with ${name} is marked, and its stream ends`, async () => {
        const liar = await party('liar')
        mesh.connect('liar', 'submitter')
        const channel = await liar.network.open('submitter', MAILBOX_PROTOCOL)
        const closed = new Promise<void>((resolve) => { channel.onClose = () => { resolve() } })
        for (const message of messages) channel.send(message)
        await closed
        await until(() => submitter.network.penalties.length > 0)
        assert.deepEqual([submitter.network.penalties.map(({ peer }) => peer), submitter.heard], [['liar'], []])
      })
    }
  })
})
