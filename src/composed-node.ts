/** A node: its parts, when they start and stop, and what its user asks of them. */
import { join } from 'node:path'
import { completeConfig, type Config } from './config.ts'
import { CorebrumError } from './errors.ts'
import { MAX_LISTED_TASKS, MAX_WORK_STREAMS } from './limits.ts'
import { requireKnownLayout } from './journal/layout.ts'
import type { Blobs } from './modules/blobs.ts'
import type { ModuleStore } from './modules/modules.ts'
import { serveModules } from './modules/peer-server.ts'
import type { ConnectedPeer, Network, SignalOptions } from './network/network.ts'
import { networkOf } from './network-of-config.ts'
import type { Maps } from './jobs/map/maps.ts'
import { createNodeParts, type NodeParts } from './node-parts.ts'
import { PeerWait } from './peer-wait.ts'
import { detectCapability } from './roles/offers/capability.ts'
import type { Explanation } from './roles/offers/explain-task.ts'
import type { ListOptions } from './roles/journal.ts'
import type { ChildrenOptions } from './roles/tasks/known-tasks.ts'
import { leasesEnd } from './roles/submitter/leases-end.ts'
import { localLink, workerLink } from './roles/link.ts'
import type { KeptReceipt } from './roles/receipts/receipts-of.ts'
import { createTaskHandle, type TaskHandle } from './roles/tasks/task-handle.ts'
import { listWorkers, type WorkerInfo } from './roles/offers/workers.ts'
import type { Node, NodeInit, SubmitOptions } from './node.ts'
import { isPipeline, type AnyDefinition } from './task/definition.ts'
import type { TaskRecord, TaskState } from './task/state.ts'
import type { Value } from './task/values.ts'
import { WORK_PROTOCOL } from './wire/messages.ts'

/** See `createNode` in node.ts. */
export async function createComposedNode (config: Partial<Config>, init: NodeInit): Promise<Node> {
  const full = await completeConfig(config)
  await requireKnownLayout(join(full.dataDir, 'journal'))
  const { networked = true, log = () => {} } = init
  const network = networked ? await networkOf(full, (message, level) => { log(level, message) }) : (await import('./network/alone.ts')).createAloneNetwork()
  const capability = await detectCapability({ slots: full.workerCount, memoryLimitBytes: full.memoryLimitBytes, labels: full.labels })
  return new ComposedNode(full, init, network, createNodeParts(full, init, network, capability))
}

class ComposedNode implements Node {
  readonly config: Config
  private readonly init: NodeInit
  private readonly network: Network
  private readonly parts: NodeParts
  private readonly peerWait = new PeerWait()
  private started?: Promise<void>
  private stopped?: Promise<void>

  constructor (config: Config, init: NodeInit, network: Network, parts: NodeParts) {
    this.config = config
    this.init = init
    this.network = network
    this.parts = parts
  }

  get peerId (): string {
    return this.network.peerId
  }

  get modules (): ModuleStore {
    return this.parts.modules
  }

  get blobs (): Blobs {
    return this.parts.blobs
  }

  get maps (): Maps {
    return this.parts.maps
  }

  start (): Promise<void> {
    this.started ??= this.bringUp()
    return this.started
  }

  stop (options: { drainMs?: number } = {}): Promise<void> {
    this.stopped ??= this.bringDown(options)
    return this.stopped
  }

  async submit (definition: AnyDefinition, inputs: Record<string, Value> = {}, options: SubmitOptions = {}): Promise<TaskHandle> {
    const { baseDir = process.cwd(), signal, noCache } = options
    if (this.stopped !== undefined) throw new CorebrumError('ERR_CANCELLED', 'this node is stopping and takes no more tasks')
    const policy = this.parts.placed(options.policy)
    const job = this.parts.jobs.start(definition, inputs, { baseDir, ...(policy === undefined ? {} : { policy }), ...(noCache === undefined ? {} : { noCache }), ...(signal === undefined ? {} : { signal }) })
    const handle = this.handle(job === undefined ? await this.submitTask(definition, inputs, { ...options, policy, baseDir }) : await job)
    if (signal !== undefined) {
      const end = (): void => { signal.removeEventListener('abort', handle.cancel) }
      signal.addEventListener('abort', handle.cancel, { once: true })
      void handle.done().then(end, end)
      // It may have been aborted while the task was written.
      if (signal.aborted) handle.cancel()
    }
    return handle
  }

  /** The id of a task that is no job. */
  private async submitTask (definition: AnyDefinition, inputs: Record<string, Value>, { baseDir, signal, policy, noCache }: SubmitOptions & { baseDir: string }): Promise<string> {
    if (isPipeline(definition)) throw new CorebrumError('ERR_INTERNAL', 'no kind of job takes a pipeline')
    const task = await this.parts.intake(definition, inputs, { baseDir, policy, ...(signal === undefined ? {} : { signal }) })
    try {
      if (signal?.aborted === true) throw new CorebrumError('ERR_CANCELLED', 'the submit was cancelled')
      await this.parts.accept(noCache === undefined ? task : { ...task, noCache })
    } catch (error) {
      task.release?.()
      throw error
    }
    return task.id
  }

