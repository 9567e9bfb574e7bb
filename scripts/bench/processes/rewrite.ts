/** Parses, checks and rewrites the module that its argument names, without fuel, then with it; prints how long each took. */
import { readFileSync } from 'node:fs'
import { checkModule } from '../../../src/executor/binary/check.ts'
import { meterModule } from '../../../src/executor/binary/fuel.ts'
import { parseModule } from '../../../src/executor/binary/parse.ts'
import { confineModule } from '../../../src/executor/binary/rewrite.ts'

const MAX_PAGES = 8192
const bytes = new Uint8Array(readFileSync(process.argv[2] ?? ''))

function milliseconds (fuel: boolean): number {
  const start = performance.now()
  const info = parseModule(bytes)
  checkModule(info, MAX_PAGES)
  confineModule(bytes, info, MAX_PAGES, fuel ? meterModule(bytes, info) : undefined)
  return performance.now() - start
}

console.log(JSON.stringify({ plainMs: milliseconds(false), fuelMs: milliseconds(true) }))
