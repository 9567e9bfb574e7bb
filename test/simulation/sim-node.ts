/** One host of a schedule: the real parts of a node on a simulated network, disk and executor; what is on its disk outlives it. */
import { CorebrumError } from '../../src/errors.ts'
import type { BlobFetcher } from '../../src/modules/blob-fetch.ts'
import type { Situation } from '../../src/roles/offers/admission.ts'
import { createAnnouncer } from '../../src/roles/offers/announcer.ts'
import { localLink, workerLink, type Link, type SubmitterLink, type WorkerLink } from '../../src/roles/link.ts'
import { createOffers, type Offers } from '../../src/roles/offers/offers.ts'
import { createProvisions } from '../../src/roles/worker/provisions.ts'
import type { LetterFiles } from '../../src/roles/mailbox/letter-files.ts'
import { createMailbox, type Mailbox } from '../../src/roles/mailbox/mailbox.ts'
import type { NewTask } from '../../src/roles/submitter/open-task.ts'
import { createReceipts } from '../../src/roles/receipts/receipts.ts'
import { ResultCollector } from '../../src/roles/submitter/result-collector.ts'
import { Submitter } from '../../src/roles/submitter/submitter.ts'
import { createTaskTable, type TaskTable } from '../../src/roles/tasks/task-table.ts'
import { createWorkStreams } from '../../src/roles/worker/work-streams.ts'
import { Worker } from '../../src/roles/worker/worker.ts'
import type { Capability } from '../../src/wire/capability.ts'
import { WORK_PROTOCOL, type SubmitterMessage, type WorkerMessage } from '../../src/wire/messages.ts'
import type { Defect } from './defects.ts'
import { SimBlobs } from './sim-blobs.ts'
import { SimExecutor } from './sim-executor.ts'
import { createDisk, SimJournal, type Disk, type SimJournalInit } from './sim-journal.ts'
import type { SimNetwork } from './sim-network.ts'
import { signatureOf, type SimPort } from './sim-port.ts'
import type { Process, World } from './world.ts'

export interface SimNodeEvents {
  /** The submitter of `node` sends to, or hears from, a worker. */
  onSubmitterSends: (node: SimNode, peer: string, message: SubmitterMessage) => void
  onSubmitterHears: (node: SimNode, peer: string, message: WorkerMessage) => void
  onWorkerHears: (node: SimNode, peer: string, message: SubmitterMessage) => void
  /** A letter with results for `node` was opened there. */
  onLetter: (node: SimNode) => void
  onRun: (node: SimNode, taskId: string) => void
  onEnd: (node: SimNode, taskId: string) => void
  onDeath: (node: SimNode, taskId: string) => void
}

export interface SimNodeInit {
  /** 0: it only submits. */
  slots: number
  worksForItself: boolean
  sluggish: number
  /** How likely a call is to lose its sandbox, 0 to 1. */
  crashChance: () => number
  journal: SimJournalInit
  defect?: Defect
}

export interface Parts {
  readonly process: Process
  readonly journal: SimJournal
  readonly blobs: SimBlobs
  readonly executor: SimExecutor
  readonly tasks: TaskTable
  readonly submitter: Submitter
  readonly worker: Worker
  readonly offers: Offers
  readonly mailbox: Mailbox
  submit (task: NewTask): Promise<void>
}

/** Letters of others that a host holds. */
const MAILBOX_BYTES = 1024 * 1024
/** What a worker with a defect does not hear. */
const IGNORED: ReadonlyMap<string, SubmitterMessage['kind']> = new Map([['ignores-cancels', 'cancel'], ['ignores-acknowledgements', 'ack']])
/** Time after which a value of another host is here, milliseconds. */
const FETCH_MS = [2, 300] as const

export class SimNode {
  readonly name: string
  readonly disk: Disk = createDisk()
  wallShiftMs = 0
  parts?: Parts
  private readonly world: World
  private readonly network: SimNetwork
  private readonly init: SimNodeInit
  private readonly events: SimNodeEvents
  private readonly hosts: ReadonlyMap<string, SimNode>

