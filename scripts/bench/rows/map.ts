/** One task for each line of a large file: the command, a daemon that submits and runs nothing, and a daemon that works. */
import { createReadStream, createWriteStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { startDaemon, stopDaemons } from '../../../test/support/daemon.ts'
import { peakBytes, resetPeak } from '../memory.ts'
import { temporaryFolder } from '../nodes.ts'
import { family, processorMs } from '../processor.ts'
import type { Figure, Row, RowContext } from '../row.ts'
import { timed } from '../statistics.ts'
import { TASKS } from '../tasks.ts'

const TASKS_PER_SECOND = 8_000
const LIMIT_MB = 300
/** The target speaks of so many; a run of all rows is content with fewer. */
const ASKED = 1_000_000
const OTHERWISE = 200_000
const SLOTS = 2

async function run (context: RowContext): Promise<Figure[]> {
  const count = context.samples(context.asked ? ASKED : OTHERWISE)
  const { folder, remove } = await temporaryFolder()
  context.after(remove)
  context.after(stopDaemons)
  const input = join(folder, 'inputs.ndjson')
  const output = join(folder, 'results.ndjson')
  await pipeline(Readable.from(lines(count)), createWriteStream(input))
  const worker = await startDaemon({ args: ['--worker-count', String(SLOTS)] })
  const submitter = await startDaemon({ args: ['--worker-count', '0', ...worker.addresses.flatMap((address) => ['--peer', address])] })
  const submit = async (...args: string[]): Promise<void> => {
    const { code, stderr } = await submitter.run(['submit', '--file', `${TASKS}factorial_wasm.yaml`, '--quiet', ...args])
    if (code !== 0) throw new Error(`the map ended with ${code}: ${stderr}`)
  }
  // One warm task opens the stream.
  await submit('--input', '{"number": 5}')
  const pids = { submitter: submitter.process.pid ?? 0, worker: worker.process.pid ?? 0 }
  const used = async (): Promise<Record<keyof typeof pids, number>> => ({ submitter: processorMs(await family(pids.submitter)), worker: processorMs(await family(pids.worker)) })
  await resetPeak(pids.submitter)
  const before = await used()
  const ms = await timed(() => submit('--map', `@${input}`, '--output', output))
  const after = await used()
  await check(output, count)
  const rate = count / ms * 1000
  const megabytes = await peakBytes(pids.submitter) / 1e6
  return [{
    what: `map, ${count} inputs, ${SLOTS} slots`,
    measured: rate,
    unit: 'tasks/s',
    target: `>= ${TASKS_PER_SECOND}/s`,
    met: rate >= TASKS_PER_SECOND,
    details: {
      'submitter processor us/task': (after.submitter - before.submitter) * 1000 / count,
      'worker and sandboxes processor us/task': (after.worker - before.worker) * 1000 / count,
    },
  }, {
    what: `map, ${count} inputs, peak memory of the submitter`,
    measured: megabytes,
    unit: 'MB',
    target: `< ${LIMIT_MB} MB`,
    met: megabytes < LIMIT_MB,
    details: {},
  }]
}

function * lines (count: number): Generator<string> {
  for (let i = 0; i < count; i++) yield `{"number":${i % 15}}\n`
}

/** Every result is there, in order, and right. */
async function check (path: string, count: number): Promise<void> {
  const factorials: number[] = []
  for (let n = 0; n < 15; n++) factorials.push(n < 2 ? 1 : n * (factorials[n - 1] ?? 1))
  let index = 0
  for await (const line of createInterface({ input: createReadStream(path) })) {
    if (line !== `{"index":${index},"outputs":{"result":${factorials[index % 15]}}}`) throw new Error(`result ${index} is wrong: ${line}`)
    index++
  }
  if (index !== count) throw new Error(`${index} results of ${count}`)
}

export const map: Row = { name: 'map', run }
