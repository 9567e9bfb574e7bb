/**
 * The number of the last write that was promised, in a file beside the database: a log that lost its end looks like one that
 * never had it, and only this file knows better. It is written after each promised write and is not synced: it may be behind,
 * which hides nothing after a mere kill, and never ahead.
 */
import { open, readFile, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'

const NAME = 'PROMISED'
const DIGITS = 16

export class Mark {
  private readonly file: FileHandle
  private wanted = 0
  private writing: Promise<void> | undefined

  private constructor (file: FileHandle) {
    this.file = file
  }

  static async open (dir: string): Promise<Mark> {
    return new Mark(await open(join(dir, NAME), 'a+').then(async (made) => {
      await made.close()
      return await open(join(dir, NAME), 'r+')
    }))
  }

  /** Write number `count` is on disk. */
  note (count: number): void {
    this.wanted = count
    this.writing ??= this.write()
  }

  async close (): Promise<void> {
    await this.writing
    await this.file.close()
  }

  private async write (): Promise<void> {
    try {
      for (let written = -1; written !== this.wanted;) {
        written = this.wanted
        // On a full disk it stays behind.
        await this.file.write(String(written).padStart(DIGITS, '0'), 0).catch(() => {})
      }
    } finally {
      this.writing = undefined
    }
  }
}

/** The last write that was promised; 0 when nothing says so. */
export async function promisedIn (dir: string): Promise<number> {
  const text = await readFile(join(dir, NAME), 'latin1').catch(() => '')
  return /^\d{16}$/.test(text) ? Number(text) : 0
}
