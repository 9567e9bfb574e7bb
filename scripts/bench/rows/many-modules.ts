/** Different small modules one after the other, each fetched, compiled and called once: how many a second, and whether memory grows. */
import { createExecutor } from '../../../src/executor/pool.ts'
import { family } from '../processor.ts'
import { residentBytes } from '../memory.ts'
import type { Figure, Row, RowContext } from '../row.ts'
import { timed } from '../statistics.ts'
import { readFactorial, renewed } from '../tasks.ts'
import { cidOf } from '../../../src/modules/cid.ts'
import { toProgram } from '../../../src/task/to-program.ts'

const MODULES = 1_000
const LIMIT_PER_SECOND = 300
/** What a collection of garbage more or less makes of it. */
const LIMIT_GROWTH_MB = 16

async function run (context: RowContext): Promise<Figure[]> {
  const { definition, bytes } = await readFactorial()
  const modules = new Map<string, Uint8Array>()
  const executor = createExecutor({ loadModule: (cid) => Promise.resolve(modules.get(cid) ?? bytes) }, { slots: 1 })
  await executor.start()
  context.after(() => executor.stop())
  const round = async (): Promise<number> => {
    modules.clear()
    for (let index = 0; index < MODULES; index++) {
      const module = renewed(bytes)
      modules.set(cidOf(module), module)
    }
    const ms = await timed(async () => {
      for (const [cid, module] of modules) {
        const program = toProgram(definition, { cid, size: module.length, urls: [] })
        await executor.run({ program, values: [5], taskId: 'bench', workerId: 'bench' })
      }
    })
    return MODULES / ms * 1000
  }
  const sandboxBytes = async (): Promise<number> => {
    const sizes = await Promise.all((await family(process.pid)).filter(({ pid }) => pid !== process.pid).map(({ pid }) => residentBytes(pid)))
    return sizes.reduce((sum, size) => sum + size, 0)
  }
  await round()
  const before = await sandboxBytes()
  const rates: number[] = []
  for (let left = context.samples(5); left > 0; left--) rates.push(await round())
  const growth = (await sandboxBytes() - before) / 1e6
  const measured = Math.min(...rates)
  return [
    {
      what: `${MODULES} different modules in a row, slowest round`,
      measured,
      unit: 'tasks/s',
      target: `>= ${LIMIT_PER_SECOND} tasks/s`,
      met: measured >= LIMIT_PER_SECOND,
      details: { rounds: rates.length, 'best tasks/s': Math.max(...rates) },
    },
    {
      what: `memory of the sandboxes after ${rates.length * MODULES} more modules`,
      measured: growth,
      unit: 'MB',
      target: `<= ${LIMIT_GROWTH_MB} MB`,
      met: growth <= LIMIT_GROWTH_MB,
      details: { 'before MB': before / 1e6 },
    },
  ]
}

export const manyModules: Row = { name: 'many-modules', run }
