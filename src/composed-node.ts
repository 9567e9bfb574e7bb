/** Composes network, modules, executor and roles into a node, and owns their start and stop order. */
import { join } from 'node:path'
import { completeConfig, type Config } from './config.ts'
import { CorebrumError } from './errors.ts'
import { binaryKind } from './executor/binary/sniff.ts'
import type { Executor } from './executor/executor.ts'
import { createExecutor } from './executor/pool.ts'
import { MAX_MODULE_BYTES, MAX_WORK_STREAMS } from './limits.ts'
import { createBlobFetcher } from './modules/blob-fetch.ts'
import { createBlobs, type Blobs } from './modules/blobs.ts'
import type { ModuleStore } from './modules/modules.ts'
import { serveModules } from './modules/peer-server.ts'
import { readThrough } from './modules/read-through.ts'
import { createRetriever } from './modules/retriever.ts'
import { createModuleStore } from './modules/store.ts'
import type { ConnectedPeer, Network } from './network/network.ts'
import { networkOf } from './network-of-config.ts'
import { PeerWait } from './peer-wait.ts'
import { createAdvertiser, type Advertiser } from './roles/advertiser.ts'
import { createAnnouncer } from './roles/announcer.ts'
import { detectCapability } from './roles/capability.ts'
import { createIntake } from './roles/intake.ts'
import { leasesEnd } from './roles/leases-end.ts'
import { localLink, workerLink } from './roles/link.ts'
import { createOffers, type Offers } from './roles/offers.ts'
import { createProvisions } from './roles/provisions.ts'
import { ResultCollector } from './roles/result-collector.ts'
import { Submitter } from './roles/submitter.ts'
import { createTaskHandle, type TaskHandle } from './roles/task-handle.ts'
import { createTaskTable } from './roles/task-table.ts'
import { createWorkStreams, type WorkStreams } from './roles/work-streams.ts'
import { Worker } from './roles/worker.ts'
import { listWorkers, type WorkerInfo } from './roles/workers.ts'
import type { Situation } from './roles/admission.ts'
import type { Node, NodeInit, SubmitOptions } from './node.ts'
import type { TaskDefinition } from './task/definition.ts'
import type { TaskRecord } from './task/state.ts'
import type { Value } from './task/values.ts'
import { createRequester } from './web/requester.ts'
import { WORK_PROTOCOL } from './wire/messages.ts'

/** See `createNode` in node.ts. */
export async function createComposedNode (config: Partial<Config>, init: NodeInit): Promise<Node> {
  const full = await completeConfig(config)
  const { networked = true, log = () => {} } = init
  const network = networked ? await networkOf(full, (message, level) => { log(level, message) }) : (await import('./network/alone.ts')).createAloneNetwork()
  const capability = await detectCapability({ slots: full.workerCount, memoryLimitBytes: full.memoryLimitBytes })
  return new ComposedNode(full, init, network, capability)
}

class ComposedNode implements Node {
  readonly config: Config
  readonly modules: ModuleStore
  readonly blobs: Blobs
  private readonly init: NodeInit
  private readonly network: Network
  private readonly tasksTable = createTaskTable()
  private readonly submitter: Submitter
  private readonly collector: ResultCollector
  private readonly offers: Offers
  private readonly intake: ReturnType<typeof createIntake>
  private readonly executor: Executor
  private readonly worker: Worker
  private readonly workStreams: WorkStreams
  private readonly capability: Awaited<ReturnType<typeof detectCapability>>
  private readonly peerWait = new PeerWait()
  private readonly advertiser: Advertiser
  private started?: Promise<void>
  private stopped?: Promise<void>

  constructor (config: Config, init: NodeInit, network: Network, capability: Awaited<ReturnType<typeof detectCapability>>) {
    this.config = config
    this.init = init
    this.network = network
    this.capability = capability
    const debug = (message: string): void => { this.init.log?.('debug', message) }
    const { peerId } = network
    this.modules = createModuleStore({ dir: join(config.dataDir, 'modules'), maxBytes: config.storeBytes })
    this.blobs = createBlobs({ dir: join(config.dataDir, 'blobs'), maxBytes: config.storeBytes })
    const fetcher = createBlobFetcher({ network, blobs: this.blobs })
    const retriever = createRetriever({ store: this.modules, network, debug }, { allowPrivateUrls: config.allowPrivateUrls })
    this.executor = createExecutor({ loadModule: (cid) => readThrough(this.modules, retriever, cid), request: createRequester({ allowedHosts: config.allowedHosts }) }, { slots: config.workerCount, memoryLimitBytes: config.memoryLimitBytes })
    const situation = (cid: string): Situation => this.situation(cid)
    const provisions = createProvisions({ store: this.modules, retriever, fetcher })
    this.worker = new Worker({
      peerId, executor: this.executor, provisions, blobs: this.blobs, capability, situation, onStranded: (peer) => { this.workStreams.reopen(peer) },
    })
    this.workStreams = createWorkStreams({ network, worker: this.worker, situation, log: debug })
    this.offers = createOffers({
      network,
      current: () => announcer.current(),
      onOffer: (peer, offer, direct) => { if (this.works) this.workStreams.heard(peer, offer, direct) },
      log: debug,
    })
    const announcer = createAnnouncer({
      publish: (offer) => {
        // Nobody hears its own gossip: a worker that is full with the tasks of others must know that this node has some too.
        this.worker.noteWanting(peerId)
        return this.offers.publish(offer)
      },
      audience: () => network.peers().length,
      addresses: () => network.addresses(),
      searchWorkers: () => this.searchWorkers(),
      log: debug,
    })
    this.collector = new ResultCollector(fetcher)
    this.submitter = new Submitter({ peerId, tasks: this.tasksTable, announcer, collector: this.collector, alone: init.networked === false, holdModule: (cid) => this.modules.hold(cid) })
    this.advertiser = createAdvertiser({ network, modules: this.modules, capability, log: debug })
    this.intake = createIntake({
      store: this.modules,
      retriever,
      blobs: this.blobs,
      checkBytes: binaryKind,
      onModule: (cid) => { this.advertiser.provideSoon(cid) },
    })
  }

