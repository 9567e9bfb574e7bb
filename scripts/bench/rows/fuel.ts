/** What counting fuel costs: the same module with and without, in turns. */
import { readFile } from 'node:fs/promises'
import { FUEL_EXPORT, meterModule } from '../../../src/executor/binary/fuel.ts'
import { parseModule } from '../../../src/executor/binary/parse.ts'
import { changeSections } from '../../../src/executor/binary/sections.ts'
import { wat } from '../../../test/support/wat.ts'
import { INTERPRETER, MATRIX } from '../kernels.ts'
import type { Figure, Row, RowContext } from '../row.ts'
import { median, timed } from '../statistics.ts'
import { TASKS } from '../tasks.ts'

const WARM_UP = 100
const LIMIT = 1.2
const BUDGET = 2n ** 60n

type Kernel = () => unknown

function start (bytes: Uint8Array, functionName: string, argument: number | bigint): Kernel {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(bytes)))
  const target = exports[functionName]
  const fuel = exports[FUEL_EXPORT]
  if (typeof target !== 'function') throw new Error(`the kernel exports no ${functionName}`)
  if (fuel instanceof WebAssembly.Global) fuel.value = BUDGET
  return () => target(argument)
}

async function run (context: RowContext): Promise<Figure[]> {
  const kernels: Array<[string, Uint8Array, string, number | bigint]> = [
    ['primes', await readFile(`${TASKS}primes.wasm`), 'primes', 60_000n],
    ['matrices', await wat(MATRIX), 'f', 4],
    ['interpreter', await wat(INTERPRETER), 'f', 300_000],
  ]
  const figures: Figure[] = []
  for (const [name, bytes, functionName, argument] of kernels) {
    const plain = start(bytes, functionName, argument)
    const metered = start(changeSections(bytes, parseModule(bytes), meterModule(bytes, parseModule(bytes))), functionName, argument)
    if (plain() !== metered()) throw new Error(`${name} gives another result with fuel`)
    const ratios: number[] = []
    const plainMs: number[] = []
    for (let turn = -WARM_UP; turn < context.samples(60); turn++) {
      const without = await timed(plain)
      const withFuel = await timed(metered)
      if (turn < 0) continue
      plainMs.push(without)
      ratios.push(withFuel / without)
    }
    const ratio = median(ratios)
    figures.push({
      what: `fuel: ${name}, p50`,
      measured: median(plainMs) * ratio,
      unit: 'ms',
      baseline: { what: 'the same without fuel', value: median(plainMs) },
      ratio,
      target: `<= ${LIMIT} x`,
      met: ratio <= LIMIT,
      details: { samples: ratios.length },
    })
  }
  return figures
}

export const fuel: Row = { name: 'fuel', run }
