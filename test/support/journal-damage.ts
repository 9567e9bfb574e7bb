/** Damages files of a database as disks and power cuts do. */
import { readdir, readFile, truncate, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export async function filesOf (dir: string, ending: RegExp): Promise<string[]> {
  return (await readdir(dir)).filter((name) => ending.test(name)).sort().map((name) => join(dir, name))
}

export async function flip (path: string, at: number): Promise<void> {
  const bytes = await readFile(path)
  const index = at < 0 ? bytes.length + at : at
  bytes[index] = (bytes[index] ?? 0) ^ 0xff
  await writeFile(path, bytes)
}

/** Cuts bytes off the end of a file. */
export async function cut (path: string, bytes: number): Promise<void> {
  await truncate(path, Math.max(0, (await stat(path)).size - bytes))
}
