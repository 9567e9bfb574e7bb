/** The receipts of a task that was submitted here: its own, or, where several workers agreed on it, one of each of them. */
import { CorebrumError } from '../../errors.ts'
import { MAX_REPLICAS, RECEIPT_WAIT_MS } from '../../limits.ts'
import type { Receipt } from '../../task/receipt.ts'
import { isFinal, type TaskRecord } from '../../task/state.ts'
import type { KnownTasks } from '../tasks/known-tasks.ts'
import type { TaskTable } from '../tasks/task-table.ts'

/** A receipt, and the task that it must fit. */
export interface KeptReceipt {
  receipt: Receipt
  record: TaskRecord
}

export interface ReceiptsOfComponents {
  tasks: TaskTable
  known: Pick<KnownTasks, 'find' | 'children'>
}

/**
 * At least one. A receipt comes a moment behind its result; it is waited for. Rejects with ERR_TASK_UNKNOWN, ERR_RECEIPT when there
 * is none, ERR_JOURNAL.
 */
export type ReceiptsOf = (id: string) => Promise<KeptReceipt[]>

export function createReceiptsOf ({ tasks, known }: ReceiptsOfComponents): ReceiptsOf {
  async function recordOf (id: string): Promise<TaskRecord> {
    const handle = await known.find(id)
    if (handle === undefined) throw new CorebrumError('ERR_TASK_UNKNOWN', `there is no task ${id}`)
    return handle.record()
  }

  /** Resolves with the receipt of a task that has just ended; without one when none comes in time. */
  async function arrived (record: TaskRecord): Promise<Receipt | undefined> {
    const isNew = record.endedAtMs !== undefined && Date.now() - record.endedAtMs < RECEIPT_WAIT_MS
    if (record.receipt !== undefined || record.worker === undefined || !isNew || tasks.get(record.id) === undefined) return record.receipt
    return await new Promise((resolve) => {
      const end = (receipt?: Receipt): void => {
        clearTimeout(timer)
        unlisten()
        resolve(receipt)
      }
      const timer = setTimeout(end, RECEIPT_WAIT_MS)
      const unlisten = tasks.listen(record.id, ({ receipt }) => { if (receipt !== undefined) end(receipt) }, end)
    })
  }

  async function agreed (job: TaskRecord): Promise<KeptReceipt[]> {
    const kept: KeptReceipt[] = []
    for (const record of await known.children(job.id, { limit: MAX_REPLICAS })) {
      const { worker, state } = record
      if (state !== job.state || worker === undefined || job.differed?.includes(worker) === true) continue
      const receipt = await arrived(record)
      if (receipt !== undefined) kept.push({ receipt, record })
    }
    return kept
  }

  return async (id) => {
    const record = await recordOf(id)
    if (!isFinal(record.state)) throw new CorebrumError('ERR_RECEIPT', `task ${id} is ${record.state}; its receipt comes with its result`)
    const receipt = await arrived(record)
    if (receipt !== undefined) return [{ receipt, record }]
    const job = record.reusedFrom === undefined ? record : await recordOf(record.reusedFrom)
    const receipts = job.job?.kind === 'agreement' ? await agreed(job) : []
    if (receipts.length > 0) return receipts
    throw new CorebrumError('ERR_RECEIPT', `task ${id} has no receipt: ${whyNone(record)}`)
  }
}

function whyNone ({ job, worker, failure }: TaskRecord): string {
  if (job !== undefined) return 'it is made of other tasks, each of which has its own: see `corebrum status --chain`'
  if (worker === undefined) return 'no worker gave its result'
  return failure?.code === 'ERR_RESULT_TYPE' ? 'this node did not take what its worker gave' : 'its worker went away before it had signed it'
}
