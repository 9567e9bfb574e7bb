/** Tasks and records as a submitter hands them to its journal. */
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { CorebrumError } from '../../src/errors.ts'
import { createTaskJournal, type DurableJournal, type TaskJournalInit } from '../../src/roles/journal/level.ts'
import type { OwedResult, RecoveredTask } from '../../src/roles/journal.ts'
import type { NewTask } from '../../src/roles/submitter/open-task.ts'
import type { Receipt } from '../../src/task/receipt.ts'
import { newTask, reduceTask, type TaskEvent, type TaskRecord } from '../../src/task/state.ts'
import { NO_USAGE } from '../../src/task/usage.ts'
import type { Value } from '../../src/task/values.ts'
import { completed, program } from './roles.ts'

export const MODULE_CID = 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'
const shared = program({ name: 'sample', module: { cid: MODULE_CID, size: 100, urls: [] } })

export function taskOf (overrides: Partial<NewTask> = {}): NewTask {
  return { id: randomUUID(), program: shared, values: [5], ...overrides }
}

export function recordOf ({ id, program: { name } }: Pick<NewTask, 'id' | 'program'>, events: TaskEvent[] = []): TaskRecord {
  return events.reduce(reduceTask, newTask(id, name, 1_700_000_000_000))
}

export const leased = (fence: number, worker = 'worker-a'): TaskEvent => ({ type: 'leased', worker, fence, atMs: 1_700_000_001_000 + fence })

export function completedEvent (outputs: Record<string, Value> = { result: 120 }): TaskEvent {
  return { type: 'completed', worker: 'worker-a', outputs, usage: { ...NO_USAGE, wallMs: 3 }, logs: 'done\n', atMs: 1_700_000_009_000 }
}

/** A finished task. */
export function finishedOf (overrides: Partial<TaskRecord> = {}, outputs?: Record<string, Value>): TaskRecord {
  return { ...recordOf(taskOf(), [leased(1), completedEvent(outputs)]), ...overrides }
}

export function receiptOf ({ id, fence }: Pick<TaskRecord, 'id' | 'fence'>): Receipt {
  const hash = 'ab'.repeat(32)
  const usage = { ...NO_USAGE, wallMs: 3 }
  return {
    body: {
      version: 1, taskId: id, fence, worker: 'worker-a', submitter: 'submitter', module: MODULE_CID, functionName: 'main', program: hash, inputs: hash,
      limits: { memoryBytes: 1_000_000, timeMs: 60_000 }, status: 'ok', outputs: hash, usage, startedAtMs: 1_700_000_002_000, endedAtMs: 1_700_000_003_000,
    },
    path: [{ side: 'left', hash }, { side: 'right', hash: 'cd'.repeat(32) }],
    signature: Buffer.alloc(64, 7).toString('base64'),
  }
}

export function owedOf (overrides: Partial<OwedResult> = {}): OwedResult {
  return { submitter: 'submitter-a', taskId: randomUUID(), fence: 1, outcome: completed(), atMs: 1_700_000_000_000, ...overrides }
}

export async function all<T> (items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

/** Without the functions that come with it. */
export function plain ({ task: { release: _, ...task }, record, granted }: RecoveredTask): unknown {
  return { task, record, granted: [...granted] }
}

/** Makes journals in temporary folders and stops them after the test. Call within `describe`. */
export function useJournals (tempDir: () => Promise<string>): {
  start: (dataDir: string, init?: Partial<TaskJournalInit>) => Promise<DurableJournal>
  fresh: (init?: Partial<TaskJournalInit>) => Promise<{ journal: DurableJournal, dataDir: string }>
} {
  const started: DurableJournal[] = []
  afterEach(async () => { await Promise.all(started.splice(0).map((journal) => journal.stop().catch(() => {}))) })
  const start = async (dataDir: string, init: Partial<TaskJournalInit> = {}): Promise<DurableJournal> => {
    const journal = createTaskJournal({ dir: join(dataDir, 'journal'), outputsDir: join(dataDir, 'outputs'), adopt: async (cid) => { throw new CorebrumError('ERR_BLOB_NOT_FOUND', cid) }, ...init })
    started.push(journal)
    await journal.start()
    return journal
  }
  return {
    start,
    async fresh (init) {
      const dataDir = await tempDir()
      return { journal: await start(dataDir, init), dataDir }
    },
  }
}
