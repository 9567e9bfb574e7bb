import assert from 'node:assert/strict'
import { appendFile, open, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { CorebrumError } from '../../../../src/errors.ts'
import { MAX_MAP_OPEN_BYTES, MAX_MAP_OPEN_TASKS } from '../../../../src/jobs/limits.ts'
import type { TaskDefinition } from '../../../../src/task/definition.ts'
import { chunks, DEFINITION, double, ending, linesOf, mapBench, mapOf, numbers, type MapAnswer } from '../../../support/map-fixture.ts'
import { rejectsWith } from '../../../support/rejects.ts'
import { useTempDirs } from '../../../support/temp-dir.ts'

const trap = (): CorebrumError => new CorebrumError('ERR_TRAP', 'it trapped')
/** Ends the tasks below `count`; the others stay open. */
const upTo = (count: number): MapAnswer => (task) => task.index < count ? double(task) : new Promise(() => {})

describe('maps', () => {
  const tempDir = useTempDirs()
  const all = async (job: { results: (options: { ordered: boolean }) => AsyncIterable<Uint8Array> }, ordered = true): Promise<Array<Record<string, unknown>>> => await linesOf(job.results({ ordered }))
  const doubles = (count: number): unknown[] => Array.from({ length: count }, (_, index) => ({ index, outputs: { result: index * 2 } }))

  it('run one task for each line, a few thousand at a time, and give the results in order', async () => {
    const bench = mapBench(await tempDir())
    const job = await bench.maps.create({ definition: DEFINITION, baseDir: '/' })
    const results = all(job)
    assert.equal(await job.addInputs(chunks(numbers(12_000)), { bytes: 0, crc: 0 }), 12_000)
    assert.deepEqual(await results, doubles(12_000))
    assert.ok(bench.mostOpen <= MAX_MAP_OPEN_TASKS, String(bench.mostOpen))
    assert.deepEqual(await ending(job), { id: job.id, name: 'double', reduced: false, state: 'completed', outputs: { total: 12_000 }, total: 12_000, done: 12_000, failed: 0 })
    await bench.maps.stop()
  })

  it('hold no more of the inputs than so many bytes', async () => {
    const bench = mapBench(await tempDir(), () => new Promise(() => {}))
    const line = `{"number":1,"text":"${'x'.repeat(100_000)}"}\n`
    const job = await mapOf(bench, line.repeat(200))
    assert.ok(bench.submitted.length > 10 && bench.submitted.length <= MAX_MAP_OPEN_BYTES / 400_000 + 1, String(bench.submitted.length))
    await bench.maps.stop()
    assert.equal(job.status.done, 0)
  })

  it('give each line that is wrong an error that names it, and each failed task its error', async () => {
    const bench = mapBench(await tempDir(), (task) => {
      if (task.inputs.number === 'x') throw new CorebrumError('ERR_INPUT', 'number is no integer')
      return task.inputs.number === 7 ? trap() : double(task)
    })
    const job = await mapOf(bench, '{"number":1}\n\nnonsense\n[1]\n{"number":"x"}\n{"number":7}\n{"number":12345678901234567890}\n')
    const lines = await all(job)
    assert.deepEqual(lines.map(({ index, error }) => [index, (error as { code: string } | undefined)?.code]), [[0, undefined], [1, 'ERR_INPUT'], [2, 'ERR_INPUT'], [3, 'ERR_INPUT'], [4, 'ERR_TRAP'], [5, undefined]])
    for (const [index, line] of [[1, 3], [2, 4], [3, 5]] as const) assert.match((lines[index]?.error as { message: string }).message, new RegExp(`^line ${line}:`))
    const status = await ending(job)
    assert.deepEqual([status.state, status.code, status.done, status.failed], ['failed', 'ERR_INPUT', 6, 4])
    await bench.maps.stop()
    assert.equal(bench.record(job.id)?.state, 'failed')
  })

  it('keep integers exact on both ways', async () => {
    const bench = mapBench(await tempDir(), ({ inputs }) => ({ result: inputs.number ?? null }))
    const job = await mapOf(bench, '{"number":-9223372036854775808}\n{"number":9007199254740993}\n')
    let text = ''
    for await (const piece of job.results({ ordered: true })) text += piece.toString()
    assert.equal(text, '{"index":0,"outputs":{"result":-9223372036854775808}}\n{"index":1,"outputs":{"result":9007199254740993}}\n')
    await bench.maps.stop()
  })

  it('put common inputs under those of each line', async () => {
    const bench = mapBench(await tempDir(), ({ inputs }) => ({ ...inputs }))
    const job = await mapOf(bench, '{"number":1}\n{"base":5}\n', { common: { base: 2, number: 9 } })
    assert.deepEqual((await all(job)).map(({ outputs }) => outputs), [{ base: 2, number: 1 }, { base: 5, number: 9 }])
    await bench.maps.stop()
  })

  it('end with the first failure when they are told so', async () => {
    const bench = mapBench(await tempDir(), async (task) => task.index === 3 ? trap() : task.index < 6 ? double(task) : await new Promise(() => {}))
    const job = await mapOf(bench, numbers(50), { failFast: true })
    const status = await ending(job)
    assert.deepEqual([status.state, status.code], ['failed', 'ERR_TRAP'])
    assert.ok((await all(job)).some(({ index }) => index === 3))
    await bench.maps.stop()
  })

  it('go on after a pause without running anything again that had ended', async () => {
    const dir = await tempDir()
    const bench = mapBench(dir, upTo(500))
    const job = await mapOf(bench, numbers(1000))
    for await (const status of job.follow(new AbortController().signal)) if (status.done === 500) break
    await job.pause()
    assert.deepEqual([job.status.state, job.status.done], ['paused', 500])
    assert.equal((await all(job)).length, 500)
    await bench.maps.stop()
    const later = bench.restarted(double)
    const again = await later.maps.find(job.id)
    assert.equal(again.status.state, 'paused')
    assert.equal(later.submitted.length, 0)
    await later.maps.proceed(job.id)
    assert.deepEqual(await all(again), doubles(1000))
    assert.deepEqual(later.submitted.map((id) => Number(id.slice(37))).sort((a, b) => a - b), Array.from({ length: 500 }, (_, i) => i + 500))
    await later.maps.stop()
  })

  it('go on in the same node after a pause', async () => {
    let limit = 10
    const bench = mapBench(await tempDir(), async (task) => await upTo(limit)(task))
    const job = await mapOf(bench, numbers(40))
    for await (const status of job.follow(new AbortController().signal)) if (status.done === 10) break
    await job.pause()
    limit = 40
    await bench.maps.proceed(job.id)
    assert.deepEqual(await all(job), doubles(40))
    await bench.maps.stop()
  })

  it('take no half of a line that comes while they are paused', async () => {
    const bench = mapBench(await tempDir(), () => new Promise(() => {}))
    const job = await bench.maps.create({ definition: DEFINITION, baseDir: '/' })
    const first = '{"number":1}\n'
    let paused: Promise<void> | undefined
    async function * torn (rest: string): AsyncGenerator<Uint8Array> {
      yield Buffer.from(`${first}{"num`)
      paused = job.pause()
      for (let i = 0; i < 3; i++) await Promise.resolve()
      if (rest !== '') yield Buffer.from(rest)
    }
    for (const rest of ['ber":2}\n', '']) {
      await rejectsWith('ERR_CANCELLED', job.addInputs(torn(rest), job.inputs()))
      await paused
      await bench.maps.proceed(job.id)
      assert.equal(job.inputs().sealed, false)
    }
    assert.equal(job.inputs().bytes, 2 * first.length)
    await bench.maps.stop()
  })

  it('refuse a task that would be a job itself', async () => {
    const bench = mapBench(await tempDir())
    for (const more of [{ schedule: { intervalMs: 1000 } }, { agreement: { replicas: 3, quorum: 2, ignore: [] } }] satisfies Array<Partial<TaskDefinition>>) {
      await rejectsWith('ERR_DEFINITION', bench.maps.create({ definition: { ...DEFINITION, ...more }, baseDir: '/' }))
    }
    await bench.maps.stop()
  })

  it('end at once when nobody waits for them any more by the time they are made', async () => {
    const bench = mapBench(await tempDir())
    const gone = new AbortController()
    const made = bench.maps.create({ definition: DEFINITION, baseDir: '/' }, { signal: gone.signal })
    gone.abort()
    const status = await ending(await made)
    assert.deepEqual([status.state, bench.submitted.length], ['cancelled', 0])
    await bench.maps.stop()
  })

  it('go on where a killed process was, with a torn end of the results', async () => {
    const dir = await tempDir()
    const bench = mapBench(dir, upTo(20))
    const job = await mapOf(bench, numbers(30))
    for await (const status of job.follow(new AbortController().signal)) if (status.done === 20) break
    await bench.maps.stop()
    const folder = join(dir, 'jobs', job.id)
    const results = await readFile(join(folder, 'results'))
    await appendFile(join(folder, 'results'), results.subarray(0, 20))
    const later = bench.restarted(double)
    const again = await later.maps.proceed(job.id)
    assert.deepEqual(await all(again), doubles(30))
    assert.equal(later.submitted.length, 10)
    await later.maps.stop()
  })

  it('take the rest of the inputs another time, and only those that they were begun with', async () => {
    const dir = await tempDir()
    const bench = mapBench(dir)
    const job = await bench.maps.create({ definition: DEFINITION, baseDir: '/' })
    async function * broken (): AsyncGenerator<Uint8Array> {
      yield Buffer.from(`${numbers(5)}{"num`)
      throw new CorebrumError('ERR_USAGE', 'the file went away')
    }
    await rejectsWith('ERR_USAGE', job.addInputs(broken(), { bytes: 0, crc: 0 }))
    await bench.maps.stop()
    const later = bench.restarted()
    const again = await later.maps.proceed(job.id)
    const whole = Buffer.from(numbers(8))
    const { sealed, ...mark } = again.inputs()
    assert.equal(sealed, false)
    assert.deepEqual(mark, { bytes: numbers(5).length, crc: crc32(numbers(5)) })
    await rejectsWith('ERR_USAGE', again.addInputs(chunks(numbers(3, 5)), { bytes: mark.bytes, crc: 1 }))
    await again.addInputs(chunks(whole.subarray(mark.bytes).toString()), mark)
    assert.deepEqual(await all(again), doubles(8))
    await later.maps.stop()
  })

  it('pause with a clear error when this node cannot keep what they need, and lose nothing', async () => {
    const bench = mapBench(await tempDir(), (task) => {
      if (task.index === 5) throw new CorebrumError('ERR_STORE', 'the disk is full')
      return double(task)
    })
    const job = await mapOf(bench, numbers(10))
    const status = await ending(job)
    assert.equal(status.state, 'paused')
    assert.match(status.message ?? '', /disk is full/)
    await bench.maps.stop()
    const later = bench.restarted(double)
    assert.deepEqual(await all(await later.maps.proceed(job.id)), doubles(10))
    await later.maps.stop()
  })

  it('wait while the node is full', async () => {
    let full = 3
    const bench = mapBench(await tempDir(), (task) => {
      if (task.index > 4 && full-- > 0) throw new CorebrumError('ERR_QUEUE_FULL', 'full')
      return double(task)
    })
    assert.deepEqual(await all(await mapOf(bench, numbers(10))), doubles(10))
    await bench.maps.stop()
  })

  it('end when they are cancelled, and keep what is done', async () => {
    const bench = mapBench(await tempDir(), upTo(3))
    const job = await mapOf(bench, numbers(10))
    for await (const status of job.follow(new AbortController().signal)) if (status.done === 3) break
    await bench.maps.cancel(job.id)
    assert.equal((await ending(job)).state, 'cancelled')
    assert.deepEqual(await all(job), doubles(3))
    assert.equal(bench.record(job.id)?.state, 'cancelled')
    await job.proceed()
    assert.equal(job.status.state, 'cancelled')
    await bench.maps.stop()
  })

  it('are open in one process at a time, and known to nobody once they are removed', async () => {
    const dir = await tempDir()
    const bench = mapBench(dir)
    const job = await mapOf(bench, numbers(2))
    await rejectsWith('ERR_USAGE', bench.restarted().maps.find(job.id))
    await ending(job)
    await bench.maps.stop()
    await bench.maps.remove(job.id)
    assert.deepEqual(await readdir(join(dir, 'jobs')), [])
    await rejectsWith('ERR_TASK_UNKNOWN', bench.restarted().maps.find(job.id))
    await rejectsWith('ERR_TASK_UNKNOWN', bench.restarted().maps.find('../../etc'))
  })

  it('say so when their files are damaged, and give no wrong result', async () => {
    const dir = await tempDir()
    const bench = mapBench(dir, upTo(2))
    const job = await mapOf(bench, numbers(10))
    for await (const status of job.follow(new AbortController().signal)) if (status.done === 2) break
    await bench.maps.stop()
    const folder = join(dir, 'jobs', job.id)
    for (const name of ['map', 'state', 'inputs']) {
      const path = join(folder, name)
      const bytes = await readFile(path)
      const file = await open(path, 'r+')
      await file.write(Buffer.of(bytes.readUInt8(14) ^ 1), 0, 1, 14)
      const later = bench.restarted(double)
      await rejectsWith('ERR_JOURNAL', later.maps.proceed(job.id))
      await later.maps.stop()
      await file.write(bytes, 0, bytes.length, 0)
      await file.close()
    }
    // Fewer inputs than results are no map that could go on.
    await rm(join(folder, 'inputs'))
    const later = bench.restarted(double)
    await rejectsWith('ERR_JOURNAL', later.maps.proceed(job.id))
    await later.maps.stop()
  })

  describe('with a final task', () => {
    const SUM: TaskDefinition = { ...DEFINITION, name: 'sum', inputs: [{ name: 'values', type: 'array', required: true }] }
    const sum: MapAnswer = (task) => Array.isArray(task.inputs.values) ? { sum: task.inputs.values.reduce<number>((total, value) => total + Number(value), 0) } : double(task)

    it('give it the values of the single output in order', async () => {
      let given: unknown
      const bench = mapBench(await tempDir(), (task) => {
        if ('values' in task.inputs) given = task.inputs.values
        return sum(task)
      })
      const job = await mapOf(bench, numbers(100), { reduce: SUM })
      const status = await ending(job)
      assert.deepEqual([status.state, status.reduced, status.outputs], ['completed', true, { sum: 9900 }])
      assert.deepEqual(given, Array.from({ length: 100 }, (_, i) => i * 2))
      await bench.maps.stop()
      assert.deepEqual(bench.record(job.id)?.outputs, { sum: 9900 })
    })

    it('give it objects where there are several outputs', async () => {
      let given: unknown
      const bench = mapBench(await tempDir(), (task): Record<string, number> => {
        if (!('values' in task.inputs)) return { a: 1, b: task.index }
        given = task.inputs.values
        return { result: 0 }
      })
      const definition: TaskDefinition = { ...DEFINITION, outputs: [{ name: 'a', type: 'integer' }, { name: 'b', type: 'integer' }] }
      await ending(await mapOf(bench, numbers(2), { definition, reduce: SUM }))
      assert.deepEqual(given, [{ a: 1, b: 0 }, { a: 1, b: 1 }])
      await bench.maps.stop()
    })

    it('do not run it when an input failed, and fail when it does', async () => {
      const some = mapBench(await tempDir(), (task) => task.index === 1 ? trap() : sum(task))
      assert.equal((await ending(await mapOf(some, numbers(3), { reduce: SUM }))).state, 'failed')
      assert.equal(some.submitted.length, 3)
      await some.maps.stop()
      const last = mapBench(await tempDir(), (task) => 'values' in task.inputs ? trap() : double(task))
      const status = await ending(await mapOf(last, numbers(3), { reduce: SUM }))
      assert.deepEqual([status.state, status.code], ['failed', 'ERR_TRAP'])
      await last.maps.stop()
    })

    it('refuse one that takes no list', async () => {
      const bench = mapBench(await tempDir())
      await rejectsWith('ERR_DEFINITION', bench.maps.create({ definition: DEFINITION, baseDir: '/', reduce: DEFINITION }))
    })
  })
})
