import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { ClassicLevel } from 'classic-level'
import { Database } from '../../../src/journal/database.ts'
import { createTaskJournal } from '../../../src/roles/journal/level.ts'
import { programDigest } from '../../../src/task/program.ts'
import { isFinal } from '../../../src/task/state.ts'
import { cut, filesOf, flip } from '../../support/journal-damage.ts'
import { all, finishedOf, leased, MODULE_CID, owedOf, recordOf, taskOf, useJournals } from '../../support/journal-samples.ts'
import { program } from '../../support/roles.ts'
import { rejectsWith } from '../../support/rejects.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const WRITER = fileURLToPath(new URL('../../support/journal-writer.ts', import.meta.url))

describe('task journal and what breaks it', () => {
  const tempDir = useTempDirs()
  const { start, fresh } = useJournals(tempDir)

  /** Runs the writer until it has printed so many lines, and kills it; what it had promised. */
  async function killAfter (dataDir: string, lines: number): Promise<Record<'open' | 'ended' | 'owed', Set<string>>> {
    const promised = { open: new Set<string>(), ended: new Set<string>(), owed: new Set<string>() }
    const child = spawn(process.execPath, ['--import', 'tsx', WRITER, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] })
    const gone = once(child, 'exit')
    let count = 0
    for await (const line of createInterface({ input: child.stdout })) {
      const [what, id] = line.split(' ')
      // The last line may be cut in its middle; one that is whole was promised.
      if (id?.length === 36 && (what === 'open' || what === 'ended' || what === 'owed')) promised[what].add(id)
      if (++count === lines) child.kill('SIGKILL')
    }
    await gone
    return promised
  }

  it('keeps all that it promised when it is killed in the middle of many writes, again and again', async () => {
    const dataDir = await tempDir()
    const open = new Set<string>()
    const ended = new Set<string>()
    const owed = new Set<string>()
    for (const lines of [500, 2_000, 3_500]) {
      const promised = await killAfter(dataDir, lines)
      for (const id of promised.open) open.add(id)
      for (const id of promised.ended) ended.add(id)
      for (const id of promised.owed) owed.add(id)
      const logged: string[] = []
      const journal = await start(dataDir, { log: (_, message) => { logged.push(message) } })
      const recovered = new Map((await all(journal.recover())).map(({ record }) => [record.id, record]))
      const owedNow = new Set((await all(journal.owed())).map(({ taskId }) => taskId))
      for (const id of ended) assert.equal((await journal.find(id))?.state, 'completed')
      for (const id of open) {
        const record = recovered.get(id) ?? await journal.find(id)
        assert.ok(record !== undefined && isFinal(record.state) !== recovered.has(id), id)
      }
      for (const id of owed) assert.ok(owedNow.has(id), id)
      assert.deepEqual(logged, [])
      await journal.stop()
    }
    assert.ok(open.size > 1_000 && ended.size > 500 && owed.size > 100)
  })

  it('saves what can be read, counts anew, and goes on', async () => {
    const { journal, dataDir } = await fresh()
    const tasks = Array.from({ length: 300 }, () => taskOf())
    const finished = Array.from({ length: 100 }, () => finishedOf())
    await Promise.all(finished.map((record) => journal.ended(record)))
    for (const task of tasks) await journal.submitted(task, recordOf(task))
    for (const task of tasks) journal.changed(recordOf(task, [leased(1)]), { atMs: 1, kind: 'leased', peer: 'worker-a', fence: 1 })
    await journal.stop()
    const [log = ''] = await filesOf(join(dataDir, 'journal'), /\.log$/)
    // In the row of an open task (the changes of all of them stand behind): with it goes what stands behind it in its block of 32 KiB.
    const rows = [...(await readFile(log, 'latin1')).matchAll(/o!/g)].map(({ index }) => index)
    await flip(log, (rows[Math.floor(rows.length / 4)] ?? 0) + 40)
    const logged: string[] = []
    const log2 = (_level: string, message: string): void => { logged.push(message) }
    const second = await start(dataDir, { log: log2 })
    const recovered = await all(second.recover())
    assert.ok(recovered.length > 100 && recovered.length < 300, String(recovered.length))
    assert.equal(logged.length, 2)
    assert.equal((await readdir(dataDir)).filter((name) => name.startsWith('journal.damaged-')).length, 1)
    assert.equal(second.usage.tasks, (await second.list({ limit: 999 })).length)
    const fences = recovered.map(({ recoveries }) => recoveries)
    await second.stop()
    const third = await start(dataDir, { log: log2 })
    const again = await all(third.recover())
    assert.equal(again.length, recovered.length)
    assert.ok((again[0]?.recoveries ?? 0) > (fences[0] ?? 0))
    assert.equal(logged.length, 2)
  })

  it('notices that an open task, a program or a result that is owed is missing, though all files are sound', async () => {
    for (const missing of ['o!', 'p!', 'w!', 'j!']) {
      const { journal, dataDir } = await fresh()
      const task = taskOf()
      await journal.submitted(task, recordOf(task))
      await journal.owe(owedOf(), { sync: true })
      await journal.saveJob(task.id, new Uint8Array([1]))
      await journal.stop()
      const database = new Database({ dir: join(dataDir, 'journal') })
      await database.open()
      for await (const rows of database.rows({ gte: missing, lt: `${missing}~` })) for (const { key } of rows) database.delete(key)
      await database.close()
      const logged: string[] = []
      const again = await start(dataDir, { log: (_, message) => { logged.push(message) } })
      assert.match(logged[0] ?? '', /damaged/)
      const recovered = await all(again.recover())
      assert.equal(recovered.length, missing === 'o!' || missing === 'p!' ? 0 : 1)
      // A task whose program is lost ends.
      if (missing === 'p!') assert.equal((await again.find(task.id))?.failure?.code, 'ERR_JOURNAL')
      await again.stop()
      logged.length = 0
      await start(dataDir, { log: (_, message) => { logged.push(message) } })
      assert.deepEqual(logged, [])
    }
  })

  it('goes on without a record of history that cannot be read, and makes all anew at the next start', async () => {
    const { journal, dataDir } = await fresh()
    const records = Array.from({ length: 500 }, () => finishedOf())
    for (const record of records) await journal.ended(record)
    await journal.stop()
    await (await start(dataDir)).stop()
    const level = new ClassicLevel<string, Uint8Array>(join(dataDir, 'journal'), { valueEncoding: 'view' })
    for (const key of await level.keys({ gte: 'f!', lt: 'f~', limit: 10 }).all()) await level.put(key, Uint8Array.of(1, 2, 3, 4, 5, 6))
    await level.close()
    const logged: string[] = []
    const second = await start(dataDir, { log: (_, message) => { logged.push(message) } })
    let found = 0
    for (const { id } of records) if (await second.find(id) !== undefined) found++
    assert.ok(found < 500, String(found))
    assert.ok((await second.list({ limit: 999 })).length < 500)
    assert.equal(logged.length, 1)
    await second.stop()
    const third = await start(dataDir)
    const left = (await third.list({ limit: 999 })).length
    assert.ok(left === 490, String(left))
    assert.equal(third.usage.tasks, left)
    // To ask for one that was lost is no new damage: each start would make all anew.
    for (const { id } of records) await third.find(id)
    await third.stop()
    logged.length = 0
    await start(dataDir, { log: (_, message) => { logged.push(message) } })
    assert.deepEqual(logged, [])
  })

  it('tells apart a log that lost what was promised', async () => {
    const { journal, dataDir } = await fresh()
    for (let i = 0; i < 50; i++) await journal.ended(finishedOf())
    await journal.stop()
    const [log = ''] = await filesOf(join(dataDir, 'journal'), /\.log$/)
    await cut(log, 100)
    const logged: string[] = []
    const again = await start(dataDir, { log: (_, message) => { logged.push(message) } })
    assert.match(logged[0] ?? '', /missing/)
    assert.ok(again.usage.tasks >= 48)
  })

  it('on a full disk refuses new tasks, keeps the ends of old ones, and goes on when there is room', async () => {
    let full = false
    const { writeBatch } = await import('../../../src/journal/level.ts')
    const { journal, dataDir } = await fresh({
      database: {
        reopenMs: 5,
        write: async (level, batch) => {
          if (full) throw new Error('IO error: 000003.log: No space left on device')
          await writeBatch(level, batch)
        },
      },
    })
    const [a, b] = [taskOf(), taskOf({ program: program({ module: { cid: MODULE_CID, size: 1, urls: [] } }) })]
    await journal.submitted(a, recordOf(a))
    full = true
    const ended = journal.ended(finishedOf({ id: a.id }))
    await Promise.all([rejectsWith('ERR_JOURNAL', journal.submitted(b, recordOf(b))), rejectsWith('ERR_JOURNAL', journal.owe(owedOf(), { sync: true })), rejectsWith('ERR_JOURNAL', journal.saveJob(b.id, new Uint8Array(1)))])
    full = false
    await ended
    await journal.submitted(b, recordOf(b))
    await journal.stop()
    const again = await start(dataDir)
    assert.deepEqual((await all(again.recover())).map(({ task }) => [task.id, programDigest(task.program)]), [[b.id, programDigest(b.program)]])
    assert.equal((await again.find(a.id))?.state, 'completed')
    assert.deepEqual([await all(again.owed()), await all(again.jobs())], [[], []])
  })

  it('takes nothing after its end', async () => {
    const { journal } = await fresh()
    await journal.stop()
    await journal.stop()
    await rejectsWith('ERR_JOURNAL', journal.ended(finishedOf()))
    const task = taskOf()
    await rejectsWith('ERR_JOURNAL', journal.submitted(task, recordOf(task)))
  })

  it('is for one process at a time', async () => {
    const { dataDir } = await fresh()
    const second = createTaskJournal({ dir: join(dataDir, 'journal'), outputsDir: join(dataDir, 'outputs'), adopt: async (cid) => ({ cid, size: 0, release: () => {} }) })
    await rejectsWith('ERR_JOURNAL', second.start())
    await second.stop()
    await rm(join(dataDir, 'outputs'), { recursive: true, force: true })
  })
})
