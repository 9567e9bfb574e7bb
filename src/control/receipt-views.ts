/** Receipts in JSON: as they are exported, and with what came of checking them. */
import type { ReceiptFinding } from '../task/receipt-check.ts'
import type { Receipt } from '../task/receipt.ts'
import { compact, type View } from './views.ts'

export type { View }

/** The export: what `readReceipt` takes. */
export function receiptView ({ body, path, signature }: Receipt): View {
  const { limits, usage, ...said } = body
  return {
    body: { ...compact(said), limits: compact({ ...limits }), usage: compact({ ...usage }) },
    path: path.map(({ side, hash }) => ({ side, hash })),
    signature,
  }
}

/** One receipt as `verify` shows it. `ok` is false when any part does not fit; parts that nobody could look at have no `fits`. */
export function findingViews ({ body }: Receipt, findings: readonly ReceiptFinding[]): View {
  return {
    task: body.taskId,
    worker: body.worker,
    status: body.status,
    endedAt: new Date(body.endedAtMs).toISOString(),
    ok: findings.every(({ fits }) => fits !== false),
    findings: findings.map(({ part, fits, detail }) => compact({ part, fits, detail })),
  }
}
