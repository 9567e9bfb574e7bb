/** Fakes for the tests of the roles: links without sockets, an executor and a retriever that do as the test says, a clock. */
import { NO_USAGE } from '../../src/task/usage.ts'
import { randomUUID } from 'node:crypto'
import { mock } from 'node:test'
import { CorebrumError } from '../../src/errors.ts'
import type { Call, CallResult, Executor, RunOptions } from '../../src/executor/executor.ts'
import type { RetrieveOptions, Retriever } from '../../src/modules/modules.ts'
import type { Channel, Verdict } from '../../src/network/network.ts'
import { localLink, type SubmitterLink, type WorkerLink } from '../../src/roles/link.ts'
import { createProvisions, type Provisions } from '../../src/roles/worker/provisions.ts'
import { programDigest, type ModuleRef, type Program } from '../../src/task/program.ts'
import type { Value } from '../../src/task/values.ts'
import type { ValueRef } from '../../src/wire/blobs.ts'
import type { Capability } from '../../src/wire/capability.ts'
import type { LeaseRef, Outcome, SubmitterMessage, WorkerMessage } from '../../src/wire/messages.ts'
import type { Offer } from '../../src/wire/offer.ts'
import { FakeBlobs } from './fake-blobs.ts'
import { FakeMesh, FakeNetwork } from './fake-network.ts'

export { FakeBlobs }

/** After all that follows from what was just done has happened. */
export function turn (): Promise<void> {
  return new Promise((resolve) => { setImmediate(resolve) })
}

/** Monotonic time and timers that move only when the test says so. Call within `describe`. */
export function useClock (): { now: () => number, tick: (ms: number) => void } {
  let ms = 0
  beforeEach(() => {
    ms = 1_000
    mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: 1_700_000_000_000 })
  })
  afterEach(() => { mock.timers.reset() })
  return {
    now: () => ms,
    tick (by) {
      // In steps, as timers of the real world fire between others.
      for (let left = by; left > 0; left -= 25) {
        const step = Math.min(25, left)
        ms += step
        mock.timers.tick(step)
      }
    },
  }
}

let programs = 0

/** A program of its own digest, unless `name` says otherwise. */
export function program (overrides: Partial<Program> = {}): Program {
  return {
    name: `program-${programs++}`,
    module: { cid: 'bafkreifake', size: 100, urls: [] },
    inputs: [{ name: 'number', type: 'integer' }],
    outputs: [{ name: 'result', type: 'integer' }],
    timeLimitMs: 60_000,
    grants: { networking: false, fileSystem: false },
    ...overrides,
  }
}

export function capability (overrides: Partial<Capability> = {}): Capability {
  return { engine: 'v8', features: [], memoryLimitBytes: 512 * 1024 * 1024, slots: 2, ...overrides }
}

export function offerOf (overrides: Partial<Offer> = {}): Offer {
  return {
    digest: 'ab'.repeat(32),
    tasks: 1,
    cid: 'bafkreifake',
    moduleBytes: 100,
    memoryLimitBytes: 0,
    networking: false,
    fileSystem: false,
    chance: 1,
    addresses: ['/ip4/10.0.0.1/tcp/4001'],
    issuedAtMs: 1,
    ttlMs: 60_000,
    ...overrides,
  }
}

export const completed = (result: Value = 120, wallMs = 1): Outcome => ({ ok: true, outputs: { result }, usage: { ...NO_USAGE, wallMs }, logs: '' })

/** Both ends of a work stream between two nodes. `aborted` holds what either end was aborted with. */
export function linkPair (workerPeer: string, submitterPeer: string): { toWorker: WorkerLink, toSubmitter: SubmitterLink, aborted: Error[] } {
  const { toWorker, toSubmitter } = localLink('')
  const aborted: Error[] = []
  for (const link of [toWorker, toSubmitter]) {
    const abort = link.abort.bind(link)
    Object.assign(link, { local: false, abort: (error: Error) => { aborted.push(error); abort(error) } })
  }
  Object.assign(toWorker, { peer: workerPeer })
  Object.assign(toSubmitter, { peer: submitterPeer })
  return { toWorker, toSubmitter, aborted }
}

type Attach<L> = { attach (link: L): void }
type LeaseMessage = Extract<SubmitterMessage, { kind: 'lease' }>

/** A worker as a submitter under test meets it: it does only what the test says. */
export class FakeWorker {
  readonly peer: string
  readonly link: SubmitterLink
  readonly received: SubmitterMessage[] = []
  closed = false
  /** Called with each lease. */
  onLease?: (lease: LeaseMessage) => void

