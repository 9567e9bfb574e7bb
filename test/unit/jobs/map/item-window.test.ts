import assert from 'node:assert/strict'
import { join } from 'node:path'
import { ItemWindow } from '../../../../src/jobs/map/item-window.ts'
import { ResultsLog } from '../../../../src/jobs/map/results-log.ts'
import { Spool } from '../../../../src/jobs/map/spool.ts'
import { newTask, reduceTask } from '../../../../src/task/state.ts'
import { NO_USAGE } from '../../../../src/task/usage.ts'
import { DEFINITION, numbers } from '../../../support/map-fixture.ts'
import { useTempDirs } from '../../../support/temp-dir.ts'

describe('the window of a map', () => {
  const tempDir = useTempDirs()

  /** A window whose log refuses `add` as `refuses` says; resolves with what became of the map. */
  async function run (refuses: (index: number, failed: boolean) => boolean): Promise<{ end: string, failed: number[], log: ResultsLog }> {
    const dir = await tempDir()
    const spool = await Spool.open(join(dir, 'inputs'))
    await spool.add(Buffer.from(numbers(5)))
    await spool.seal()
    const log = await ResultsLog.open(join(dir, 'results'))
    const add = log.add.bind(log)
    log.add = (index, isFailed, line) => {
      if (refuses(index, isFailed)) throw new RangeError('a result is longer than any may be')
      add(index, isFailed, line)
    }
    const failed: number[] = []
    const end = await new Promise<string>((resolve) => {
      const window = new ItemWindow({
        id: '00000000-0000-4000-8000-000000000000',
        settings: { name: 'double', createdAtMs: 0, definition: DEFINITION, common: {}, reduce: undefined, failFast: false, policy: undefined, noCache: false },
        tasks: {
          async submit () {},
          done: async (id) => reduceTask(newTask(id, 'item', 0), { type: 'completed', worker: 'worker', outputs: { result: 1 }, usage: NO_USAGE, logs: '', atMs: 1 }),
          cancel () {},
          forget () {},
        },
        cursor: spool.cursor(),
        log,
        onAll: () => { resolve('all') },
        onFailed: (index) => { failed.push(index) },
        onStuck: ({ message }) => { resolve(message) },
      })
      window.pump()
    })
    await log.flush()
    await Promise.all([spool.close(), log.close()])
    return { end, failed, log }
  }

  it('fails the input whose result cannot be kept, and goes on with the others', async () => {
    const { end, failed, log } = await run((index, isFailed) => index === 2 && !isFailed)
    assert.deepEqual({ end, failed, done: log.done, errors: log.failed }, { end: 'all', failed: [2], done: 5, errors: 1 })
  })

  it('stops the map, not the process, when not even that can be kept', async () => {
    const { end, failed } = await run((index) => index === 2)
    assert.deepEqual({ end, failed }, { end: 'a result is longer than any may be', failed: [] })
  })
})
