/** How the store's files are named, and the index entries of those that are there at the start. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { IndexEntry } from './store-index.ts'

const MODULE_FILE = /^(bafkrei[a-z2-7]{52})\.wasm$/
const STATS_AT_ONCE = 64

/** The file of a module; `cid` must come from `parseCid`, which leaves nothing that a path could be built of. */
export function modulePath (dir: string, cid: string): string {
  return join(dir, `${cid}.wasm`)
}

/** The modules in `dir`, the one used longest ago first. */
export async function scanModules (dir: string): Promise<IndexEntry[]> {
  const cids = (await readdir(dir)).flatMap((name) => MODULE_FILE.exec(name)?.[1] ?? [])
  const entries: IndexEntry[] = []
  for (let i = 0; i < cids.length; i += STATS_AT_ONCE) {
    await Promise.all(cids.slice(i, i + STATS_AT_ONCE).map(async (cid) => {
      const found = await stat(modulePath(dir, cid)).catch(() => undefined)
      if (found?.isFile() === true) entries.push({ cid, size: found.size, usedAtMs: found.mtimeMs, verified: false })
    }))
  }
  return entries.sort((a, b) => a.usedAtMs - b.usedAtMs)
}