  constructor (name: string, world: World, network: SimNetwork, hosts: ReadonlyMap<string, SimNode>, init: SimNodeInit, events: SimNodeEvents) {
    this.name = name
    this.world = world
    this.network = network
    this.hosts = hosts
    this.init = init
    this.events = events
  }

  get slots (): number {
    return this.init.slots
  }

  /** Begins a process on this host. `onReady` is called inside it, when it has begun. */
  start (onReady: (parts: Parts) => void = () => {}): void {
    const process = this.world.spawn(this.name, { sluggish: this.init.sluggish, wallShiftMs: this.wallShiftMs })
    this.world.note(() => `start     ${this.name}`)
    this.world.enter(process, () => { void this.bringUp(process).then(onReady) })
  }

  /** Ends the process as SIGKILL does, or, with `silent`, as a power cut. */
  crash (silent: boolean): void {
    const { parts } = this
    if (parts === undefined) return
    this.world.note(() => `crash     ${this.name}${silent ? ', silently' : ''}`)
    this.network.crash(this.name, silent)
    parts.process.alive = false
    parts.journal.crash()
    delete this.parts
  }

  private async bringUp (process: Process): Promise<Parts> {
    const port = this.network.join(this.name, process)
    const parts = this.compose(process, port)
    this.parts = parts
    const { submitter, worker, journal, offers, mailbox } = parts
    for await (const task of journal.recover()) submitter.recover(task)
    await worker.recover()
    await mailbox.start()
    await offers.start()
    await port.serve(WORK_PROTOCOL, (channel) => { submitter.attach(this.watchedBySubmitter(workerLink(channel, (peer, reason) => { port.penalize(peer, reason) }))) })
    if (this.slots > 0 && this.init.worksForItself) {
      const { toWorker, toSubmitter } = localLink(this.name)
      submitter.attach(this.watchedBySubmitter(toWorker))
      worker.attach(toSubmitter)
    }
    this.network.listen(port)
    return parts
  }

  private compose (process: Process, port: SimPort): Parts {
    const { world, init, events } = this
    const log = (message: string): void => { world.note(() => `log       ${this.name}: ${message}`) }
    const journal = new SimJournal(world, process, this.disk, init.journal)
    const blobs = new SimBlobs(this.disk.blobs)
    const executor = new SimExecutor(world, process, Math.max(1, init.slots), init.crashChance, {
      onRun: (taskId) => { events.onRun(this, taskId) },
      onEnd: (taskId) => { events.onEnd(this, taskId) },
      onDeath: (taskId) => { events.onDeath(this, taskId) },
    })
    const capability: Capability = { engine: 'v8', features: [], memoryLimitBytes: 512 * 1024 * 1024, slots: init.slots }
    const situation = (): Situation => ({
      peerId: this.name, capability, load: worker.load, draining: worker.isDraining, hasModule: true, maxModuleBytes: 1024 * 1024, allowedHosts: [], streams: worker.streams, maxStreams: 256,
    })
    const fetcher = this.fetcher(process)
    const tasks = createTaskTable()
    const receipts = createReceipts({
      network: port, tasks, journal, reuse: { note: () => {} }, log, isSigned: (peer, root, signature) => Buffer.compare(signature, signatureOf(peer, 'receipt', Buffer.from(root, 'hex'))) === 0,
    })
    const worker: Worker = new Worker({
      peerId: this.name,
      executor,
      provisions: createProvisions({ store: { has: () => true, read: async () => new Uint8Array() }, retriever: { ensure: async () => {} }, fetcher }),
      blobs,
      capability,
      situation,
      journal,
      log,
      onServing: (peer, serving) => { port.keepAddresses(peer, serving) },
      onStranded: (peer) => { workStreams.reopen(peer) },
      onTaken: (link, body) => { receipts.writer.add(link, body) },
    })
    const files: LetterFiles = {
      list: async () => [...this.disk.letters.values()].map(({ letter }) => letter),
      write: async (letter, sealed) => { this.disk.letters.set(letter.key, { letter, sealed }) },
      read: async ({ key }) => {
        const held = this.disk.letters.get(key)
        if (held === undefined) throw new CorebrumError('ERR_STORE', 'there is no such letter')
        return held.sealed
      },
      remove: async ({ key }) => { this.disk.letters.delete(key) },
    }
    const attach = worker.attach.bind(worker)
    worker.attach = (link) => { attach(this.watchedByWorker(link)) }
    const workStreams = createWorkStreams({ network: port, worker, situation, log, onAway: (peer) => { void mailbox.leave(peer) }, random: () => world.random.next() })
    const offers = createOffers({ network: port, current: () => announcer.current(), onOffer: (peer, offer, direct) => { if (init.slots > 0) workStreams.heard(peer, offer, direct) }, log })
    const announcer = createAnnouncer({
      publish: (offer) => {
        worker.noteWanting(this.name)
        return offers.publish(offer)
      },
      audience: () => port.peers().length,
      addresses: () => port.addresses(),
      searchWorkers: async () => {
        for await (const peer of port.findWorkers()) await port.connect(peer).catch((error: Error) => { log(error.message) })
      },
      log,
    })
    const submitter = new Submitter({ peerId: this.name, tasks, announcer, collector: new ResultCollector(fetcher), journal, receipts: receipts.reader, log: (_level, message) => { log(message) }, ...(init.defect === 'never-leases-again' ? { now: () => 0 } : {}) })
    const mailbox = createMailbox({ network: port, worker, away: () => workStreams.away(), submitter: { hear: (link) => { events.onLetter(this); submitter.hear(link) } }, blobs, log }, { maxBytes: MAILBOX_BYTES, files })
    return { process, mailbox, journal, blobs, executor, tasks, submitter, worker, offers, submit: async (task) => { await submitter.submit(task) } }
  }

