/** Makes the parts of a node and ties them together; composed-node.ts owns when they start and stop. */
import { join } from 'node:path'
import type { Config } from './config.ts'
import { binaryKind } from './executor/binary/sniff.ts'
import type { Executor } from './executor/executor.ts'
import { createExecutor } from './executor/pool.ts'
import { createJobTasks } from './jobs/job-tasks.ts'
import { createAgreementKind } from './jobs/agreement.ts'
import { createJobs, type Jobs } from './jobs/jobs.ts'
import { createMaps, type Maps } from './jobs/map/maps.ts'
import { createPipelineKind } from './jobs/pipeline.ts'
import { createRecurringKind } from './jobs/recurring.ts'
import { MAX_CACHED_BYTES, MAX_CACHED_TASKS, MAX_MODULE_BYTES, MAX_WORK_STREAMS } from './limits.ts'
import { createBlobFetcher } from './modules/blob-fetch.ts'
import { createBlobs, type Blobs } from './modules/blobs.ts'
import type { ModuleStore } from './modules/modules.ts'
import { readThrough } from './modules/read-through.ts'
import { createRetriever } from './modules/retriever.ts'
import { createModuleStore } from './modules/store.ts'
import type { Network } from './network/network.ts'
import type { NodeInit } from './node.ts'
import type { Situation } from './roles/offers/admission.ts'
import { createAdvertiser, type Advertiser } from './roles/offers/advertiser.ts'
import { createAgreedResults } from './roles/receipts/agreed-results.ts'
import { createAnnouncer } from './roles/offers/announcer.ts'
import { createExplain, type Explain } from './roles/offers/explain.ts'
import { createExplanations, type Explanations } from './roles/offers/explanations.ts'
import { createIntake, type Intake } from './roles/submitter/intake.ts'
import type { TaskJournal } from './roles/journal.ts'
import { createTaskJournal, type DurableJournal } from './roles/journal/level.ts'
import { createKnownTasks, type KnownTasks } from './roles/tasks/known-tasks.ts'
import { NO_JOURNAL } from './roles/no-journal.ts'
import { createMailbox, type Mailbox } from './roles/mailbox/mailbox.ts'
import { createOffers, type Offers } from './roles/offers/offers.ts'
import type { NewTask } from './roles/submitter/open-task.ts'
import { resolvePeerName } from './roles/submitter/peer-name.ts'
import { createDiskWatch } from './roles/worker/disk-watch.ts'
import { createProvisions } from './roles/worker/provisions.ts'
import { createReceipts, type Receipts } from './roles/receipts/receipts.ts'
import { createReceiptsOf, type ReceiptsOf } from './roles/receipts/receipts-of.ts'
import { ResultCollector } from './roles/submitter/result-collector.ts'
import { createReputation } from './roles/submitter/reputation.ts'
import { createReuse } from './roles/receipts/reuse.ts'
import { Submitter } from './roles/submitter/submitter.ts'
import { createTaskTable, type TaskTable } from './roles/tasks/task-table.ts'
import { createWorkStreams, type WorkStreams } from './roles/worker/work-streams.ts'
import { Worker } from './roles/worker/worker.ts'
import type { TaskPolicy } from './task/definition.ts'
import { isFinal, type TaskRecord } from './task/state.ts'
import { createRequester } from './web/requester.ts'
import type { Capability } from './wire/capability.ts'

export interface NodeParts {
  readonly modules: ModuleStore
  readonly blobs: Blobs
  readonly executor: Executor
  readonly tasks: TaskTable
  /** NO_JOURNAL on a node that keeps nothing. */
  readonly journal: TaskJournal
  /** The same, where it must be started and stopped. */
  readonly durable: DurableJournal | undefined
  readonly known: KnownTasks
  readonly collector: ResultCollector
  readonly submitter: Submitter
  readonly worker: Worker
  readonly workStreams: WorkStreams
  readonly mailbox: Mailbox
  readonly offers: Offers
  readonly advertiser: Advertiser
  readonly explain: Explain
  readonly explanations: Explanations
  readonly intake: Intake
  /** With `on` as the PeerId that its user means. Throws ERR_USAGE. */
  readonly placed: (policy: Partial<TaskPolicy> | undefined) => Partial<TaskPolicy> | undefined
  readonly jobs: Jobs
  readonly maps: Maps
  /** Takes a task, or ends it with a result that is known. Throws and rejects as `Submitter.submit`. */
  readonly accept: (task: NewTask) => Promise<void> | undefined
  /** Undefined on a node without a network. */
  readonly receipts: Receipts | undefined
  readonly receiptsOf: ReceiptsOf
  /** Ends a task or a job that has not ended. */
  readonly cancel: (id: string) => void
  /** True while this node takes tasks of others. */
  readonly works: boolean
}

