/** One corebrum node: what it offers, and how to make one. */
import type { Config } from './config.ts'
import { createComposedNode } from './composed-node.ts'
import type { Maps } from './jobs/map/maps.ts'
import type { Blobs } from './modules/blobs.ts'
import type { ModuleStore } from './modules/modules.ts'
import type { ConnectedPeer, SignalOptions } from './network/network.ts'
import type { Explanation } from './roles/offers/explain-task.ts'
import type { ListOptions } from './roles/journal.ts'
import type { ChildrenOptions } from './roles/tasks/known-tasks.ts'
import type { ReceiptsOf } from './roles/receipts/receipts-of.ts'
import type { TaskHandle } from './roles/tasks/task-handle.ts'
import type { WorkerInfo } from './roles/offers/workers.ts'
import type { AnyDefinition, TaskPolicy } from './task/definition.ts'
import type { TaskRecord, TaskState } from './task/state.ts'
import type { Value } from './task/values.ts'

export type { Explanation, TaskHandle, WorkerInfo }

export interface SubmitOptions {
  /** Folder that relative module paths are taken from; default the current one. */
  baseDir?: string
  /** Aborting before the task is accepted rejects; afterwards it cancels the task. */
  signal?: AbortSignal
  /** Goes before what the definition says. */
  policy?: Partial<TaskPolicy>
  /** Run it even when the result of the same task is known. */
  noCache?: boolean
}

export interface Node {
  readonly peerId: string
  readonly config: Config
  readonly modules: ModuleStore
  /** Large values of open tasks, and files that were handed over for tasks to come. */
  readonly blobs: Pick<Blobs, 'put' | 'read'>
  /** One task for each of many inputs. */
  readonly maps: Maps
  start (): Promise<void>
  /** With `drainMs`, takes no new work and lets what runs finish for that long. */
  stop (options?: { drainMs?: number }): Promise<void>
  /**
   * Checks the inputs, resolves the module and queues the task.
   * Rejects with ERR_INPUT, ERR_MODULE_*, ERR_URL_*, ERR_NOT_WASM, ERR_STORE, ERR_QUEUE_FULL; then nothing was queued.
   */
  submit (definition: AnyDefinition, inputs?: Record<string, Value>, options?: SubmitOptions): Promise<TaskHandle>
  /** A task that was submitted here, open or finished and kept. Rejects with ERR_JOURNAL, as the three below. */
  find (id: string): Promise<TaskHandle | undefined>
  /** Ids that begin so, at most `limit`. */
  idsWith (prefix: string, limit: number): Promise<string[]>
  /** Tasks that stand by themselves, newest first, at most MAX_LISTED_TASKS. */
  tasks (options?: Partial<ListOptions>): Promise<TaskRecord[]>
  /** Tasks of a job: steps, items, runs or replicas, by number. */
  children (id: string, options?: Partial<ChildrenOptions>): Promise<TaskRecord[]>
  /** How many tasks are in each state; of finished ones those that ended lately. */
  taskCounts (): Partial<Record<TaskState, number>>
  /** Results of this node for submitters that have not acknowledged them, and sealed ones of others that it keeps for theirs. */
  keptForOthers (): { owedResults: number, letters: number, letterBytes: number }
  /** The receipts of a finished task, with the records that they must fit. Rejects as `ReceiptsOf`. */
  receipts: ReceiptsOf
  addresses (): string[]
  peers (): ConnectedPeer[]
  /** Why a task that was submitted here is not running; asks the peers that are connected. Rejects with ERR_TASK_UNKNOWN. */
  explain (id: string, options?: SignalOptions): Promise<Explanation>
  /** Connected peers that run tasks, each asked where it holds no work stream, and those that the DHT knows when `discover` is set. */
  workers (options?: { discover?: boolean, signal?: AbortSignal }): Promise<WorkerInfo[]>
  /** Lets this node run its own tasks, when it was made with `worksForItself: false`. */
  workForItself (): void
  /** Resolves true once a peer is connected, false after `timeoutMs`. */
  waitForPeer (timeoutMs: number): Promise<boolean>
}

export type LogLevel = 'error' | 'warn' | 'info' | 'debug'

export interface NodeInit {
  /** Take tasks of other nodes. Default true; a command that only submits sets false. */
  worksForOthers?: boolean
  /** Run own tasks here too. Default true; with false, `workForItself` turns it on later. */
  worksForItself?: boolean
  /** Use a network. Default true; with false the node is alone and loads no network code. */
  networked?: boolean
  /** Keep tasks, results and what is owed to others in a journal in the data folder. Default: unless the node is ephemeral or without a network. */
  durable?: boolean
  log?: (level: LogLevel, message: string) => void
}

/** Makes a node; nothing runs before `start`. Everything in `config` has a default. Rejects with ERR_CONFIG. */
export function createNode (config: Partial<Config> = {}, init: NodeInit = {}): Promise<Node> {
  return createComposedNode(config, init)
}
