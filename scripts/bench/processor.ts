/** Processor time of processes and their descendants, from Linux's /proc. */
import { readdir, readFile } from 'node:fs/promises'

/** Linux counts processor time in hundredths of a second (sysconf(_SC_CLK_TCK)). */
const MS_PER_TICK = 10

export interface Member { pid: number, parent: number, ms: number }

/** A process and all that descend from it, with the processor time that each has used so far. */
export async function family (root: number): Promise<Member[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const all = (await Promise.all(pids.map(memberOf))).filter((member) => member !== undefined)
  const found = new Set([root])
  // Parents may have larger numbers than their children.
  for (let size = 0; size !== found.size;) {
    size = found.size
    for (const { pid, parent } of all) if (found.has(parent)) found.add(pid)
  }
  return all.filter(({ pid }) => found.has(pid))
}

export function processorMs (members: readonly Member[]): number {
  return members.reduce((sum, { ms }) => sum + ms, 0)
}

/** Fields of proc_pid_stat(5), counted behind the name, which may hold anything. */
async function memberOf (pid: number): Promise<Member | undefined> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { pid, parent: Number(fields[1]), ms: (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK }
  } catch {
    return undefined
  }
}