export function createNodeParts (config: Config, init: NodeInit, network: Network, capability: Capability): NodeParts {
  const log = (message: string): void => { init.log?.('debug', message) }
  const warn = (message: string): void => { init.log?.('warn', message) }
  const { peerId } = network
  const works = config.workerCount > 0 && init.worksForOthers !== false
  const modules = createModuleStore({ dir: join(config.dataDir, 'modules'), maxBytes: config.storeBytes })
  // A node of one command shares its data folder, and keeps nothing.
  const isDurable = init.durable ?? (!config.ephemeral && init.networked !== false)
  const blobs = createBlobs({ dir: join(config.dataDir, 'blobs'), maxBytes: config.storeBytes, durable: isDurable })
  const onDropped = ({ id, job }: TaskRecord): void => {
    const known = tasks.get(id)
    if (known !== undefined && isFinal(known.state)) tasks.forget(id)
    if (job?.kind === 'map') maps.remove(id).catch((error: Error) => { log(error.message) })
  }
  const durable = isDurable ? durableJournal(config, init, { peerId, modules, blobs, onDropped, isEndless: (job) => tasks.get(job)?.job?.kind === 'recurring' }) : undefined
  const journal = durable ?? NO_JOURNAL
  const fetcher = createBlobFetcher({ network, blobs })
  const retriever = createRetriever({ store: modules, network, debug: log }, { allowPrivateUrls: config.allowPrivateUrls })
  const executor = createExecutor({ loadModule: (cid) => readThrough(modules, retriever, cid), request: createRequester({ allowedHosts: config.allowedHosts }) }, { slots: config.workerCount, memoryLimitBytes: config.memoryLimitBytes })
  const situation = (cid?: string): Situation => ({
    peerId,
    capability,
    load: worker.load,
    draining: worker.isDraining,
    hasModule: cid !== undefined && modules.has(cid),
    maxModuleBytes: Math.min(MAX_MODULE_BYTES, config.storeBytes),
    allowedHosts: config.allowedHosts,
    streams: worker.streams,
    maxStreams: MAX_WORK_STREAMS,
  })

  const disk = createDiskWatch({ warn })
  const worker = new Worker({
    peerId, executor, provisions: disk.provisions(createProvisions({ store: modules, retriever, fetcher })), blobs: disk.blobs(blobs), capability, situation, onStranded: (peer) => { workStreams.reopen(peer) },
    maxBlobBytes: config.storeBytes / 2, journal, log, warn, onServing: (peer, serving) => { network.keepAddresses(peer, serving) },
    onTaken: (link, body) => { receipts?.writer.add(link, body) },
  })
  const workStreams = createWorkStreams({ network, worker, situation, log, onAway: (peer) => { void mailbox.leave(peer) } })
  const offers = createOffers({
    network,
    current: () => announcer.current(),
    onOffer: (peer, offer, direct) => { if (works) workStreams.heard(peer, offer, direct) },
    log,
  })

  const announcer = createAnnouncer({
    publish: (offer) => {
      // Nobody hears its own gossip: a worker that is full with the tasks of others must know that this node has some too.
      worker.noteWanting(peerId)
      return offers.publish(offer)
    },
    audience: () => network.peers().length,
    addresses: () => network.addresses(),
    searchWorkers: (only) => searchWorkers(network, log, only),
    log,
  })
  const tasks = createTaskTable(isDurable ? { maxFinished: Math.min(MAX_CACHED_TASKS, config.keepTasks), maxFinishedBytes: MAX_CACHED_BYTES } : {})
  const collector = new ResultCollector(fetcher)
  const reputation = createReputation()
  const reuse = createReuse({ peerId, trusted: config.trusted, tasks, journal })
  // A node without a network has no key to sign with.
  const receipts = init.networked === false ? undefined : createReceipts({ network, tasks, journal, reuse, log })
  const submitter = new Submitter({
    ...(receipts === undefined ? {} : { receipts: receipts.reader }),
    peerId, tasks, announcer, collector, journal, reputation, alone: init.networked === false, holdModule: (cid) => modules.hold(cid), log: (level, message) => { init.log?.(level, message) },
  })
  const mailbox = createMailbox({ network, worker, away: () => workStreams.away(), submitter, blobs, log, ...(receipts === undefined ? {} : { receipts: (bodies) => receipts.writer.together(bodies) }) }, { maxBytes: config.mailboxBytes, ...(isDurable ? { dir: join(config.dataDir, 'mailbox') } : {}) })
  const explain = createExplain({ network, situation: works ? situation : (cid) => ({ ...situation(cid), capability: { ...capability, slots: 0 } }) })
  const explanations = createExplanations({ submitter, announcer, network, explain, openParts: (id) => known.openParts(id) })
  const cancel = (id: string): void => { if (!jobs.cancel(id)) submitter.cancel(id) }
  const known = createKnownTasks({ tasks, journal, cancel })
  const resolvePeer = (name: string): string => resolvePeerName(name, [peerId, ...network.peers().map(({ peer }) => peer), ...[...submitter.linked()].map(({ link }) => link.peer)])
  const advertiser = createAdvertiser({ network, modules, capability, log })
  const intake = createIntake({ store: modules, retriever, blobs, checkBytes: binaryKind, onModule: (cid) => { advertiser.provideSoon(cid) }, resolvePeer })
  const accept = (task: NewTask): Promise<void> | undefined => task.program.deterministic === true ? acceptKnown(task) : submitter.submit(task)
  const acceptKnown = async (task: NewTask): Promise<void> => { if (!await reuse.answer(task)) await submitter.submit(task) }
  const jobTasks = createJobTasks({
    peerId,
    tasks,
    journal,
    intake,
    store: modules,
    retriever,
    checkBytes: binaryKind,
    onModule: (cid) => { advertiser.provideSoon(cid) },
    resolvePeer,
    accept,
    cancel: (id, message) => { submitter.cancel(id, message) },
    keepApart: (group, peer) => { submitter.keepApart(group, peer) },
    forget: (id) => {
      tasks.forget(id)
      receipts?.reader.forget(id)
    },
    log: (level, message) => { init.log?.(level, message) },
  })
  const placed = (policy: Partial<TaskPolicy> | undefined): Partial<TaskPolicy> | undefined => policy?.on === undefined ? policy : { ...policy, on: resolvePeer(policy.on) }
  const allMaps = createMaps({ tasks: jobTasks, jobs: () => jobs, savedJobs: () => journal.jobs(), dataDir: config.dataDir, durable: journal.durable, keepMs: config.keepSeconds * 1_000, log: (message) => { init.log?.('info', message) } })
  // The peers that are known when it begins are those that its user means.
  const maps: Maps = { ...allMaps, create: async (request, options) => await allMaps.create({ ...request, policy: placed(request.policy) }, options) }
  const jobs: Jobs = createJobs({ tasks: jobTasks, journal, kinds: [maps.kind, createRecurringKind(jobTasks), createPipelineKind(jobTasks), createAgreementKind({ tasks: jobTasks, reputation, results: createAgreedResults({ intake, reuse }) })], log: warn })
  return { accept, placed, explain, explanations, receipts, receiptsOf: createReceiptsOf({ tasks, known }), jobs, maps, cancel, modules, blobs, executor, tasks, journal, durable, known, collector, submitter, worker, workStreams, mailbox, offers, advertiser, intake, works }
}

function durableJournal ({ dataDir, keepSeconds, keepTasks, keepBytes }: Config, { log }: NodeInit, { peerId, modules, blobs, onDropped, isEndless }: Pick<NodeParts, 'modules' | 'blobs'> & { peerId: string, onDropped: (record: TaskRecord) => void, isEndless: (job: string) => boolean }): DurableJournal {
  return createTaskJournal({
    dir: join(dataDir, 'journal'),
    outputsDir: join(dataDir, 'outputs'),
    peerId,
    hold: (cid) => modules.hold(cid),
    adopt: (cid) => blobs.adopt(cid),
    onDropped,
    isEndless,
    keep: { ms: keepSeconds * 1_000, tasks: keepTasks, bytes: keepBytes },
    ...(log === undefined ? {} : { log }),
  })
}

/** Connects to the workers that the DHT knows, or to the only one that may run a task; they then hear of the open offers. */
async function searchWorkers (network: Network, log: (message: string) => void, only?: string): Promise<void> {
  if (only !== undefined) {
    if (only !== network.peerId) await network.connect(only).catch((error: Error) => { log(error.message) })
    return
  }
  for await (const peer of network.findWorkers()) await network.connect(peer).catch((error: Error) => { log(error.message) })
}
