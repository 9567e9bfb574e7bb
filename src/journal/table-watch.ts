/**
 * Looks through the tables of a database: a bounded part of them before it is opened, the rest while it is in use, at a bounded
 * pace, and all of them once a day. As long as some are left, a file says so: when the process ends by then without closing
 * the database, as LevelDB makes it do when it meets damage, the next start looks at all of them first.
 */
import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { JOURNAL_CHECK_BYTES_PER_SECOND, JOURNAL_CHECK_MS, JOURNAL_CHECKED_BYTES } from '../limits.ts'
import { damageOfTable, tablesOf, type TableFile } from './table-check.ts'

const NOTE = 'UNCHECKED'
/** Looked at without a pause: a millisecond. */
const BYTES_AT_ONCE = 128 * 1024

export interface StartCheck {
  /** In words; undefined when what was looked at is sound. */
  damage?: string
  /** Tables that are left for later. */
  unchecked: TableFile[]
}

/** Looks at the newest tables up to `maxBytes` (default JOURNAL_CHECKED_BYTES), or at all after a process that ended before it had. */
export async function checkAtStart (dir: string, maxBytes = JOURNAL_CHECKED_BYTES): Promise<StartCheck> {
  const tables = await tablesOf(dir)
  let left = (await readdir(dir)).includes(NOTE) ? Infinity : maxBytes
  for (const [index, table] of tables.entries()) {
    left -= table.bytes
    if (left < 0) {
      await note(dir)
      return { unchecked: tables.slice(index) }
    }
    const damage = await damageOfTable(dir, table, () => undefined)
    if (damage !== undefined) return { damage, unchecked: [] }
  }
  await rm(join(dir, NOTE), { force: true })
  return { unchecked: [] }
}

/** On a full disk there is none. */
async function note (dir: string): Promise<void> {
  await writeFile(join(dir, NOTE), '').catch(() => {})
}

export interface TableWatchInit {
  dir: string
  /** Left over by the check at the start. */
  unchecked: readonly TableFile[]
  /** Called once, with the name of a damaged table. */
  onDamage: (name: string) => void
  /** Default JOURNAL_CHECK_BYTES_PER_SECOND. */
  bytesPerSecond?: number
  /** Default JOURNAL_CHECK_MS. */
  everyMs?: number
}

export class TableWatch {
  private readonly init: TableWatchInit
  private readonly stopping = new AbortController()
  private readonly running: Promise<void>
  /** Bytes since the last pause. */
  private looked = 0

  constructor (init: TableWatchInit) {
    this.init = init
    // To be stopped is its only end; a file that cannot be read now is looked at again at the next start.
    this.running = this.run().catch(() => {})
  }

  /** The database is being closed as it should be. */
  async stop (): Promise<void> {
    this.stopping.abort()
    await this.running
    await rm(join(this.init.dir, NOTE), { force: true }).catch(() => {})
  }

  private async run (): Promise<void> {
    const { dir, unchecked, everyMs = JOURNAL_CHECK_MS } = this.init
    let tables = unchecked
    while (await this.areSound(tables)) {
      if (tables.length > 0) await rm(join(dir, NOTE), { force: true })
      await wait(everyMs, undefined, { ref: false, signal: this.stopping.signal })
      tables = await tablesOf(dir)
      await note(dir)
    }
  }

  private async areSound (tables: readonly TableFile[]): Promise<boolean> {
    for (const table of tables) {
      if (await damageOfTable(this.init.dir, table, (bytes) => this.pace(bytes)) === undefined) continue
      this.init.onDamage(table.name)
      return false
    }
    return true
  }

  private pace (bytes: number): Promise<void> | undefined {
    this.looked += bytes
    if (this.looked < BYTES_AT_ONCE) return undefined
    const ms = this.looked * 1_000 / (this.init.bytesPerSecond ?? JOURNAL_CHECK_BYTES_PER_SECOND)
    this.looked = 0
    return wait(ms, undefined, { ref: false, signal: this.stopping.signal })
  }
}
