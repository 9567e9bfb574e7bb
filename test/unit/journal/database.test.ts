import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { chmod, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Database, type DatabaseInit } from '../../../src/journal/database.ts'
import { requireKnownLayout } from '../../../src/journal/layout.ts'
import { openLevel, writeBatch } from '../../../src/journal/level.ts'
import { crc32c } from '../../../src/journal/crc32c.ts'
import { damageOfLogs } from '../../../src/journal/log-check.ts'
import { createNode } from '../../../src/node.ts'
import { unseal, seal } from '../../../src/journal/sealed.ts'
import { cut, filesOf, flip } from '../../support/journal-damage.ts'
import { rejectsWith } from '../../support/rejects.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const body = (text: string): Uint8Array => Buffer.from(text)
const ALL = { gte: 'a', lt: '~' }

describe('journal database', () => {
  const tempDir = useTempDirs()
  const opened: Database[] = []
  let dir: string
  let logged: string[]

  beforeEach(async () => {
    dir = join(await tempDir(), 'journal')
    logged = []
  })
  afterEach(async () => { await Promise.all(opened.splice(0).map((database) => database.close().catch(() => {}))) })

  async function open (init: Partial<DatabaseInit> = {}): Promise<{ database: Database, salvaged: boolean }> {
    const database = new Database({ dir, log: (level, message) => { logged.push(`${level}: ${message}`) }, ...init })
    opened.push(database)
    return { database, salvaged: await database.open() }
  }

  /** Values that cannot be compressed: a flipped byte is in one of them, and nowhere else. */
  function valueOf (i: number, size = 100): Uint8Array {
    return createHash('shake256', { outputLength: size }).update(String(i)).digest()
  }

  async function fill (database: Database, count: number, prefix = 'k', size = 100): Promise<void> {
    for (let i = 0; i < count; i++) {
      database.put(`${prefix}${String(i).padStart(6, '0')}`, valueOf(i, size))
      if (i % 50 === 49 || i === count - 1) await database.patiently(true)
    }
  }

  async function keys (database: Database): Promise<string[]> {
    const found: string[] = []
    for await (const rows of database.rows(ALL)) found.push(...rows.map(({ key }) => key))
    return found
  }

  /** Folders that were moved aside. */
  async function aside (): Promise<string[]> {
    return (await readdir(dirname(dir))).filter((name) => name.startsWith(`${basename(dir)}.`))
  }

  it('never reads what was before a write that ends meanwhile', async () => {
    const { database } = await open()
    for (let i = 0; i < 200; i++) {
      database.put('a', body(`${i}`))
      const written = database.patiently(false)
      assert.deepEqual(await database.getMany(['a', 'b']), [body(`${i}`), undefined])
      await written
    }
    await database.close()
  })

  it('reads what is on disk and what waits, and keeps it over a restart', async () => {
    const { database } = await open()
    database.put('a', body('1'))
    database.put('b', body('2'))
    await database.patiently(true)
    database.put('b', body('3'))
    database.delete('a')
    assert.deepEqual([await database.get('a'), await database.get('b'), await database.get('c')], [undefined, body('3'), undefined])
    assert.deepEqual(await database.getMany(['b', 'a', 'c']), [body('3'), undefined, undefined])
    await database.close()
    const { database: again, salvaged } = await open()
    assert.deepEqual([await keys(again), salvaged, logged], [['b'], false, []])
    await again.compact(ALL)
  })

  it('is for one process at a time', async () => {
    await open()
    const error = await rejectsWith('ERR_JOURNAL', open())
    assert.match(error.message, /another process.*--data-dir/)
    assert.deepEqual(await aside(), [])
  })

  it('says what to do about a folder that it cannot use', async () => {
    await writeFile(dir, 'a file')
    const error = await rejectsWith('ERR_JOURNAL', open())
    assert.ok(error.message.includes(dir))
    await rm(dir)
    // Root may write everywhere.
    if (process.getuid?.() === 0) return
    await mkdir(dir, { mode: 0o500 })
    await rejectsWith('ERR_JOURNAL', open())
    await chmod(dir, 0o700)
  })

  it('refuses the layout of a newer version, and leaves it as it is', async () => {
    const { database } = await open({ schema: { version: 3, migrations: new Map() } })
    database.put('a', body('1'))
    await database.close()
    const error = await rejectsWith('ERR_JOURNAL', open())
    assert.match(error.message, /newer corebrum/)
    const { database: newer } = await open({ schema: { version: 3, migrations: new Map() } })
    assert.deepEqual(await keys(newer), ['a'])
    await newer.close()
    await rejectsWith('ERR_JOURNAL', open({ schema: { version: 5, migrations: new Map() } }))
  })

  it('knows a newer layout without a look into the folder, and says when the folder is gone', async () => {
    const { database } = await open({ schema: { version: 3, migrations: new Map() } })
    await database.close()
    const error = await rejectsWith('ERR_JOURNAL', requireKnownLayout(dir))
    assert.match(error.message, /newer corebrum/)
    const before = await readdir(dirname(dir))
    await rejectsWith('ERR_JOURNAL', createNode({ dataDir: dirname(dir) }, { networked: false }))
    assert.deepEqual(await readdir(dirname(dir)), before)
    await requireKnownLayout(dir, 3)
    await requireKnownLayout(join(dir, 'none'))
    await rm(dir, { recursive: true })
    await rejectsWith('ERR_JOURNAL', open())
    await assert.rejects(stat(dir), { code: 'ENOENT' })
    assert.deepEqual(logged, [])
    const { database: anew, salvaged } = await open({ schema: { version: 3, migrations: new Map() } })
    assert.deepEqual([salvaged, logged.length], [false, 1])
    assert.match(logged[0] ?? '', /is gone/)
    await anew.close()
    await open({ schema: { version: 3, migrations: new Map() } })
    assert.equal(logged.length, 1)
  })

  it('brings an older layout up to date, step by step, and once', async () => {
    const { database } = await open()
    database.put('old', body('1'))
    await database.close()
    const steps: number[] = []
    const migrations = new Map([1, 2].map((from) => [from, async (level: Parameters<typeof writeBatch>[0]) => {
      steps.push(from)
      await writeBatch(level, { operations: new Map([[`new${from}`, { body: body('2'), fresh: false, strict: false }]]), sync: true })
    }]))
    for (let i = 0; i < 2; i++) {
      const { database: newer } = await open({ schema: { version: 3, migrations } })
      assert.deepEqual(await keys(newer), ['new1', 'new2', 'old'])
      await newer.close()
    }
    assert.deepEqual(steps, [1, 2])
  })

  describe('that was damaged', () => {
    /** Closes a database whose rows all lie in its log. */
    async function made (count = 1_000): Promise<void> {
      const { database } = await open()
      await fill(database, count)
      await database.close()
    }

    async function recovered (): Promise<string[]> {
      const { database, salvaged } = await open()
      assert.ok(salvaged)
      assert.equal(logged.length, 2)
      const [moved] = await aside()
      assert.deepEqual((await aside()).length, 1)
      assert.ok(moved?.startsWith('journal.damaged-') === true && logged[1]?.includes(moved) === true, logged[1])
      const found = await keys(database)
      for (const key of found) assert.deepEqual(await database.get(key), valueOf(Number(key.slice(1))))
      database.put('new', body('works'))
      await database.close()
      const again = await open()
      assert.ok(!again.salvaged)
      assert.deepEqual(await keys(again.database), [...found, 'new'])
      return found
    }

    it('in its log loses only what the bad bytes held', async () => {
      await made()
      const [log = ''] = await filesOf(dir, /\.log$/)
      await flip(log, 50_000)
      const found = await recovered()
      assert.ok(found.length >= 900 && found.length < 1_000, String(found.length))
    })

    it('whose log lost its end is told by what was promised', async () => {
      await made()
      const [log = ''] = await filesOf(dir, /\.log$/)
      await cut(log, 20_000)
      assert.ok((await recovered()).length >= 700)
      assert.match(logged[0] ?? '', /writes are missing/)
    })

    it('by a kill in the middle of a write that was not promised opens as if nothing had been', async () => {
      await made()
      const [log = ''] = await filesOf(dir, /\.log$/)
      const { database } = await open()
      await database.close()
      await rm(join(dir, 'PROMISED'))
      const [newLog = ''] = await filesOf(dir, /\.log$/)
      assert.notEqual(log, newLog)
      await writeFile(newLog, Buffer.from([1, 2, 3, 4, 200, 0, 1, 5, 5]))
      const again = await open()
      assert.deepEqual([again.salvaged, logged, (await keys(again.database)).length], [false, [], 1_000])
    })

    it('in a table loses only what the bad bytes held', async () => {
      await made(3_000)
      // The log becomes a table.
      await (await open()).database.close()
      const [table = ''] = await filesOf(dir, /\.ldb$/)
      await flip(table, 30_000)
      const kept = await recovered()
      assert.ok(kept.length >= 2_500 && kept.length < 3_000, String(kept.length))
    })

    it('has a check that says what is missing', async () => {
      await made()
      const { salvaged, database } = await open({ check: async () => 'three records are missing' })
      assert.ok(salvaged)
      assert.match(logged[0] ?? '', /three records/)
      assert.equal((await keys(database)).length, 1_000)
    })

    for (const [what, harm] of [
      ['without its CURRENT', async () => { await rm(join(dir, 'CURRENT')) }],
      ['whose CURRENT is garbage', async () => { await writeFile(join(dir, 'CURRENT'), 'MANIFEST-999999\n') }],
      ['without its MANIFEST', async () => { for (const path of await filesOf(dir, /^MANIFEST/)) await rm(path) }],
      ['whose MANIFEST is damaged', async () => { for (const path of await filesOf(dir, /^MANIFEST/)) await flip(path, 10) }],
    ] as Array<[string, () => Promise<void>]>) {
      it(`${what} is saved whole`, async () => {
        await made()
        await (await open()).database.close()
        await harm()
        assert.equal((await recovered()).length, 1_000)
      })
    }

    it('by a table that is gone keeps the rest', async () => {
      await made()
      await (await open()).database.close()
      const { database } = await open()
      await fill(database, 10, 'k9')
      await database.close()
      const [table = ''] = await filesOf(dir, /\.ldb$/)
      await rm(table)
      const again = await open()
      assert.ok(again.salvaged)
      assert.equal((await keys(again.database)).length, 10)
    })

    it('does not take over what does not belong to it', async () => {
      await made(10)
      await rm(join(dir, 'CURRENT'))
      const { database } = await open({ isRecord: (key) => key !== 'k000003' })
      assert.equal((await keys(database)).length, 9)
      assert.match(logged[1] ?? '', /9 records were saved, 1 could not/)
    })

    it('goes on with a salvage that was broken off', async () => {
      await made(10)
      // Between the two renames, and after them.
      for (const stage of ['moved', 'copied']) {
        if (stage === 'moved') await openLevel(`${dir}.new`, { create: true }).then((level) => level.close()).then(() => rm(`${dir}.new`, { recursive: true }))
        await mkdir(`${dir}.repair`, { recursive: true })
        if (stage === 'moved') await rename(dir, `${dir}.new`)
        else await mkdir(`${dir}.new`)
        const { database, salvaged } = await open()
        assert.deepEqual([salvaged, (await keys(database)).length, await aside()], [false, 10, []])
        await database.close()
      }
    })
  })

  describe('on a disk that takes nothing', () => {
    let full: boolean
    let write: typeof writeBatch
    beforeEach(() => {
      full = false
      write = async (level, batch) => {
        if (full) throw new Error('IO error: journal/000005.log: No space left on device')
        await writeBatch(level, batch)
      }
    })

    it('says so, refuses what is new, and writes what it owes when there is room', async () => {
      const { database } = await open({ write, reopenMs: 5 })
      await fill(database, 10)
      full = true
      database.put('promise', body('1'))
      const owed = database.patiently(true)
      database.put('new', body('2'), { fresh: true, strict: true })
      const error = await rejectsWith('ERR_JOURNAL', database.strictly(true))
      assert.match(error.message, /disk is full/)
      assert.throws(() => { database.put('more', body('3'), { strict: true }) }, /disk is full/)
      full = false
      await owed
      database.put('more', body('3'), { strict: true })
      await database.strictly(true)
      assert.deepEqual((await keys(database)).slice(-3), ['k000009', 'more', 'promise'])
      assert.equal(logged.filter((line) => line.startsWith('error')).length, 1)
      await database.close()
      const again = await open()
      assert.deepEqual([again.salvaged, (await keys(again.database)).length], [false, 12])
    })

    it('says why nothing can be read while it cannot be opened again', async () => {
      const { database } = await open({ write, reopenMs: 1 })
      await fill(database, 1)
      full = true
      database.put('a', body('1'))
      const current = join(dir, 'CURRENT')
      await rename(current, `${current}.away`)
      const reason = async (): Promise<string> => await database.get('k000000').then(() => '', (error: Error) => error.message)
      while (!/does not exist/.test(await reason())) await new Promise((resolve) => { setImmediate(resolve) })
      await rename(`${current}.away`, current)
      full = false
      await database.patiently(true)
      assert.notEqual(await database.get('k000000'), undefined)
    })

    it('rejects at its end with what could not be written', async () => {
      const { database } = await open({ write, reopenMs: 5 })
      full = true
      database.put('a', body('1'))
      await rejectsWith('ERR_JOURNAL', database.close())
    })

    it('tells a damaged table from a full disk, and makes all anew at the next start', async () => {
      let broken = false
      const { database } = await open({
        write: async (level, batch) => {
          if (broken) throw Object.assign(new Error('Corruption: corrupted compressed block contents'), { code: 'LEVEL_CORRUPTION' })
          await writeBatch(level, batch)
        },
      })
      await fill(database, 10)
      broken = true
      database.put('a', body('1'))
      assert.match((await rejectsWith('ERR_JOURNAL', database.strictly(true))).message, /start this node again/)
      await rejectsWith('ERR_JOURNAL', database.close())
      assert.equal((await open()).salvaged, true)
    })

    it('takes nothing new while too much waits', async () => {
      const { database } = await open({ maxPendingBytes: 100 })
      database.put('a', Buffer.alloc(200))
      assert.throws(() => { database.put('b', body('1'), { strict: true }) }, { code: 'ERR_QUEUE_FULL' })
      await database.patiently(false)
      database.put('b', body('1'), { strict: true })
    })
  })

  it('seals values: every flipped bit and every other key shows', () => {
    const sealed = seal('key', body('value'))
    assert.deepEqual(unseal('key', sealed), body('value'))
    assert.equal(unseal('other', sealed), undefined)
    assert.equal(unseal('key', sealed.subarray(0, 3)), undefined)
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const damaged = Uint8Array.from(sealed)
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      assert.equal(unseal('key', damaged), undefined)
    }
  })

  it('knows the check value of CRC-32C, and finds every flipped byte of a log', async () => {
    assert.equal(crc32c(Buffer.from('123456789'), 0, 9), 0xe3069283)
    const { database } = await open()
    await fill(database, 30, 'k', 4_000)
    await database.close()
    const [log = ''] = await filesOf(dir, /\.log$/)
    assert.equal(await damageOfLogs(dir), undefined)
    for (const at of [0, 4, 5, 6, 7, 100, 32_767, 32_768, 32_775, 70_000]) {
      await flip(log, at)
      assert.notEqual(await damageOfLogs(dir), undefined, String(at))
      await flip(log, at)
    }
    assert.equal(await damageOfLogs(dir), undefined)
  })
})
