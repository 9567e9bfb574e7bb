/** Finished tasks in memory: so many, and of so many bytes; the oldest go first. */
import Denque from 'denque'
import { approximateBytes } from '../../task/size.ts'
import type { TaskRecord } from '../../task/state.ts'

/** Removed tasks that the queue may hold on to besides as many as are kept. */
const MAX_REMOVED_IN_QUEUE = 64

export class FinishedShelf {
  private readonly maxTasks: number
  private readonly maxBytes: number
  private readonly onDrop: (id: string) => void
  private readonly sizes = new Map<string, number>()
  /** Oldest first, with some that were removed. A map finds its oldest slowly when many before it were deleted. */
  private readonly queue = new Denque<string>()
  private bytes = 0

  constructor (maxTasks: number, maxBytes: number, onDrop: (id: string) => void) {
    this.maxTasks = maxTasks
    this.maxBytes = maxBytes
    this.onDrop = onDrop
  }

  add (record: TaskRecord): void {
    const bytes = bytesOf(record)
    this.sizes.set(record.id, bytes)
    this.queue.push(record.id)
    this.bytes += bytes
    while (this.sizes.size > this.maxTasks || this.bytes > this.maxBytes) {
      const oldest = this.queue.shift()
      if (oldest === undefined) return
      if (!this.sizes.has(oldest)) continue
      this.remove(oldest)
      this.onDrop(oldest)
    }
  }

  remove (id: string): void {
    const bytes = this.sizes.get(id)
    if (bytes === undefined) return
    this.bytes -= bytes
    this.sizes.delete(id)
    if (this.queue.length <= 2 * this.sizes.size + MAX_REMOVED_IN_QUEUE) return
    const left = this.queue.toArray().filter((other) => this.sizes.has(other))
    this.queue.clear()
    for (const other of left) this.queue.push(other)
  }
}

/** Memory of what a finished task keeps, about. */
function bytesOf ({ outputs, logs, failure, declines }: TaskRecord): number {
  let chars = logs.length + (failure?.message.length ?? 0)
  for (const { reason } of declines) chars += reason.length
  return approximateBytes(outputs ?? null) + chars * 2
}
