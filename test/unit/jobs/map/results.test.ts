import assert from 'node:assert/strict'
import { appendFile, open, readFile, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { ResultsLog } from '../../../../src/jobs/map/results-log.ts'
import { readResults } from '../../../../src/jobs/map/results-reader.ts'
import { lineOfError } from '../../../../src/jobs/map/result-line.ts'
import { linesOf } from '../../../support/map-fixture.ts'
import { rejectsWith } from '../../../support/rejects.ts'
import { useTempDirs } from '../../../support/temp-dir.ts'

const lineOf = (index: number, text = 'x'): string => `{"index":${index},"outputs":{"result":${JSON.stringify(text)}}}\n`

describe('results of a map on disk', () => {
  const tempDir = useTempDirs()
  const path = async (): Promise<string> => join(await tempDir(), 'results')
  const indexes = async (log: ResultsLog, ordered: boolean, more: 'no' | 'paused' = 'no', from = 0): Promise<unknown[]> => (await linesOf(readResults(log, { ordered, from, more: () => more }))).map(({ index }) => index)

  it('come in the order of the inputs, or as they came, whatever their sizes', async () => {
    await fc.assert(fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { maxLength: 40 }), fc.array(fc.integer({ min: 1, max: 200_000 }), { minLength: 40, maxLength: 40 }), async (order, sizes) => {
      const log = await ResultsLog.open(await path())
      order.forEach((index, i) => { log.add(index, false, lineOf(index, 'é'.repeat(sizes[i] ?? 1))) })
      await log.flush()
      assert.deepEqual(await indexes(log, false), order)
      assert.deepEqual(await indexes(log, true), [...order].sort((a, b) => a - b))
      assert.equal(log.done, order.length)
      await log.close()
    }), { numRuns: 20 })
  })

  it('are read as they come, and never before they are on disk', async () => {
    const log = await ResultsLog.open(await path())
    let more: 'yes' | 'no' = 'yes'
    const ordered = linesOf(readResults(log, { ordered: true, more: () => more }))
    const first = readResults(log, { ordered: false, more: () => more })
    const next = first.next()
    log.add(1, false, lineOf(1))
    assert.equal(log.offsetOf(1), undefined)
    await log.flush()
    assert.equal(String((await next).value), lineOf(1))
    log.add(0, false, lineOf(0))
    await log.flush()
    more = 'no'
    log.wake()
    assert.deepEqual((await ordered).map(({ index }) => index), [0, 1])
    await first.return(undefined)
    await log.close()
  })

  it('end at the first missing one while the map is paused, and go on from where one says', async () => {
    const log = await ResultsLog.open(await path())
    for (const index of [0, 1, 3, 4]) log.add(index, false, lineOf(index))
    await log.flush()
    assert.deepEqual(await indexes(log, true, 'paused'), [0, 1])
    assert.deepEqual(await indexes(log, true, 'no'), [0, 1, 3, 4])
    assert.deepEqual(await indexes(log, true, 'no', 3), [3, 4])
    assert.deepEqual(await indexes(log, false, 'no', 3), [4])
    await log.close()
  })

  it('are there again when the file is opened again; failures are counted', async () => {
    const file = await path()
    const log = await ResultsLog.open(file)
    log.add(2, true, lineOfError(2, 'ERR_TRAP', 'it trapped').line)
    log.add(1, true, lineOfError(1, 'ERR_TRAP', 'it trapped').line)
    log.add(0, false, lineOf(0))
    await log.flush()
    await log.close()
    const again = await ResultsLog.open(file)
    assert.deepEqual([again.done, again.failed, again.firstFailed, again.indexes, again.has(2), again.has(3)], [3, 2, 1, 3, true, false])
    await again.close()
  })

  it('lose nothing but the last one when it was not written to its end, at every byte of it', async () => {
    const file = await path()
    const log = await ResultsLog.open(file)
    log.add(0, false, lineOf(0))
    await log.flush()
    const { size } = await stat(file)
    log.add(1, false, lineOf(1))
    await log.flush()
    await log.close()
    const whole = await readFile(file)
    for (let length = whole.length - 1; length >= size; length--) {
      await truncate(file, length)
      const torn = await ResultsLog.open(file)
      assert.deepEqual([torn.has(0), torn.has(1)], [true, false])
      // What comes next stands where the torn one stood.
      torn.add(1, false, lineOf(1))
      await torn.flush()
      assert.deepEqual(await indexes(torn, true), [0, 1])
      await torn.close()
    }
    assert.deepEqual(await readFile(file), whole)
  })

  it('that were changed are cut off when the file is opened, and refused when they are read', async () => {
    const file = await path()
    const log = await ResultsLog.open(file)
    for (let index = 0; index < 3; index++) log.add(index, false, lineOf(index))
    await log.flush()
    const raw = await open(file, 'r+')
    const { size } = await raw.stat()
    await raw.write(Buffer.from('y'), 0, 1, Math.floor(size / 2))
    await raw.close()
    await rejectsWith('ERR_JOURNAL', linesOf(readResults(log, { ordered: true, more: () => 'no' })))
    await log.close()
    const again = await ResultsLog.open(file)
    assert.deepEqual([again.has(0), again.has(1), again.has(2)], [true, false, false])
    await again.close()
  })

  it('ignore a second record for one index', async () => {
    const file = await path()
    const log = await ResultsLog.open(file)
    log.add(0, false, lineOf(0, 'first'))
    await log.flush()
    await log.close()
    const record = await readFile(file)
    await appendFile(file, record)
    const again = await ResultsLog.open(file)
    assert.equal(again.done, 1)
    assert.deepEqual(await indexes(again, false), [0])
    await again.close()
  })

  it('can still be read by who began to, when the file is closed', async () => {
    const log = await ResultsLog.open(await path())
    for (let index = 0; index < 20_000; index++) log.add(index, false, lineOf(index))
    await log.flush()
    const reading = readResults(log, { ordered: true, more: () => 'no' })
    const first = await reading.next()
    await log.close()
    const rest = await linesOf(reading)
    assert.equal(String(first.value).split('\n').length - 1 + rest.length, 20_000)
  })
})
