/** A module of 30 MB in a slot that is ready: its first call against plain Node's compile and instantiate, then a warm call. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createExecutor } from '../../../src/executor/pool.ts'
import type { Program } from '../../../src/task/program.ts'
import { enlarge } from '../large-module.ts'
import type { Figure, Row, RowContext } from '../row.ts'
import { median, percentile, sleep, timed } from '../statistics.ts'
import { readFactorial, TASKS } from '../tasks.ts'

const MODULE_BYTES = 30_000_000
const WARM_CALLS = 20
const SPARE_STARTS_MS = 1_000
const LIMIT_FIRST = 1.3
const LIMIT_WARM_MS = 10
const PLAIN = `const bytes = require('fs').readFileSync(process.argv[1]); const start = performance.now()
new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports.alloc(5); console.log(performance.now() - start)`

function programOf (cid: string, size: number, functionName: string): Program {
  return {
    name: cid, module: { cid, size, urls: [] }, functionName, inputs: [{ name: 'n', type: 'integer' }], outputs: [{ name: 'result', type: 'integer' }],
    timeLimitMs: 60_000, grants: { networking: false, fileSystem: false },
  }
}

async function run (context: RowContext): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'corebrum-bench-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'large.wasm')
  const large = enlarge(await readFile(`${TASKS}text.wasm`), MODULE_BYTES)
  await writeFile(file, large)
  const small = (await readFactorial()).bytes
  const plain: number[] = []
  const first: number[] = []
  const warm: number[] = []
  for (let left = context.samples(10); left > 0; left--) {
    plain.push(Number((await promisify(execFile)(process.execPath, ['-e', PLAIN, file])).stdout))
    const executor = createExecutor({ loadModule: (cid) => Promise.resolve(cid === 'large' ? large : small) }, { slots: 1 })
    await executor.start()
    const call = (program: Program): Promise<unknown> => executor.run({ program, values: [5], taskId: 'bench', workerId: 'bench' })
    // The process and its spare are there before the module comes, as on a worker.
    await call(programOf('small', small.length, 'factorial'))
    await sleep(SPARE_STARTS_MS)
    const program = programOf('large', large.length, 'alloc')
    first.push(await timed(() => call(program)))
    for (let calls = 0; calls < WARM_CALLS; calls++) warm.push(await timed(() => call(program)))
    await executor.stop()
  }
  const baseline = { what: 'compile and instantiate in plain Node', value: median(plain) }
  const ratio = median(first) / baseline.value
  return [
    {
      what: 'first call of a module of 30 MB, p50',
      measured: median(first),
      unit: 'ms',
      baseline,
      ratio,
      target: `<= ${LIMIT_FIRST} x`,
      met: ratio <= LIMIT_FIRST,
      details: { samples: first.length, 'p10 ms': percentile(first, 10), 'plain p10 ms': percentile(plain, 10) },
    },
    {
      what: 'the same when it is warm in a slot, p50',
      measured: median(warm),
      unit: 'ms',
      target: `<= ${LIMIT_WARM_MS} ms`,
      met: median(warm) <= LIMIT_WARM_MS,
      details: { samples: warm.length, 'p90 ms': percentile(warm, 90) },
    },
  ]
}

export const largeModule: Row = { name: 'large-module', run }
