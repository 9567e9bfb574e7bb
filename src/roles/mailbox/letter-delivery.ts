/** Hands the results of a letter to this node's submitter, as if they came over a work stream of the worker that signed it. */
import { CorebrumError } from '../../errors.ts'
import { LETTER_TIMEOUT_MS } from './limits.ts'
import type { OpenedLetter } from './letters.ts'
import type { WorkerLink } from '../link.ts'
import type { Submitter } from '../submitter/submitter.ts'

/** `holder` kept it. Resolves when every result is acknowledged: kept, or of no use. Rejects with ERR_WAIT_TIMEOUT when that takes too long. */
export async function deliverLetter (submitter: Pick<Submitter, 'hear'>, { worker, messages }: OpenedLetter, holder: string, timeoutMs: number = LETTER_TIMEOUT_MS / 2): Promise<void> {
  const results = messages.filter((message) => message.kind === 'result')
  const receipts = messages.filter((message) => message.kind === 'receipts')
  const open = new Set(results.map(({ taskId, fence }) => `${taskId} ${fence}`))
  let timer: NodeJS.Timeout | undefined
  let heard: WorkerLink['onMessages']
  try {
    await new Promise<void>((resolve, reject) => {
      timer = setTimeout(() => { reject(new CorebrumError('ERR_WAIT_TIMEOUT', `${open.size} results were not taken within ${timeoutMs} ms`)) }, timeoutMs).unref()
      const link: WorkerLink = {
        peer: worker,
        local: false,
        holder,
        bufferedBytes: 0,
        send (message) {
          if (message.kind !== 'ack') return
          for (const { taskId, fence } of message.leases) open.delete(`${taskId} ${fence}`)
          if (open.size === 0) resolve()
        },
        close: () => Promise.resolve(),
        abort: reject,
      }
      submitter.hear(link)
      link.onMessages?.(results)
      // They count for results that were taken.
      heard = link.onMessages
    })
    if (receipts.length > 0) heard?.(receipts)
  } finally {
    clearTimeout(timer)
  }
}
