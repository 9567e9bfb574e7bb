import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, readdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { Database, type DatabaseInit } from '../../../src/journal/database.ts'
import { readRange, type LevelHandle } from '../../../src/journal/level.ts'
import { unseal } from '../../../src/journal/sealed.ts'
import { damageOfTable, faultOfTable, tablesOf } from '../../../src/journal/table-check.ts'
import { entriesOf, footerOf, handleOf, type BlockHandle } from '../../../src/journal/table-format.ts'
import { mendTable } from '../../../src/journal/table-mend.ts'
import { filesOf, flip } from '../../support/journal-damage.ts'
import { tableRow } from '../../support/table-rows.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const READER = fileURLToPath(new URL('../../support/journal-reader.ts', import.meta.url))
const ROWS = 2_000
/** Padding of a footer, which says nothing, ends with 8 bytes of its own. */
const FOOTER_BYTES = 48
const noPace = (): undefined => undefined

describe('table files of the journal', () => {
  const tempDir = useTempDirs()
  let dir: string
  let logged: string[]
  let events: Array<() => void>

  beforeEach(async () => {
    dir = join(await tempDir(), 'journal')
    logged = []
    events = []
  })

  async function open (init: Partial<DatabaseInit> = {}): Promise<{ database: Database, salvaged: boolean }> {
    const log = (_level: string, message: string): void => {
      logged.push(message)
      for (const tell of events) tell()
    }
    const database = new Database({ dir, log, ...init })
    return { database, salvaged: await database.open() }
  }

  /** A database whose rows all lie in one table; what the table holds. */
  async function made (): Promise<{ path: string, file: Buffer }> {
    const { database } = await open()
    for (let i = 0; i < ROWS; i++) database.put(tableRow(i).key, tableRow(i).body)
    await database.patiently(true)
    await database.close()
    // The log becomes a table.
    await (await open()).database.close()
    const [path = '', ...others] = await filesOf(dir, /\.ldb$/)
    assert.equal(others.length, 0)
    return { path, file: await readFile(path) }
  }

  function blocksOf (file: Buffer): BlockHandle[] {
    return entriesOf(file, footerOf(file).data).map(({ value }) => handleOf(value))
  }

  /** Numbers of the rows that are whole. */
  function rowsOf (file: Buffer): number[] {
    return blocksOf(file).flatMap((handle) => entriesOf(file, handle)).flatMap(({ key, value }) => {
      const name = Buffer.from(key.subarray(0, -8)).toString('latin1')
      const body = unseal(name, value)
      if (body === undefined || !name.startsWith('k')) return []
      assert.deepEqual(body, tableRow(Number(name.slice(1))).body)
      return [Number(name.slice(1))]
    })
  }

  /** Places in every part: all through it, in each of the indexes, and in the footer. */
  function places (file: Buffer, count: number): number[] {
    const { others, data } = footerOf(file)
    return [
      ...Array.from({ length: count }, (_, i) => Math.floor((i + 0.5) * others.offset / count)),
      ...[others, data].flatMap(({ offset, size }) => [offset, offset + size >> 1, offset + size - 1, offset + size, offset + size + 4]),
      file.length - FOOTER_BYTES, file.length - FOOTER_BYTES + 4, file.length - 8, file.length - 1,
    ]
  }

  const changed = (file: Buffer, ...at: number[]): Buffer => {
    const copy = Buffer.from(file)
    for (const index of at) copy[index] = (copy[index] ?? 0) ^ 0x55
    return copy
  }

  it('are read as LevelDB wrote them, and every flipped byte in them is found', async () => {
    const { path, file } = await made()
    assert.deepEqual(rowsOf(file), Array.from({ length: ROWS }, (_, i) => i))
    assert.ok(blocksOf(file).some(({ offset, size }) => file[offset + size] === 1), 'none is compressed')
    assert.deepEqual(await tablesOf(dir), [{ name: basename(path), bytes: file.length }])
    assert.equal(await faultOfTable(file, noPace), undefined)
    for (const at of places(file, 100)) assert.notEqual(await faultOfTable(changed(file, at), noPace), undefined, String(at))
    for (const length of [0, 10, 47, 48, 1_000, file.length - 1]) assert.notEqual(await faultOfTable(file.subarray(0, length), noPace), undefined, String(length))
    assert.match(await damageOfTable(dir, { name: basename(path), bytes: 7 }, noPace) ?? '', /7 were written/)
    assert.equal(await damageOfTable(dir, { name: '999999.ldb', bytes: 7 }, noPace), undefined)
  })

  it('are mended: no row of a sound block is lost, wherever a byte is flipped', async () => {
    const { file } = await made()
    const most = Math.max(...blocksOf(file).map((handle) => entriesOf(file, handle).length))
    for (const at of places(file, 12).filter((_, i) => i % 2 === 1)) {
      const mended = mendTable(changed(file, at)).file ?? Buffer.alloc(0)
      assert.equal(await faultOfTable(mended, noPace), undefined, String(at))
      assert.ok(rowsOf(mended).length >= ROWS - most, String(at))
    }
    assert.equal(mendTable(file.subarray(0, 20)).file, undefined)
    assert.equal(mendTable(Buffer.alloc(1_000)).file, undefined)
  })

  it('are mended where index and data are damaged, too', async () => {
    const { file } = await made()
    const handles = blocksOf(file)
    const bad = handles[3] ?? { offset: 0, size: 0 }
    const mended = mendTable(changed(file, bad.offset + 5, footerOf(file).data.offset + 3)).file ?? Buffer.alloc(0)
    assert.equal(rowsOf(mended).length, ROWS - entriesOf(file, bad).length)
  })

  it('and logs never end the process twice, and never give a wrong row: damage is reported, and the rest is saved', async () => {
    const { path, file } = await made()
    const spots = places(file, 8).filter((_, i) => i % 3 === 0)
    // In keys, which LevelDB would find out of order when it compacts, and end the process.
    for (const key of ['k000300', 'k001200']) spots.push(file.indexOf(key) + 1)
    const dirs = await Promise.all(spots.map(async (at, i) => {
      const copy = join(await tempDir(), `${i}`)
      await cp(dir, copy, { recursive: true })
      await writeFile(join(copy, basename(path)), changed(file, at))
      return copy
    }))
    dirs.push(await withTwiceTheSameNumbers())
    const child = spawn(process.execPath, ['--import', 'tsx', READER, ...dirs], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [output, exit] = await Promise.all([text(child.stdout), once(child, 'exit')])
    assert.deepEqual(exit, [0, null])
    const lines = output.trim().split('\n').map((line) => JSON.parse(line) as { salvaged: boolean, reports: number, right: number[], wrong: number })
    assert.equal(lines.length, dirs.length)
    for (const { salvaged, reports, right, wrong } of lines) {
      assert.deepEqual([salvaged, reports, wrong], [true, 2, 0])
      assert.ok(right.length >= ROWS - 60, String(right.length))
    }
  })

  /** A database whose log says of two writes that they have the same numbers: LevelDB ends the process that repairs it. */
  async function withTwiceTheSameNumbers (): Promise<string> {
    const other = join(await tempDir(), 'log')
    const { database } = await open({ dir: other })
    for (let i = 0; i < ROWS; i++) {
      database.put(tableRow(i).key, tableRow(i).body)
      if (i === 9 || i === 10 || i === 11) await database.patiently(true)
    }
    await database.patiently(true)
    await database.close()
    const [path = ''] = await filesOf(other, /\.log$/)
    const log = await readFile(path)
    // A batch begins with its first number and how many writes it has, one here and the count of all; then the first of them.
    const [one, two] = [10, 11].map((i) => log.indexOf(tableRow(i).key) - 14)
    log.copy(log, two, one, (one ?? 0) + 8)
    await writeFile(path, log)
    return other
  }

  describe('that are too many to look at before the start', () => {
    const later = { maxCheckedBytes: 0 }
    /** Resolves when something is logged. */
    const logs = (): Promise<void> => new Promise((resolve) => events.push(resolve))

    it('are looked at in the background, and what is found is saved at the next start', async () => {
      const { path } = await made()
      await flip(path, 30_000)
      const reported = logs()
      const { database, salvaged } = await open({ ...later, watch: { bytesPerSecond: 1e9 } })
      assert.ok(!salvaged)
      await reported
      assert.ok(logged[0]?.includes(basename(path)) === true, logged[0])
      await database.close()
      const again = await open(later)
      assert.ok(again.salvaged)
      await again.database.close()
      assert.ok(!(await open(later)).salvaged)
    })

    it('are all looked at after a process that ended before it had', async () => {
      const { path } = await made()
      // So slow that it does not come to the damage.
      const { database } = await open({ ...later, watch: { bytesPerSecond: 1 } })
      assert.ok((await readdir(dir)).includes('UNCHECKED'))
      const copy = `${dir}-killed`
      await cp(dir, copy, { recursive: true })
      await database.close()
      assert.ok(!(await readdir(dir)).includes('UNCHECKED'))
      await flip(join(copy, basename(path)), 30_000)
      const killed = await open({ dir: copy, ...later })
      assert.ok(killed.salvaged)
      await killed.database.close()
    })

    it('show it by keys out of order to whoever reads them first', async () => {
      const { path, file } = await made()
      await writeFile(path, changed(file, file.indexOf('k000300') + 1))
      const check = async (level: LevelHandle): Promise<undefined> => {
        for await (const rows of readRange(level, { gte: 'k', lt: 'z' })) assert.ok(rows.length > 0)
      }
      const { database, salvaged } = await open({ ...later, watch: { bytesPerSecond: 1 }, check })
      assert.ok(salvaged)
      await database.close()
    })

    it('are looked at again from time to time', async () => {
      const { path } = await made()
      const { database } = await open({ watch: { bytesPerSecond: 1e9, everyMs: 20 } })
      const reported = logs()
      await flip(path, 30_000)
      await reported
      assert.match(logged[0] ?? '', /damaged/)
      await database.close()
    })

    it('and sound need no look at the next start', async () => {
      await made()
      const { database } = await open({ ...later, watch: { bytesPerSecond: 1 } })
      await database.close()
      assert.deepEqual([(await open()).salvaged, logged], [false, []])
    })
  })

  it('that a compaction left unfinished are no damage', async () => {
    const { file } = await made()
    await writeFile(join(dir, '000999.ldb'), file.subarray(0, 5_000))
    const { database, salvaged } = await open()
    assert.deepEqual([salvaged, logged], [false, []])
    await database.close()
  })
})