  constructor (submitter: Attach<WorkerLink>, peer: string, { slots = 2, window = 2, memoryLimitBytes, silent = false, local = false }: { slots?: number, window?: number, memoryLimitBytes?: number, silent?: boolean, local?: boolean } = {}) {
    this.peer = peer
    const { toWorker, toSubmitter } = linkPair(peer, 'submitter')
    if (local) Object.assign(toWorker, { local })
    this.link = toSubmitter
    this.link.onMessages = (messages) => {
      for (const message of messages) {
        this.received.push(message)
        if (message.kind === 'lease') this.onLease?.(message)
      }
    }
    this.link.onClose = () => { this.closed = true }
    submitter.attach(toWorker)
    if (silent) return
    this.link.send({ kind: 'hello', capability: capability({ slots, ...(memoryLimitBytes === undefined ? {} : { memoryLimitBytes }) }) })
    this.link.send({ kind: 'claim', slots: window })
  }

  get leases (): LeaseMessage[] {
    return this.received.filter((message): message is LeaseMessage => message.kind === 'lease')
  }

  refs (kind: 'ack' | 'cancel'): LeaseRef[] {
    return this.received.flatMap((message) => {
      if (message.kind === 'ack' && kind === 'ack') return message.leases
      return message.kind === 'cancel' && kind === 'cancel' ? [{ taskId: message.taskId, fence: message.fence }] : []
    })
  }

  send (message: WorkerMessage): void {
    this.link.send(message)
  }

  result ({ taskId, fence }: LeaseRef, outcome: Outcome = completed()): void {
    this.send({ kind: 'result', taskId, fence, outcome })
  }
}

/** A submitter as a worker under test meets it. */
export class FakeSubmitter {
  readonly peer: string
  readonly link: WorkerLink
  readonly aborted: Error[]
  readonly received: WorkerMessage[] = []
  closed = false
  acknowledges = true
  /** Bytes that its stream holds and it has not read. */
  unread = 0
  private readonly sent = new Set<string>()

  constructor (worker: Attach<SubmitterLink>, peer: string) {
    this.peer = peer
    const { toWorker, toSubmitter, aborted } = linkPair('worker', peer)
    this.link = toWorker
    this.aborted = aborted
    Object.defineProperty(toSubmitter, 'bufferedBytes', { get: () => this.unread })
    this.link.onMessages = (messages) => {
      for (const message of messages) {
        this.received.push(message)
        if (message.kind === 'result' && this.acknowledges) this.link.send({ kind: 'ack', leases: [{ taskId: message.taskId, fence: message.fence }] })
      }
    }
    this.link.onClose = () => { this.closed = true }
    worker.attach(toSubmitter)
  }

  of<K extends WorkerMessage['kind']> (kind: K): Array<Extract<WorkerMessage, { kind: K }>> {
    return this.received.filter((message): message is Extract<WorkerMessage, { kind: K }> => message.kind === kind)
  }

  /** The window that the worker claimed last. */
  get window (): number | undefined {
    return this.of('claim').at(-1)?.slots
  }

  lease (task: Program, { taskId = randomUUID(), fence = 1, values = [5], refs }: { taskId?: string, fence?: number, values?: Array<Value | undefined>, refs?: ValueRef[] } = {}): LeaseRef {
    const digest = programDigest(task)
    if (!this.sent.has(digest)) this.link.send({ kind: 'program', digest, program: task })
    this.sent.add(digest)
    this.link.send({ kind: 'lease', taskId, fence, digest, leaseMs: 10_000, values, ...(refs === undefined ? {} : { refs }) })
    return { taskId, fence }
  }
}

export interface FakeCall extends Call {
  /** Aborted when the call is cancelled. */
  readonly signal: AbortSignal
  start (): void
  log (text: string): void
  finish (outputs?: Record<string, Value>, wallMs?: number): void
  fail (error: Error): void
}

/** Runs nothing by itself: the test begins and ends the calls. */
export class FakeExecutor implements Executor {
  readonly slots: number
  readonly calls: FakeCall[] = []
  load = 0

  constructor (slots = 2) {
    this.slots = slots
  }

  async start (): Promise<void> {}
  async stop (): Promise<void> {}

