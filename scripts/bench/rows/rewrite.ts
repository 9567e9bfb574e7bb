/** How fast a module is parsed, checked and rewritten before the engine sees it; each time in a process that has done nothing before. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { enlarge } from '../large-module.ts'
import type { Figure, Row, RowContext } from '../row.ts'
import { median, percentile } from '../statistics.ts'
import { TASKS } from '../tasks.ts'

const PROCESS = fileURLToPath(new URL('../processes/rewrite.ts', import.meta.url))
const MODULE_BYTES = 30_000_000
const LIMIT = 200

interface Times { plainMs: number, fuelMs: number }

async function run (context: RowContext): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'corebrum-bench-'))
  context.after(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'large.wasm')
  const bytes = enlarge(await readFile(`${TASKS}text.wasm`), MODULE_BYTES)
  await writeFile(file, bytes)
  const rates: number[] = []
  const metered: number[] = []
  for (let left = context.samples(10); left > 0; left--) {
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', import.meta.resolve('tsx'), PROCESS, file])
    const { plainMs, fuelMs }: Times = JSON.parse(stdout)
    rates.push(bytes.length / 1000 / plainMs)
    metered.push(bytes.length / 1000 / fuelMs)
  }
  const measured = median(rates)
  return [{
    what: 'parse, check and rewrite a module of 30 MB, p50',
    measured,
    unit: 'MB/s',
    target: `>= ${LIMIT} MB/s`,
    met: measured >= LIMIT,
    details: { samples: rates.length, 'p10 MB/s': percentile(rates, 10), 'p90 MB/s': percentile(rates, 90), 'with fuel MB/s': median(metered) },
  }]
}

export const rewrite: Row = { name: 'rewrite', run }