  get peerId (): string {
    return this.network.peerId
  }

  start (): Promise<void> {
    this.started ??= this.bringUp()
    return this.started
  }

  stop (options: { drainMs?: number } = {}): Promise<void> {
    this.stopped ??= this.bringDown(options)
    return this.stopped
  }

  async submit (definition: TaskDefinition, inputs: Record<string, Value> = {}, options: SubmitOptions = {}): Promise<TaskHandle> {
    const { baseDir = process.cwd(), signal } = options
    if (this.stopped !== undefined) throw new CorebrumError('ERR_CANCELLED', 'this node is stopping and takes no more tasks')
    const task = await this.intake(definition, inputs, { baseDir, ...(signal === undefined ? {} : { signal }) })
    try {
      if (signal?.aborted === true) throw new CorebrumError('ERR_CANCELLED', 'the submit was cancelled')
      this.submitter.submit(task)
    } catch (error) {
      task.release?.()
      throw error
    }
    const handle = this.handle(task.id)
    if (signal !== undefined) {
      signal.addEventListener('abort', handle.cancel, { once: true })
      void handle.done().then(() => { signal.removeEventListener('abort', handle.cancel) })
    }
    return handle
  }

  task (id: string): TaskHandle | undefined {
    return this.tasksTable.get(id) === undefined ? undefined : this.handle(id)
  }

  tasks (): TaskRecord[] {
    return this.tasksTable.list()
  }

  addresses (): string[] {
    return this.network.addresses()
  }

  peers (): ConnectedPeer[] {
    return this.network.peers()
  }

  workers (options: { discover?: boolean, signal?: AbortSignal } = {}): Promise<WorkerInfo[]> {
    return listWorkers(this.submitter.linked(), this.network, options)
  }

  workForItself (): void {
    if (this.config.workerCount === 0 || this.worker.linkedTo(this.peerId)) return
    const { toWorker, toSubmitter } = localLink(this.peerId)
    this.submitter.attach(toWorker)
    this.worker.attach(toSubmitter)
  }

  waitForPeer (timeoutMs: number): Promise<boolean> {
    return this.network.peers().length > 0 ? Promise.resolve(true) : this.peerWait.wait(timeoutMs)
  }

  /** True while this node takes tasks of others. */
  private get works (): boolean {
    return this.config.workerCount > 0 && this.init.worksForOthers !== false
  }

  private async bringUp (): Promise<void> {
    const { worksForItself = true } = this.init
    await Promise.all([this.modules.start(), this.blobs.start()])
    await this.offers.start()
    await serveModules({ store: this.modules, blobs: this.blobs, network: this.network })
    await this.network.serve(WORK_PROTOCOL, (channel) => {
      // A second stream of the same peer takes the place of its first.
      const streams = [...this.submitter.linked()].filter(({ link }) => link.peer !== channel.peer).length
      if (streams >= MAX_WORK_STREAMS) channel.abort(new CorebrumError('ERR_QUEUE_FULL', `${streams} work streams are open`))
      else this.submitter.attach(workerLink(channel, (peer, reason) => { this.network.penalize(peer, reason) }))
    })
    this.network.onPeer(({ connected }) => {
      if (!connected) return
      this.peerWait.found()
      if (this.works) this.advertiser.begin()
    })
    if (this.config.workerCount > 0) await this.executor.start()
    if (worksForItself) this.workForItself()
    await this.network.start()
  }

  private async bringDown ({ drainMs = 0 }: { drainMs?: number }): Promise<void> {
    // A stop during the start waits for it, also for one that failed: what it opened must be closed.
    await this.started?.catch(() => {})
    this.advertiser.stop()
    if (drainMs > 0) {
      const signal = AbortSignal.timeout(drainMs)
      await Promise.all([this.worker.drain(signal), leasesEnd(() => this.submitter.linked(), this.collector, signal)])
    }
    this.workStreams.stop()
    this.worker.stop()
    this.submitter.stop()
    await this.executor.stop()
    await this.network.stop()
    await Promise.all([this.modules.stop(), this.blobs.stop()])
  }

  private handle (id: string): TaskHandle {
    return createTaskHandle(this.tasksTable, id, (which) => { this.submitter.cancel(which) })
  }

  private situation (cid: string): Situation {
    return {
      capability: this.capability,
      load: this.worker.load,
      draining: this.worker.isDraining,
      hasModule: this.modules.has(cid),
      maxModuleBytes: Math.min(MAX_MODULE_BYTES, this.config.storeBytes),
      allowedHosts: this.config.allowedHosts,
      streams: this.worker.streams,
      maxStreams: MAX_WORK_STREAMS,
    }
  }

  private async searchWorkers (): Promise<void> {
    for await (const peer of this.network.findWorkers()) {
      await this.network.connect(peer).catch((error: Error) => { this.init.log?.('debug', error.message) })
    }
  }
}
