/** Tells the files of this process from those of others that share a folder, living and dead ones. */
import { randomBytes } from 'node:crypto'

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
