/** Open jobs that run for ever: what the journal has of each, so that their oldest tasks go before those of others have to. */
import type { Database } from '../../journal/database.ts'
import { parentId } from '../../task/task-id.ts'
import { finishedFromCbor, receiptKey } from './finished.ts'
import { descendantsOf } from './keys.ts'

/** Finished tasks of one job, those of jobs among them too, and the bytes of what is kept of them. */
export interface Amount { tasks: number, bytes: number }

export class EndlessJobs {
  private readonly database: Database
  private readonly amounts = new Map<string, Amount>()

  constructor (database: Database) {
    this.database = database
  }

  /** A task came or went, or takes more or less than before. */
  count (id: string, tasks: number, bytes: number): void {
    if (this.amounts.size === 0) return
    for (let job = parentId(id); job !== undefined; job = parentId(job)) {
      const amount = this.amounts.get(job)
      if (amount !== undefined) add(amount, tasks, bytes)
    }
  }

  /** What each of these jobs has; it is counted once, and then followed for as long as the job is among them. Rejects with ERR_JOURNAL. */
  async of (jobs: ReadonlySet<string>): Promise<ReadonlyMap<string, Amount>> {
    for (const job of this.amounts.keys()) if (!jobs.has(job)) this.amounts.delete(job)
    for (const job of jobs) {
      if (this.amounts.has(job)) continue
      // What was put before is on disk, and what is put from now on is counted as it comes.
      await this.database.patiently(false)
      const amount = { tasks: 0, bytes: 0 }
      this.amounts.set(job, amount)
      await this.countAll(job, amount).catch((error: unknown) => {
        this.amounts.delete(job)
        throw error
      })
    }
    return this.amounts
  }

  private async countAll (job: string, amount: Amount): Promise<void> {
    for (const range of descendantsOf(job)) {
      for await (const rows of this.database.rows(range)) {
        const receipts = await this.database.getMany(rows.map(({ key }) => receiptKey(key)))
        rows.forEach(({ body }, index) => { add(amount, 1, body.length + fileBytes(body) + (receipts[index]?.length ?? 0)) })
      }
    }
  }
}

/** How much each may have so that all together have no more than `room`: those that have less leave the rest to the others. */
export function evenShare (amounts: readonly number[], room: number): number {
  let left = room
  const sorted = [...amounts].sort((a, b) => a - b)
  for (const [index, amount] of sorted.entries()) {
    const share = left / (sorted.length - index)
    if (amount > share) return share
    left -= amount
  }
  return Infinity
}

function add (amount: Amount, tasks: number, bytes: number): void {
  amount.tasks = Math.max(0, amount.tasks + tasks)
  amount.bytes = Math.max(0, amount.bytes + bytes)
}

/** A row that cannot be read is told of by whoever uses it. */
function fileBytes (body: Uint8Array): number {
  try {
    return finishedFromCbor(body).file?.size ?? 0
  } catch {
    return 0
  }
}
