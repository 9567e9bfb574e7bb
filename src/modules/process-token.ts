/** Tells the files of this process from those of others that share a folder, living and dead ones. */
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** A container's process often has the same id after each restart: the random part tells the two apart. */
const TOKEN = randomBytes(6).toString('hex')

/** `pid-token`, for names of files and folders. */
export const PROCESS_NAME = `${process.pid}-${TOKEN}`

/** Whether the process that chose this name still runs. */
export function isAlive (pid: number, token: string | undefined): boolean {
  if (pid === process.pid) return token === TOKEN
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** Content of a lock file of this process. */
export function lockText (): string {
  return `${PROCESS_NAME} ${startOf(process.pid) ?? ''}`
}

/** The process that wrote this lock file, while it runs; undefined when it has ended, and for a text that is none of a lock. */
export function lockHolder (text: string): number | undefined {
  const [, digits, token, start = ''] = /^(\d+)-([0-9a-f]+)(?: (\S*))?$/.exec(text) ?? []
  const pid = Number(digits)
  if (digits === undefined || !isAlive(pid, token)) return undefined
  const found = startOf(pid)
  return start === '' || found === '' || found === start ? pid : undefined
}

/**
 * Tells a process from a later one with its number, which is likely after a power cut: the same programs start in the same order.
 * Undefined for one that has ended and is only still listed, empty where the system does not say.
 */
function startOf (pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // From the state on: the name of the program before it, in parentheses, may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()}.${fields[START_FIELD]}`
  } catch {
    return ''
  }
}

/** proc_pid_stat(5): starttime is field 22, the state field 3. */
const START_FIELD = 22 - 3
