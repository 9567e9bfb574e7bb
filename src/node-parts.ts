/** Makes the parts of a node and ties them together; composed-node.ts owns when they start and stop. */
import { join } from 'node:path'
import type { Config } from './config.ts'
import { binaryKind } from './executor/binary/sniff.ts'
import type { Executor } from './executor/executor.ts'
import { createExecutor } from './executor/pool.ts'
import { MAX_MODULE_BYTES, MAX_WORK_STREAMS } from './limits.ts'
import { createBlobFetcher } from './modules/blob-fetch.ts'
import { createBlobs, type Blobs } from './modules/blobs.ts'
import type { ModuleStore } from './modules/modules.ts'
import { readThrough } from './modules/read-through.ts'
import { createRetriever } from './modules/retriever.ts'
import { createModuleStore } from './modules/store.ts'
import type { Network } from './network/network.ts'
import type { NodeInit } from './node.ts'
import type { Situation } from './roles/admission.ts'
import { createAdvertiser, type Advertiser } from './roles/advertiser.ts'
import { createAnnouncer } from './roles/announcer.ts'
import { createIntake, type Intake } from './roles/intake.ts'
import type { TaskJournal } from './roles/journal.ts'
import { createKnownTasks, type KnownTasks } from './roles/known-tasks.ts'
import { NO_JOURNAL } from './roles/no-journal.ts'
import { createOffers, type Offers } from './roles/offers.ts'
import { createProvisions } from './roles/provisions.ts'
import { ResultCollector } from './roles/result-collector.ts'
import { Submitter } from './roles/submitter.ts'
import { createTaskTable, type TaskTable } from './roles/task-table.ts'
import { createWorkStreams, type WorkStreams } from './roles/work-streams.ts'
import { Worker } from './roles/worker.ts'
import { createRequester } from './web/requester.ts'
import type { Capability } from './wire/capability.ts'

export interface NodeParts {
  readonly modules: ModuleStore
  readonly blobs: Blobs
  readonly executor: Executor
  readonly tasks: TaskTable
  /** NO_JOURNAL on a node that keeps nothing. */
  readonly journal: TaskJournal
  readonly known: KnownTasks
  readonly collector: ResultCollector
  readonly submitter: Submitter
  readonly worker: Worker
  readonly workStreams: WorkStreams
  readonly offers: Offers
  readonly advertiser: Advertiser
  readonly intake: Intake
  /** True while this node takes tasks of others. */
  readonly works: boolean
}

export function createNodeParts (config: Config, init: NodeInit, network: Network, capability: Capability): NodeParts {
  const log = (message: string): void => { init.log?.('debug', message) }
  const { peerId } = network
  const works = config.workerCount > 0 && init.worksForOthers !== false
  const modules = createModuleStore({ dir: join(config.dataDir, 'modules'), maxBytes: config.storeBytes })
  const blobs = createBlobs({ dir: join(config.dataDir, 'blobs'), maxBytes: config.storeBytes })
  const fetcher = createBlobFetcher({ network, blobs })
  const retriever = createRetriever({ store: modules, network, debug: log }, { allowPrivateUrls: config.allowPrivateUrls })
  const executor = createExecutor({ loadModule: (cid) => readThrough(modules, retriever, cid), request: createRequester({ allowedHosts: config.allowedHosts }) }, { slots: config.workerCount, memoryLimitBytes: config.memoryLimitBytes })
  const situation = (cid: string): Situation => ({
    capability,
    load: worker.load,
    draining: worker.isDraining,
    hasModule: modules.has(cid),
    maxModuleBytes: Math.min(MAX_MODULE_BYTES, config.storeBytes),
    allowedHosts: config.allowedHosts,
    streams: worker.streams,
    maxStreams: MAX_WORK_STREAMS,
  })

  const worker = new Worker({
    peerId, executor, provisions: createProvisions({ store: modules, retriever, fetcher }), blobs, capability, situation, onStranded: (peer) => { workStreams.reopen(peer) },
  })
  const workStreams = createWorkStreams({ network, worker, situation, log })
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
    searchWorkers: () => searchWorkers(network, log),
    log,
  })
  const tasks = createTaskTable()
  const collector = new ResultCollector(fetcher)
  const submitter = new Submitter({ peerId, tasks, announcer, collector, alone: init.networked === false, holdModule: (cid) => modules.hold(cid) })

  const journal = NO_JOURNAL
  const known = createKnownTasks({ tasks, journal, cancel: (id) => { submitter.cancel(id) } })
  const advertiser = createAdvertiser({ network, modules, capability, log })
  const intake = createIntake({ store: modules, retriever, blobs, checkBytes: binaryKind, onModule: (cid) => { advertiser.provideSoon(cid) } })
  return { modules, blobs, executor, tasks, journal, known, collector, submitter, worker, workStreams, offers, advertiser, intake, works }
}

/** Connects to the workers that the DHT knows; they then hear of the open offers. */
async function searchWorkers (network: Network, log: (message: string) => void): Promise<void> {
  for await (const peer of network.findWorkers()) await network.connect(peer).catch((error: Error) => { log(error.message) })
}
