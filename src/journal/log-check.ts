/** Looks through LevelDB's write-ahead logs before they are opened: LevelDB leaves out what is damaged in them without a word. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { faultOfLog } from './log-format.ts'

/** What is wrong with the logs in `dir`, in words; undefined when nothing is. An entry that the end of its file cuts off is no fault: it was never promised. */
export async function damageOfLogs (dir: string): Promise<string | undefined> {
  for (const name of (await readdir(dir)).sort()) {
    if (!/^\d+\.log$/.test(name)) continue
    const at = faultOfLog(await readFile(join(dir, name)))
    if (at !== undefined) return `the file ${name} is damaged at byte ${at}`
  }
  return undefined
}
