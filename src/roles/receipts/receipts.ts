/** The receipts of a node: written for what it ran for others and itself, read for what others ran for it. */
import type { Network } from '../../network/network.ts'
import type { Receipt } from '../../task/receipt.ts'
import { resultKey } from '../../task/receipt-digests.ts'
import type { TaskJournal } from '../journal.ts'
import { ReceiptReader } from './receipts-reader.ts'
import { ReceiptWriter } from './receipts-writer.ts'
import type { Reuse } from './reuse.ts'
import { reduceTask } from '../../task/state.ts'
import type { TaskTable } from '../tasks/task-table.ts'

export interface ReceiptsComponents {
  network: Pick<Network, 'peerId' | 'sign'>
  tasks: TaskTable
  journal: Pick<TaskJournal, 'durable' | 'find' | 'amended'>
  reuse: Pick<Reuse, 'note'>
  log: (message: string) => void
  /** As ReceiptReader's. */
  isSigned?: (peer: string, root: string, signature: Uint8Array) => boolean
}

export interface Receipts {
  readonly writer: ReceiptWriter
  readonly reader: ReceiptReader
}

export function createReceipts ({ network, tasks, journal, reuse, log, isSigned }: ReceiptsComponents): Receipts {
  function keep (taskId: string, receipt: Receipt, deterministic: boolean): void {
    const after = tasks.apply(taskId, { type: 'receipted', receipt })
    if (after === undefined) void keepOnDisk(taskId, receipt)
    else if (journal.durable) journal.amended(after)
    if (deterministic && after !== undefined) reuse.note(resultKey(receipt.body.program, receipt.body.inputs), after)
  }

  /** The table has forgotten the task meanwhile. */
  async function keepOnDisk (taskId: string, receipt: Receipt): Promise<void> {
    const record = await journal.find(taskId).catch(() => undefined)
    if (record !== undefined) journal.amended(reduceTask(record, { type: 'receipted', receipt }))
  }

  return {
    writer: new ReceiptWriter({ sign: (root) => network.sign('receipt', root), log }),
    reader: new ReceiptReader({
      peerId: network.peerId,
      ...(isSigned === undefined ? {} : { isSigned }),
      onReceipt: ({ taskId, program }, receipt) => { keep(taskId, receipt, program.deterministic === true && !program.grants.networking) },
      log,
    }),
  }
}
