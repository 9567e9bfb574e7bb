/**
 * The folder of unfinished modules. A file named by its CID alone is free to be resumed; while somebody writes to it, it
 * also carries the owner's process in its name, so that several processes can share the folder (renames are atomic).
 */
import { mkdir, readdir, rename, stat, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { MAX_PARTIAL_AGE_MS, MAX_PARTIAL_BYTES, MAX_PARTIAL_FILES } from './limits.ts'
import { isAlive, PROCESS_NAME } from './process-token.ts'
import { storeError } from './store-error.ts'

const CLAIMED = /^(bafkrei[a-z2-7]{52})\.(\d+)-([0-9a-f]+)\.\d+$/
const FREE = /^bafkrei[a-z2-7]{52}$/

let claims = 0

export class Partials {
  readonly #dir: string

  constructor (dir: string) {
    this.#dir = dir
  }

  async start (): Promise<void> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 })
    for (const name of await readdir(this.#dir)) {
      const [, cid, pid, token] = CLAIMED.exec(name) ?? []
      if (cid !== undefined && !isAlive(Number(pid), token)) await this.free(cid, join(this.#dir, name))
    }
    await this.trim()
  }

  /** A path that is this writer's own, and whether the file of an earlier attempt is there. */
  async claim (cid: string): Promise<{ path: string, resumed: boolean }> {
    const path = this.fresh(cid)
    try {
      await rename(join(this.#dir, cid), path)
      return { path, resumed: true }
    } catch {
      return { path, resumed: false }
    }
  }

  /** A path of its own for a file that begins empty. */
  fresh (cid: string): string {
    return join(this.#dir, `${cid}.${PROCESS_NAME}.${claims++}`)
  }

  /** Writes a whole file; its path. Rejects with ERR_STORE. */
  async write (cid: string, bytes: Uint8Array, sync: boolean): Promise<string> {
    const path = this.fresh(cid)
    try {
      await writeFile(path, bytes, { flag: 'wx', mode: 0o600, flush: sync })
      return path
    } catch (error) {
      await this.drop(path).catch(() => {})
      throw storeError(error, path)
    }
  }

  /** Leaves a claimed file for a later attempt; of two for one CID the longer one stays. */
  async free (cid: string, path: string): Promise<void> {
    const target = join(this.#dir, cid)
    const [mine, other] = await Promise.all([sizeOf(path), sizeOf(target)])
    if (mine === 0 || mine <= other) await this.drop(path)
    else await rename(path, target).catch(ignoreMissing)
  }

  async drop (path: string): Promise<void> {
    await unlink(path).catch(ignoreMissing)
  }

  /** Drops free files that are too old, then the oldest until the rest is within the limits. */
  async trim (): Promise<void> {
    const names = (await readdir(this.#dir)).filter((name) => FREE.test(name))
    const files = await Promise.all(names.map(async (name) => {
      const path = join(this.#dir, name)
      const info = await stat(path).catch(() => undefined)
      return { path, size: info?.size ?? 0, mtimeMs: info?.mtimeMs ?? 0 }
    }))
    files.sort((a, b) => b.mtimeMs - a.mtimeMs)
    const oldest = Date.now() - MAX_PARTIAL_AGE_MS
    let bytes = 0
    for (const [place, file] of files.entries()) {
      bytes += file.size
      if (file.mtimeMs < oldest || place >= MAX_PARTIAL_FILES || bytes > MAX_PARTIAL_BYTES) await this.drop(file.path)
    }
  }
}

async function sizeOf (path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0
}

/** Another process that shares the folder may have been faster. */
function ignoreMissing (error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error
}
