/** How nodes, tasks and peers look in JSON: on the control socket, in `--json` and in `status`. */
import type { StoredModule } from '../modules/modules.ts'
import type { Node, WorkerInfo } from '../node.ts'
import { TASK_STATES, type TaskRecord } from '../task/state.ts'
import type { Usage } from '../task/usage.ts'
import type { Mapping, Value } from '../task/values.ts'

export type View = Mapping

export interface TaskViewOptions {
  /** Outputs that are left out. */
  without?: readonly string[]
}

/** One task. Times are ISO 8601, states upper case; keys without a value are left out. */
export function taskView (record: TaskRecord, { without = [] }: TaskViewOptions = {}): View {
  // A call that never began took nothing.
  const usage = record.usage?.wallMs === 0 ? undefined : record.usage
  return compact({
    id: record.id,
    name: record.name,
    state: record.state.toUpperCase(),
    worker: record.worker,
    attempts: record.attempts,
    createdAt: time(record.createdAtMs),
    claimedAt: time(record.claimedAtMs),
    startedAt: time(record.startedAtMs),
    endedAt: time(record.endedAtMs),
    timings: compact({
      waitedMs: waitedMs(record),
      ranMs: microseconds(usage?.wallMs),
      totalMs: between(record.createdAtMs, record.endedAtMs),
    }),
    usage: usage === undefined ? undefined : usageView(usage),
    outputs: record.outputs === undefined ? undefined : outputsView(record.outputs, without),
    reusedFrom: record.reusedFrom,
    ranAt: record.reusedFrom === undefined ? undefined : time(record.receipt?.body.endedAtMs),
    job: record.job === undefined ? undefined : compact({ ...record.job }),
    differed: record.differed === undefined ? undefined : [...record.differed],
    error: record.failure === undefined ? undefined : { code: record.failure.code, message: record.failure.message, by: record.failure.by },
    declines: record.declines.length === 0 ? undefined : record.declines.map((decline) => (
      { peer: decline.peer, code: decline.code, reason: decline.reason, at: time(decline.atMs) ?? null })),
  })
}

/** To the start of the newest attempt. Of a short call no start is known: then it is what its end and its time leave. */
function waitedMs ({ createdAtMs, claimedAtMs, startedAtMs, endedAtMs, usage, reusedFrom }: TaskRecord): number | undefined {
  if (startedAtMs === undefined && endedAtMs !== undefined && usage !== undefined && reusedFrom === undefined) return between(createdAtMs, Math.round(endedAtMs - usage.wallMs))
  return between(createdAtMs, startedAtMs ?? claimedAtMs)
}

function usageView ({ wallMs, cpuMs, memoryBytes, fuel, moduleBytes, fileBytes }: Usage): View {
  return compact({ wallMs: microseconds(wallMs), cpuMs: microseconds(cpuMs), memoryBytes, fuel, moduleBytes, fileBytes })
}

/** Milliseconds to the third place; what is behind that is noise. */
function microseconds (ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : Math.round(ms * 1000) / 1000
}

function outputsView (outputs: Mapping, without: readonly string[]): View {
  return without.length === 0 ? outputs : Object.fromEntries(Object.entries(outputs).filter(([name]) => !without.includes(name)))
}

/** What happened to a task, in order. */
export function historyView ({ id, history }: TaskRecord): View {
  const events = history.map(({ atMs, kind, peer, fence, detail }) => compact({ at: time(atMs), event: kind, peer, fence, detail }))
  return { id, events }
}

/** One line of `list`: what of a task fits in a table. */
export function taskSummary (record: TaskRecord): View {
  const { id, name, state, worker, createdAt, endedAt } = taskView(record)
  return compact({ id, name, state, worker, createdAt, endedAt, error: record.failure?.code })
}

export function nodeView (node: Node, { version, startedAtMs }: { version: string, startedAtMs: number }): View {
  const counts = node.taskCounts()
  const tasks = Object.fromEntries(TASK_STATES.map((state) => [state.toUpperCase(), counts[state] ?? 0]))
  const { dataDir, mdns, workerCount, memoryLimitBytes } = node.config
  return {
    peerId: node.peerId,
    version,
    pid: process.pid,
    startedAt: new Date(startedAtMs).toISOString(),
    addresses: node.addresses(),
    peers: node.peers().length,
    tasks,
    keptForOthers: node.keptForOthers(),
    config: { dataDir, mdns, workerCount, memoryLimitBytes },
  }
}

export function peerViews (node: Node): View[] {
  return node.peers().map((peer) => compact({
    peer: peer.peer, direction: peer.direction, connectedAt: time(peer.connectedAtMs), latencyMs: peer.latencyMs, addresses: peer.addresses,
  }))
}

export function workerViews (workers: readonly WorkerInfo[]): View[] {
  return workers.map(({ peer, connected, slots, leases, memoryLimitBytes, engine, features, labels = {} }) => (
    { peer, connected, slots, leases, memoryLimitBytes, engine, features, labels: { ...labels } }))
}

export function moduleViews (modules: readonly StoredModule[]): View[] {
  return modules.map(({ cid, size, usedAtMs }) => ({ cid, size, usedAt: new Date(usedAtMs).toISOString() }))
}

/** ISO 8601 of Unix milliseconds. */
export function time (ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString()
}

function between (startMs: number, endMs: number | undefined): number | undefined {
  return endMs === undefined ? undefined : Math.max(0, endMs - startMs)
}

/** Without the keys that hold nothing. */
export function compact (entries: Record<string, Value | undefined>): View {
  const view: View = {}
  for (const [key, value] of Object.entries(entries)) if (value !== undefined) view[key] = value
  return view
}
