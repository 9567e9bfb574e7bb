/** One corebrum node: composes network, modules, executor and roles, and owns their start and stop order. */
import type { Config } from './config.ts'
import type { ConnectedPeer } from './network/network.ts'
import type { ModuleStore } from './modules/modules.ts'
import type { TaskDefinition } from './task/definition.ts'
import type { TaskRecord } from './task/state.ts'
import type { Value } from './task/values.ts'

export interface SubmitOptions {
  /** Folder that relative module paths are taken from; default the current one. */
  baseDir?: string
  /** Aborting before the task is accepted rejects; afterwards it cancels the task. */
  signal?: AbortSignal
}

/** A submitted task. */
export interface TaskHandle {
  readonly id: string
  /** The task as it stands now. */
  record (): TaskRecord
  /** The final record, whatever the final state is; rejects only with ERR_CANCELLED for `signal` (the wait, not the task). */
  done (options?: { signal?: AbortSignal }): Promise<TaskRecord>
  /** The outputs; rejects with a CorebrumError of the task's own code when it did not complete. */
  result (options?: { signal?: AbortSignal }): Promise<Record<string, Value>>
  /** Each change of state, ending with the final one. */
  events (): AsyncIterable<TaskRecord>
  cancel (): void
}

/** A peer that says in this mesh that it runs tasks. */
export interface WorkerInfo {
  peer: string
  /** True when it holds an open work stream to this node. */
  connected: boolean
  slots: number
  /** Leases of this node's tasks that it holds now. */
  leases: number
  memoryLimitBytes: number
  engine: string
  features: string[]
}

export interface Node {
  readonly peerId: string
  readonly config: Config
  readonly modules: ModuleStore
  start (): Promise<void>
  /** With `drainMs`, takes no new work and lets what runs finish for that long. */
  stop (options?: { drainMs?: number }): Promise<void>
  /**
   * Checks the inputs, resolves the module and queues the task.
   * Rejects with ERR_INPUT, ERR_MODULE_*, ERR_URL_*, ERR_NOT_WASM, ERR_QUEUE_FULL; then nothing was queued.
   */
  submit (definition: TaskDefinition, inputs?: Record<string, Value>, options?: SubmitOptions): Promise<TaskHandle>
  task (id: string): TaskHandle | undefined
  /** Newest first. */
  tasks (): TaskRecord[]
  addresses (): string[]
  peers (): ConnectedPeer[]
  /** Workers known from open work streams, and from the DHT when `discover` is set. */
  workers (options?: { discover?: boolean, signal?: AbortSignal }): Promise<WorkerInfo[]>
  /** Resolves true once a peer is connected, false after `timeoutMs`. */
  waitForPeer (timeoutMs: number): Promise<boolean>
}

/** Makes a node; nothing runs before `start`. Everything in `config` has a default. */
export declare function createNode (config?: Partial<Config>): Promise<Node>
