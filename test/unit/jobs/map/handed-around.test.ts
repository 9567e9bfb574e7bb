/** Maps that go from one process to another: from a daemon to a command and back, or to nobody. */
import assert from 'node:assert/strict'
import { mkdir, readdir, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import type { MapJob } from '../../../../src/jobs/map/map-job.ts'
import { isFinal } from '../../../../src/task/state.ts'
import { double, ending, linesOf, mapBench, mapOf, numbers, type MapAnswer, type MapBench } from '../../../support/map-fixture.ts'
import { rejectsWith } from '../../../support/rejects.ts'
import { useTempDirs } from '../../../support/temp-dir.ts'

const upTo = (count: number): MapAnswer => (task) => task.index < count ? double(task) : new Promise(() => {})

async function reached (job: MapJob, done: number): Promise<void> {
  for await (const status of job.follow(new AbortController().signal)) if (status.done >= done) return
}

describe('maps that go from one process to another', () => {
  const tempDir = useTempDirs()
  const folders = (dir: string): Promise<string[]> => readdir(join(dir, 'jobs'))

  /** A map of a daemon that went away in the middle of it. */
  async function left (dir: string): Promise<{ id: string, rows: Map<string, Uint8Array> }> {
    const rows = new Map<string, Uint8Array>()
    const daemon = mapBench(dir, upTo(5), { rows })
    const job = await mapOf(daemon, numbers(10))
    await reached(job, 5)
    await daemon.maps.stop()
    daemon.jobs.stop({ end: false })
    return { id: job.id, rows }
  }

  /** As `corebrum submit --resume` does without a daemon. */
  async function finish (command: MapBench, id: string): Promise<void> {
    assert.equal((await ending(await command.maps.proceed(id))).state, 'completed')
    await command.maps.stop()
    command.jobs.stop({ end: true })
    await command.maps.discard(id)
  }

  it('stay when a command has finished one of a daemon, which completes it from there', async () => {
    const dir = await tempDir()
    const { id, rows } = await left(dir)
    await finish(mapBench(dir), id)
    assert.deepEqual(await folders(dir), [id])
    const daemon = mapBench(dir, double, { rows })
    await daemon.jobs.resume()
    const { state, outputs, job } = await daemon.recorded(id, (record) => isFinal(record.state))
    assert.deepEqual({ state, outputs, job, submitted: daemon.submitted }, { state: 'completed', outputs: { total: 10 }, job: { kind: 'map', total: 10, done: 10, failed: 0 }, submitted: [] })
    assert.equal((await linesOf((await daemon.maps.find(id)).results({ ordered: true }))).length, 10)
    assert.equal(rows.size, 0)
    await daemon.maps.stop()
  })

  it('go when a command has finished its own', async () => {
    const dir = await tempDir()
    const command = mapBench(dir)
    const job = await mapOf(command, numbers(10))
    await finish(command, job.id)
    assert.deepEqual(await folders(dir), [])
  })

  it('stay when a daemon has taken one of a command over', async () => {
    const dir = await tempDir()
    const first = mapBench(dir, upTo(5))
    const job = await mapOf(first, numbers(10))
    await reached(job, 5)
    await first.maps.stop()
    const rows = new Map<string, Uint8Array>()
    const daemon = mapBench(dir, upTo(7), { rows })
    await reached(await daemon.maps.proceed(job.id), 7)
    await daemon.maps.stop()
    await finish(mapBench(dir), job.id)
    assert.deepEqual(await folders(dir), [job.id])
    assert.equal(rows.size, 1)
  })

  it('are shown while another process has one, and completed when that lets go of it', async () => {
    const dir = await tempDir()
    const { id, rows } = await left(dir)
    let go: () => void = () => {}
    const held = new Promise<void>((resolve) => { go = resolve })
    const command = mapBench(dir, async (task) => {
      await held
      return double(task)
    })
    await command.maps.proceed(id)
    const daemon = mapBench(dir, double, { rows })
    await daemon.jobs.resume()
    const { state, job, name } = await daemon.recorded(id, (record) => record.job !== undefined)
    assert.deepEqual({ state, name, job }, { state: 'running', name: 'double', job: { kind: 'map', done: 0, failed: 0, holder: process.pid } })
    await rejectsWith('ERR_USAGE', daemon.maps.proceed(id))
    go()
    await finish(command, id)
    // At once, as somebody asks for it; else within MAP_LOCK_MS.
    assert.equal((await daemon.maps.find(id)).status.state, 'completed')
    const ended = await daemon.recorded(id, (record) => isFinal(record.state))
    assert.deepEqual([ended.state, ended.job, daemon.submitted], ['completed', { kind: 'map', total: 10, done: 10, failed: 0 }, []])
    await daemon.maps.stop()
  })

  /** A daemon that came back to its map while a command has the folder. */
  async function waiting (): Promise<{ id: string, command: MapBench, daemon: MapBench }> {
    const dir = await tempDir()
    const { id, rows } = await left(dir)
    const command = mapBench(dir, upTo(0))
    await command.maps.proceed(id)
    const daemon = mapBench(dir, double, { rows })
    await daemon.jobs.resume()
    return { id, command, daemon }
  }

  it('go on in the daemon when the other process dies', async () => {
    const { id, command, daemon } = await waiting()
    await daemon.recorded(id, (record) => record.job !== undefined)
    await command.maps.stop()
    await daemon.maps.find(id)
    const { state, outputs } = await daemon.recorded(id, (record) => isFinal(record.state))
    assert.deepEqual([state, outputs, daemon.submitted.length], ['completed', { total: 10 }, 5])
    await daemon.maps.stop()
  })

  it('can be cancelled while another process has one', async () => {
    const { id, command, daemon } = await waiting()
    daemon.jobs.cancel(id)
    assert.equal((await daemon.recorded(id, (record) => isFinal(record.state))).state, 'cancelled')
    await daemon.maps.stop()
    await command.maps.stop()
    // It is over, whoever asks for it: nothing runs again.
    const found = await daemon.maps.find(id).catch((error: Error) => error)
    assert.ok(!(found instanceof Error), String(found))
    assert.deepEqual([found.isOver, found.status.state], [true, 'cancelled'])
  })

  describe('that nobody goes on with', () => {
    const old = new Date(Date.now() - 60_000)

    async function age (dir: string, id: string): Promise<void> {
      for (const name of ['inputs', 'results', 'state', 'map', '']) await utimes(join(dir, 'jobs', id, name), old, old).catch(() => {})
    }

    async function paused (dir: string): Promise<string> {
      const command = mapBench(dir, upTo(2))
      const job = await mapOf(command, numbers(5))
      await reached(job, 2)
      await command.maps.stop()
      return job.id
    }

    it('are cleared away when they are old, and only those', async () => {
      const dir = await tempDir()
      const [gone, young] = [await paused(dir), await paused(dir)]
      const { id: daemons, rows } = await left(dir)
      const open = mapBench(dir, upTo(1))
      const { id: busy } = await mapOf(open, numbers(3))
      const torn = '00000000-0000-4000-8000-000000000000'
      await mkdir(join(dir, 'jobs', torn))
      await mkdir(join(dir, 'jobs', 'notes'))
      for (const id of [gone, daemons, busy, torn, 'notes']) await age(dir, id)
      const daemon = mapBench(dir, double, { rows, keepMs: 30_000 })
      await daemon.maps.clearAway()
      assert.deepEqual((await folders(dir)).sort(), [young, daemons, busy, 'notes'].sort())
      // Also when the journal that knew it is lost.
      const fresh = mapBench(dir, double, { rows: new Map(), keepMs: 30_000 })
      await fresh.maps.clearAway()
      assert.ok((await folders(dir)).includes(daemons))
      await open.maps.stop()
    })

    it('are no trouble where there are none', async () => {
      await mapBench(await tempDir(), double, { rows: new Map() }).maps.clearAway()
    })
  })
})
