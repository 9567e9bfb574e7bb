/** The control socket: where it is, and how one daemon, and only one, comes to listen on it. */
import { access, constants, lstat, mkdir, open, rm, stat } from 'node:fs/promises'
import type { Server } from 'node:http'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import { CorebrumError } from '../errors.ts'
import { CONTROL_PROBE_MS, STALE_LOCK_MS } from './limits.ts'
import { codeOf, describeSystemError } from '../config/system-error.ts'
import { fitsSocketPath, MAX_SOCKET_PATH_BYTES } from './socket-path.ts'

/** Makes the data folder, for its owner alone, when it is not there. Rejects with ERR_CONFIG. */
export async function prepareDataDir (dataDir: string): Promise<void> {
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 })
    await access(dataDir, constants.W_OK | constants.X_OK)
  } catch (cause) {
    const why = codeOf(cause) === 'EEXIST' ? 'it is a file, not a folder' : describeSystemError(cause)
    throw new CorebrumError('ERR_CONFIG',
      `the data folder ${dataDir} cannot be used: ${why}; choose another with --data-dir or COREBRUM_DATA_DIR`, { cause })
  }
}

/**
 * Listens on the socket, readable and writable by its owner only. A socket that a dead daemon left is replaced.
 * Rejects with ERR_DAEMON_RUNNING when a daemon answers on it, ERR_CONFIG when the folder cannot be written.
 */
export async function listenExclusively (server: Server, path: string): Promise<void> {
  if (!fitsSocketPath(path)) {
    throw new CorebrumError('ERR_CONFIG',
      `the path of the control socket ${path} has ${Buffer.byteLength(path)} bytes, a Unix socket may have ${MAX_SOCKET_PATH_BYTES}; choose a shorter --data-dir`)
  }
  await prepareDataDir(dirname(path))
  const lock = `${path}.lock`
  await takeLock(lock, path)
  try {
    if (await exists(path)) {
      if (await answers(path)) throw running(path)
      await rm(path, { force: true })
    }
    await bind(server, path)
  } catch (cause) {
    if (cause instanceof CorebrumError) throw cause
    throw new CorebrumError('ERR_CONFIG', `the control socket ${path} cannot be made: ${describeSystemError(cause)}`, { cause })
  } finally {
    await rm(lock, { force: true })
  }
}

function bind (server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    // Node binds a Unix socket within this call, so the socket never exists with wider permissions.
    const before = process.umask(0o177)
    try {
      server.listen(path, () => {
        server.off('error', reject)
        resolve()
      })
    } finally {
      process.umask(before)
    }
  })
}

/** The lock covers the moment between "this socket is dead" and "now it is mine"; it is held for milliseconds. */
async function takeLock (lock: string, path: string): Promise<void> {
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      const handle = await open(lock, 'wx', 0o600)
      await handle.close()
      return
    } catch (cause) {
      if (codeOf(cause) !== 'EEXIST') {
        throw new CorebrumError('ERR_CONFIG',
          `the folder ${dirname(path)} cannot be written: ${describeSystemError(cause)}; choose another with --data-dir or COREBRUM_DATA_DIR`, { cause })
      }
      const age = Date.now() - await modifiedAt(lock)
      if (age < STALE_LOCK_MS) throw running(path)
      await rm(lock, { force: true })
    }
  }
  throw running(path)
}

function answers (path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    const finish = (alive: boolean): void => {
      socket.destroy()
      resolve(alive)
    }
    socket.setTimeout(CONTROL_PROBE_MS, () => finish(true))
    socket.once('connect', () => finish(true))
    // Anything but "nobody listens" may be a living daemon of another user: leave its socket alone.
    socket.once('error', (error) => finish(!['ECONNREFUSED', 'ENOENT', 'ENOTSOCK'].includes(codeOf(error) ?? '')))
  })
}

async function exists (path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch {
    return false
  }
}

async function modifiedAt (path: string): Promise<number> {
  try {
    return (await stat(path)).mtimeMs
  } catch {
    return 0
  }
}

function running (path: string): CorebrumError {
  return new CorebrumError('ERR_DAEMON_RUNNING',
    `a daemon already uses the data folder ${dirname(path)}; stop it, or give this one its own with --data-dir`)
}
