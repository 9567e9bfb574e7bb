import assert from 'node:assert/strict'
import { mkdir, stat, utimes, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { createServer as createNetServer } from 'node:net'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'
import { listenExclusively, prepareDataDir } from '../../../src/control/socket.ts'
import { controlSocketPath, fitsSocketPath } from '../../../src/control/socket-path.ts'
import { STALE_LOCK_MS } from '../../../src/control/limits.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

describe('control socket', () => {
  const tempDir = useTempDirs()
  const servers: Server[] = []

  afterEach(async () => {
    for (const server of servers.splice(0)) if (server.listening) await new Promise((resolve) => server.close(resolve))
  })

  function newServer (): Server {
    const server = createServer()
    servers.push(server)
    return server
  }

  it('is for its owner alone, and so is a data folder that it makes', async () => {
    const dataDir = join(await tempDir(), 'new')
    await listenExclusively(newServer(), controlSocketPath(dataDir))
    assert.equal((await stat(controlSocketPath(dataDir))).mode & 0o777, 0o600)
    assert.equal((await stat(dataDir)).mode & 0o777, 0o700)
  })

  it('refuses a second daemon while the first answers', async () => {
    const path = controlSocketPath(await tempDir())
    await listenExclusively(newServer(), path)
    await assert.rejects(listenExclusively(newServer(), path), { code: 'ERR_DAEMON_RUNNING' })
  })

  it('lets one of several daemons that start together win', async () => {
    const path = controlSocketPath(await tempDir())
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => listenExclusively(newServer(), path)))
    assert.equal(results.filter((result) => result.status === 'fulfilled').length, 1)
    for (const result of results) if (result.status === 'rejected') assert.equal(result.reason.code, 'ERR_DAEMON_RUNNING')
  })

  it('replaces the socket of a daemon that was killed', async () => {
    const path = controlSocketPath(await tempDir())
    const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`
    spawnSync(process.execPath, ['-e', script])
    assert.ok((await stat(path)).isSocket())
    await listenExclusively(newServer(), path)
  })

  it('replaces a plain file in its place, and a lock that a dead daemon left', async () => {
    const path = controlSocketPath(await tempDir())
    await writeFile(path, '')
    await writeFile(`${path}.lock`, '')
    const old = new Date(Date.now() - 2 * STALE_LOCK_MS)
    await utimes(`${path}.lock`, old, old)
    await listenExclusively(newServer(), path)
  })

  it('takes a daemon that does not speak for a living one', async () => {
    const path = controlSocketPath(await tempDir())
    const silent = createNetServer(() => {})
    await new Promise<void>((resolve) => silent.listen(path, resolve))
    try {
      await assert.rejects(listenExclusively(newServer(), path), { code: 'ERR_DAEMON_RUNNING' })
    } finally {
      await new Promise((resolve) => silent.close(resolve))
    }
  })

  it('says so when the path is too long for a socket', async () => {
    const dataDir = join(await tempDir(), 'x'.repeat(120))
    assert.equal(fitsSocketPath(controlSocketPath(dataDir)), false)
    await assert.rejects(listenExclusively(newServer(), controlSocketPath(dataDir)), { code: 'ERR_CONFIG' })
  })

  it('refuses a data folder that is a file or lies under one', async () => {
    const file = join(await tempDir(), 'file')
    await writeFile(file, '')
    await assert.rejects(prepareDataDir(file), { code: 'ERR_CONFIG' })
    await assert.rejects(prepareDataDir(join(file, 'below')), { code: 'ERR_CONFIG' })
  })

  it('leaves the permissions of a folder that was there alone', async () => {
    const dir = join(await tempDir(), 'open')
    await mkdir(dir, { mode: 0o755 })
    await prepareDataDir(dir)
    assert.equal((await stat(dir)).mode & 0o777, 0o755)
  })
})