  find (id: string): Promise<TaskHandle | undefined> {
    return this.parts.known.find(id)
  }

  idsWith (prefix: string, limit: number): Promise<string[]> {
    return this.parts.known.idsWith(prefix, limit)
  }

  tasks ({ state, limit = MAX_LISTED_TASKS }: Partial<ListOptions> = {}): Promise<TaskRecord[]> {
    return this.parts.known.list({ limit, ...(state === undefined ? {} : { state }) })
  }

  children (id: string, { from, limit = MAX_LISTED_TASKS }: Partial<ChildrenOptions> = {}): Promise<TaskRecord[]> {
    return this.parts.known.children(id, { limit, ...(from === undefined ? {} : { from }) })
  }

  taskCounts (): Partial<Record<TaskState, number>> {
    return this.parts.known.counts()
  }

  receipts (id: string): Promise<KeptReceipt[]> {
    return this.parts.receiptsOf(id)
  }

  keptForOthers (): ReturnType<Node['keptForOthers']> {
    const { letters, bytes } = this.parts.mailbox.held
    return { owedResults: this.parts.worker.undelivered, letters, letterBytes: bytes }
  }

  addresses (): string[] {
    return this.network.addresses()
  }

  peers (): ConnectedPeer[] {
    return this.network.peers()
  }

  workers (options: { discover?: boolean, signal?: AbortSignal } = {}): Promise<WorkerInfo[]> {
    return listWorkers({ linked: () => this.parts.submitter.linked(), network: this.network, explain: this.parts.explain }, options)
  }

  async explain (id: string, options?: SignalOptions): Promise<Explanation> {
    const handle = await this.find(id)
    if (handle === undefined) throw new CorebrumError('ERR_TASK_UNKNOWN', `there is no task ${id}`)
    return await this.parts.explanations.of(handle.record(), options)
  }

  workForItself (): void {
    if (this.config.workerCount === 0 || this.parts.worker.linkedTo(this.peerId)) return
    const { toWorker, toSubmitter } = localLink(this.peerId)
    this.parts.submitter.attach(toWorker)
    this.parts.worker.attach(toSubmitter)
  }

  waitForPeer (timeoutMs: number): Promise<boolean> {
    return this.network.peers().length > 0 ? Promise.resolve(true) : this.peerWait.wait(timeoutMs)
  }

  private async bringUp (): Promise<void> {
    const { worksForItself = true } = this.init
    // First, as it keeps the modules of its open tasks from eviction.
    await this.parts.durable?.start()
    await Promise.all([this.parts.modules.start(), this.parts.blobs.start()])
    // Before anybody can bring a result of theirs.
    for await (const recovered of this.parts.journal.recover()) this.parts.submitter.recover(recovered)
    await this.parts.jobs.resume()
    if (this.parts.journal.durable) void this.parts.maps.clearAway()
    await this.parts.worker.recover()
    // Large values that no open task and no owed result has taken over.
    await this.parts.blobs.sweep()
    await this.parts.mailbox.start()
    await this.parts.offers.start()
    await this.parts.explain.start()
    await serveModules({ store: this.parts.modules, blobs: this.parts.blobs, network: this.network })
    await this.network.serve(WORK_PROTOCOL, (channel) => {
      // A second stream of the same peer takes the place of its first.
      const streams = [...this.parts.submitter.linked()].filter(({ link }) => link.peer !== channel.peer).length
      if (streams >= MAX_WORK_STREAMS) channel.abort(new CorebrumError('ERR_QUEUE_FULL', `${streams} work streams are open`))
      else this.parts.submitter.attach(workerLink(channel, (peer, reason) => { this.network.penalize(peer, reason) }))
    })
    this.network.onPeer(({ connected }) => {
      if (!connected) return
      this.peerWait.found()
      if (this.parts.works) this.parts.advertiser.begin()
    })
    if (this.config.workerCount > 0) await this.parts.executor.start()
    if (worksForItself) this.workForItself()
    await this.network.start()
  }

  private async bringDown ({ drainMs = 0 }: { drainMs?: number }): Promise<void> {
    // A stop during the start waits for it, also for one that failed: what it opened must be closed.
    await this.started?.catch(() => {})
    this.parts.advertiser.stop()
    await this.parts.maps.stop()
    this.parts.jobs.stop({ end: !this.parts.journal.durable })
    if (drainMs > 0) {
      const signal = AbortSignal.timeout(drainMs)
      await Promise.all([this.parts.worker.drain(signal), leasesEnd(() => this.parts.submitter.linked(), this.parts.collector, signal)])
    }
    // Of what was just taken: who has the results is still there.
    await this.parts.receipts?.writer.flush()
    this.parts.workStreams.stop()
    this.parts.mailbox.stop()
    this.parts.worker.stop()
    await this.parts.submitter.stop()
    await this.parts.executor.stop()
    await this.network.stop()
    await Promise.all([this.parts.modules.stop(), this.parts.blobs.stop(), this.parts.durable?.stop()])
  }

  private handle (id: string): TaskHandle {
    return createTaskHandle(this.parts.tasks, id, this.parts.cancel)
  }
}