  private watchedBySubmitter (link: WorkerLink): WorkerLink {
    return watched(link, {
      sends: (message) => { this.events.onSubmitterSends(this, link.peer, message) },
      hears: (message) => {
        this.events.onSubmitterHears(this, link.peer, message)
        return true
      },
      hearsEnd: this.init.defect !== 'never-leases-again',
    })
  }

  private watchedByWorker (link: SubmitterLink): SubmitterLink {
    return watched(link, {
      sends: () => {},
      hears: (message) => {
        if (IGNORED.get(this.init.defect ?? '') === message.kind) return false
        this.events.onWorkerHears(this, link.peer, message)
        return true
      },
      hearsEnd: true,
    })
  }

  /** Values of other hosts, while they are there. */
  private fetcher (process: Process): BlobFetcher {
    return {
      fetch: async (peer, { cid }, { signal } = {}) => await new Promise((resolve, reject) => {
        const stopped = (): void => { reject(signal?.reason) }
        if (signal?.aborted === true) return stopped()
        signal?.addEventListener('abort', stopped, { once: true })
        this.world.after(this.world.random.time(...FETCH_MS), () => {
          this.world.enter(process, () => {
            signal?.removeEventListener('abort', stopped)
            const bytes = peer === this.name || (this.network.carries(this.name, peer) && this.hosts.get(peer)?.parts !== undefined) ? this.hosts.get(peer)?.disk.blobs.get(cid) : undefined
            if (bytes === undefined) reject(new CorebrumError('ERR_BLOB_NOT_FOUND', `${peer} does not give ${cid}`))
            else resolve(bytes)
          })
        })
      }),
    }
  }
}

/** The same link, and what goes over it seen. What `hears` says no to is not delivered. */
function watched<Out, In> (link: Link<Out, In>, { sends, hears, hearsEnd }: { sends: (message: Out) => void, hears: (message: In) => boolean, hearsEnd: boolean }): Link<Out, In> {
  const outer: Link<Out, In> = {
    peer: link.peer,
    local: link.local,
    get bufferedBytes () { return link.bufferedBytes },
    send (message) {
      sends(message)
      link.send(message)
    },
    close: () => link.close(),
    abort: (error) => { link.abort(error) },
  }
  link.onMessages = (messages) => { outer.onMessages?.(messages.filter(hears)) }
  link.onClose = (error) => { if (hearsEnd) outer.onClose?.(error) }
  return outer
}
