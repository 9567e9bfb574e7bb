/** Memory and processor time of processes, from Linux's /proc. */
import { readFile, writeFile } from 'node:fs/promises'

/** Makes the kernel forget the peak of a process, so that the next one is that of what follows. */
export async function resetPeak (pid: number | 'self' = 'self'): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, '5')
}

/** Largest resident memory since `resetPeak`, as the kernel saw it: no peak between two samples is missed. */
export async function peakBytes (pid: number | 'self' = 'self'): Promise<number> {
  return await statusBytes(pid, 'VmHWM')
}

export async function residentBytes (pid: number | 'self' = 'self'): Promise<number> {
  return await statusBytes(pid, 'VmRSS')
}

/** Resident memory with pages that several processes share divided between them. */
export async function proportionalBytes (pid: number): Promise<number> {
  return kilobytes(await readFile(`/proc/${pid}/smaps_rollup`, 'utf8'), 'Pss')
}

async function statusBytes (pid: number | 'self', field: string): Promise<number> {
  return kilobytes(await readFile(`/proc/${pid}/status`, 'utf8'), field)
}

function kilobytes (text: string, field: string): number {
  const found = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)
  if (found === null) throw new Error(`/proc does not tell ${field}`)
  return Number(found[1]) * 1024
}
