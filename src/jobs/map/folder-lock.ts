/** The lock of a map's folder: one process at a time has it open, and that of a process that died is taken over. */
import { open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { codeOf } from '../../config/system-error.ts'
import { CorebrumError } from '../../errors.ts'
import { lockHolder, lockText } from '../../modules/process-token.ts'

/** Another process has the folder; it lets go of it sooner or later. ERR_USAGE for whoever cannot wait. */
export class FolderBusyError extends CorebrumError {
  /** The process that has it. */
  readonly pid: number

  constructor (pid: number, path: string) {
    super('ERR_USAGE', `this map is open in process ${pid}; let that go on with it, or end it first (${path})`)
    this.pid = pid
  }
}

/** Rejects with FolderBusyError, and with the system's error where the folder is not there or cannot be written. */
export async function lockFolder (dir: string): Promise<void> {
  const path = lockPath(dir)
  for (let tries = 0; ; tries++) {
    try {
      const file = await open(path, 'wx', 0o600)
      await file.writeFile(lockText()).finally(() => file.close())
      return
    } catch (error) {
      if (codeOf(error) !== 'EEXIST' || tries > 1) throw error
      const pid = lockHolder(await readFile(path, 'utf8').catch(() => ''))
      if (pid !== undefined) throw new FolderBusyError(pid, path)
      await rm(path, { force: true })
    }
  }
}

/** Never rejects: a lock that stays is taken over once this process has ended. */
export async function unlockFolder (dir: string): Promise<void> {
  await rm(lockPath(dir), { force: true }).catch(() => {})
}

function lockPath (dir: string): string {
  return join(dir, 'lock')
}
