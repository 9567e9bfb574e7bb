/** The lock of a map's folder: one process at a time has it open, and that of a process that died is taken over. */
import { open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as later } from 'node:timers/promises'
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

/** Whoever has just made a lock has written it, and whoever has just read an old one has taken that away, after so long. */
const SETTLE_MS = 20
const MAX_TRIES = 3

/** Rejects with FolderBusyError, and with the system's error where the folder is not there or cannot be written. */
export async function lockFolder (dir: string, { settled = () => later(SETTLE_MS) }: { settled?: () => Promise<void> } = {}): Promise<void> {
  const path = lockPath(dir)
  for (let tries = 1; ; tries++) {
    try {
      const file = await open(path, 'wx', 0o600)
      await file.writeFile(lockText()).finally(() => file.close())
    } catch (error) {
      if (codeOf(error) !== 'EEXIST' || tries >= MAX_TRIES) throw error
      // One that holds nothing yet was made just now, or its maker died of that.
      if (await textOf(path) === '') await settled()
      await takeAway(path)
      continue
    }
    if (tries === 1) return
    // Another one that found the same old lock may have taken away this one instead.
    await settled()
    const pid = await holderOf(path)
    if (pid === process.pid) return
    if (pid !== undefined) throw new FolderBusyError(pid, path)
  }
}

/** The lock of a process that has ended. Rejects with FolderBusyError. */
async function takeAway (path: string): Promise<void> {
  const pid = await holderOf(path)
  if (pid !== undefined) throw new FolderBusyError(pid, path)
  await rm(path, { force: true })
}

async function holderOf (path: string): Promise<number | undefined> {
  return lockHolder(await textOf(path))
}

/** Empty also when it is gone. */
async function textOf (path: string): Promise<string> {
  return await readFile(path, 'utf8').catch(() => '')
}

/** Never rejects: a lock that stays is taken over once this process has ended. */
export async function unlockFolder (dir: string): Promise<void> {
  await rm(lockPath(dir), { force: true }).catch(() => {})
}

function lockPath (dir: string): string {
  return join(dir, 'lock')
}