  run (call: Call, { onCancellable, onLog, onStart }: RunOptions = {}): Promise<CallResult> {
    return new Promise((resolve, reject) => {
      const usage = { wallMs: 1_000, memoryBytes: 0, cpuMs: 0, moduleBytes: 0, fileBytes: 0 }
      const controller = new AbortController()
      onCancellable?.(() => {
        controller.abort()
        reject(new CorebrumError('ERR_CANCELLED', 'the call was cancelled'))
      })
      this.calls.push({
        ...call,
        signal: controller.signal,
        start: () => { onStart?.() },
        log: (text) => { onLog?.(text) },
        finish: (outputs = { result: 120 }, wallMs = usage.wallMs) => { resolve({ outputs, logs: '', usage: { ...usage, wallMs } }) },
        fail: reject,
      })
    })
  }
}

/** Fetches nothing by itself: `has` says what is there, and the test ends the fetches. */
export class FakeRetriever implements Retriever {
  readonly fetches: Array<{ module: ModuleRef, options: RetrieveOptions, done: () => void, fail: (error: Error) => void }> = []

  ensure (module: ModuleRef, options: RetrieveOptions = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      options.signal?.addEventListener('abort', () => { reject(new CorebrumError('ERR_CANCELLED', 'the fetch was cancelled')) }, { once: true })
      this.fetches.push({ module, options, done: resolve, fail: reject })
    })
  }
}

/** What a worker gets for its leases: `has` says which modules and files are here. */
export function provisionsOf ({ retriever = new FakeRetriever(), blobs = new FakeBlobs(), has = () => true }: { retriever?: Retriever, blobs?: FakeBlobs, has?: (cid: string) => boolean } = {}): Provisions {
  return createProvisions({ store: { has, read: async (cid) => new TextEncoder().encode(cid) }, retriever, fetcher: blobs })
}

/** One end of a message stream that nothing is behind: what is sent can be read, and what comes is given by the test. */
export class FakeChannel implements Channel {
  readonly peer: string
  readonly sent: unknown[] = []
  readonly bufferedBytes = 0
  closed = false
  aborted?: Error
  onMessages?: (messages: unknown[]) => void
  onClose?: (error?: Error) => void

  constructor (peer: string) {
    this.peer = peer
  }

  send (message: unknown): void {
    this.sent.push(message)
  }

  async close (): Promise<void> {
    if (this.closed) return
    this.closed = true
    this.onClose?.()
  }

  abort (error: Error): void {
    this.aborted = error
    this.closed = true
    this.onClose?.(error)
  }
}

/** A network whose streams are FakeChannels and whose gossip and connections are what the test says. */
export class RoleNetwork extends FakeNetwork {
  /** Streams that were asked for; the test lets each be opened or fail. */
  readonly dials: Array<{ peer: string, open: () => FakeChannel, fail: () => void }> = []
  readonly published: Uint8Array[] = []
  readonly learned: string[] = []
  readonly served = new Map<string, (channel: Channel) => void>()
  failPublish = false
  gossip?: { validate: (bytes: Uint8Array, author: string) => Verdict, deliver: (bytes: Uint8Array, author: string) => void }
  #onPeer: Array<(event: { peer: string, connected: boolean }) => void> = []

  constructor (peerId = 'self') {
    super(new FakeMesh(), peerId)
  }

  connected (peer: string): void {
    for (const listener of this.#onPeer) listener({ peer, connected: true })
  }

  override onPeer (listener?: (event: { peer: string, connected: boolean }) => void): void {
    if (listener !== undefined) this.#onPeer.push(listener)
  }

  override learn (peer?: string): void {
    if (peer !== undefined) this.learned.push(peer)
  }

  override open (peer: string): Promise<Channel> {
    return new Promise((resolve, reject) => {
      this.dials.push({
        peer,
        open: () => {
          const channel = new FakeChannel(peer)
          resolve(channel)
          return channel
        },
        fail: () => { reject(new CorebrumError('ERR_DIAL', `no route to ${peer}`)) },
      })
    })
  }

  override async serve (protocol?: string, handler?: (channel: Channel) => void): Promise<void> {
    if (protocol !== undefined && handler !== undefined) this.served.set(protocol, handler)
  }

  override async publish (_topic?: string, bytes?: Uint8Array): Promise<number> {
    if (this.failPublish) throw new CorebrumError('ERR_STREAM_CLOSED', 'nobody listens')
    if (bytes !== undefined) this.published.push(bytes)
    return 1
  }

  override subscribe (_topic?: string, validate?: (bytes: Uint8Array, author: string) => Verdict, deliver?: (bytes: Uint8Array, author: string) => void): void {
    if (validate !== undefined && deliver !== undefined) this.gossip = { validate, deliver }
  }
}
