/** What jobs need to go on after a restart, in bytes of their own kind. */
import { CorebrumError } from '../../errors.ts'
import type { Database } from '../../journal/database.ts'
import { MAX_JOB_BYTES } from '../../limits.ts'
import { allOf } from './keys.ts'
import type { Tally } from './tally.ts'

export class JobRows {
  private readonly database: Database
  private readonly tally: Tally
  /** Of the jobs that are open. */
  readonly ids = new Set<string>()

  constructor ({ database, tally }: { database: Database, tally: Tally }) {
    this.database = database
    this.tally = tally
  }

  async load (): Promise<void> {
    for await (const rows of this.database.rows(allOf('j'))) for (const { key } of rows) this.ids.add(key.slice(2))
  }

  /** Rejects with ERR_JOURNAL and ERR_QUEUE_FULL; then a new job is not there, and one that was there is written later. */
  async save (id: string, bytes: Uint8Array): Promise<void> {
    if (bytes.length > MAX_JOB_BYTES) throw new CorebrumError('ERR_JOURNAL', `job ${id} has ${bytes.length} bytes, and ${MAX_JOB_BYTES} are kept of a job`)
    const isNew = !this.ids.has(id)
    const key = `j!${id}`
    // The caller may go on to use its bytes.
    this.database.put(key, Uint8Array.from(bytes), { strict: isNew })
    if (isNew) {
      this.ids.add(id)
      this.tally.add(key)
    }
    try {
      await this.database.strictly(true)
    } catch (error) {
      if (isNew) this.drop(id)
      throw error
    }
  }

  drop (id: string): void {
    if (!this.ids.delete(id)) return
    const key = `j!${id}`
    this.database.delete(key)
    this.tally.remove(key)
  }

  async * all (): AsyncGenerator<{ id: string, bytes: Uint8Array }> {
    for await (const rows of this.database.rows(allOf('j'))) {
      for (const { key, body } of rows) if (this.ids.has(key.slice(2))) yield { id: key.slice(2), bytes: Uint8Array.from(body) }
    }
  }
}
