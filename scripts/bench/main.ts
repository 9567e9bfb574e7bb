/** `npm run bench`: measures each figure beside its limit, prints a table, and keeps the numbers as JSON. */
import { mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { describeMachine, formatDetails, formatTable, type Results } from './report.ts'
import type { Row, RowContext } from './row.ts'
import { cold } from './rows/cold.ts'
import { submitAlone, submitWithDaemon } from './rows/commands.ts'
import { cpu } from './rows/cpu.ts'
import { executor } from './rows/executor.ts'
import { failover } from './rows/failover.ts'
import { fuel } from './rows/fuel.ts'
import { idle } from './rows/idle.ts'
import { journalled } from './rows/journalled.ts'
import { largeModule } from './rows/large-module.ts'
import { manyModules } from './rows/many-modules.ts'
import { bindgen, wasiCommand } from './rows/programs.ts'
import { map } from './rows/map.ts'
import { recovery } from './rows/recovery.ts'
import { rewrite } from './rows/rewrite.ts'
import { throughput } from './rows/throughput.ts'
import { transfer } from './rows/transfer.ts'
import { warm } from './rows/warm.ts'

const ROWS: readonly Row[] = [warm, cold, throughput, journalled, executor, cpu, transfer, submitWithDaemon, submitAlone, idle, bindgen, wasiCommand, rewrite, largeModule, fuel, manyModules, failover, recovery, map]
const NAMES = ROWS.map(({ name }) => name).join(', ')
const RESULTS = fileURLToPath(new URL('../../bench-results/', import.meta.url))

const HELP = `npm run bench -- [--only NAME]... [--quick] [--json]
  --only NAME  one row, or several: ${NAMES}
  --quick      a tenth of the samples
  --json       JSON on stdout, instead of the table there and a file in bench-results/
It measures the sources as they are, and the commands and sandboxes as \`npm run build\` made them.`

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

async function measure (row: Row): Promise<Results['figures']> {
  const undo: Array<() => unknown> = []
  const context: RowContext = {
    samples: (full) => flags.quick ? Math.max(3, Math.ceil(full / 10)) : full,
    asked: flags.only.includes(row.name),
    say: (text) => { console.error(`  ${row.name}: ${text}`) },
    after: (action) => { undo.push(action) },
  }
  console.error(`${row.name} ...`)
  try {
    return (await row.run(context)).map((figure) => ({ row: row.name, ...figure }))
  } finally {
    for (const action of undo.reverse()) await action()
  }
}

async function main (): Promise<void> {
  const unknown = flags.only.filter((name) => !ROWS.some((row) => row.name === name))
  if (flags.help || unknown.length > 0) {
    console.error(unknown.length > 0 ? `no row ${unknown.join(', ')}; there are ${NAMES}` : HELP)
    process.exitCode = unknown.length > 0 ? 2 : 0
    return
  }
  const results: Results = { startedAt: new Date().toISOString(), quick: flags.quick, machine: describeMachine(), figures: [] }
  for (const row of ROWS) {
    if (flags.only.length > 0 && !flags.only.includes(row.name)) continue
    for (const figure of await measure(row)) {
      results.figures.push(figure)
      console.error(`  ${figure.what}: ${formatDetails(figure)}`)
    }
  }
  const json = JSON.stringify(results, null, 2)
  if (flags.json) {
    console.log(json)
    return
  }
  console.log(`\n${formatTable(results)}`)
  await mkdir(RESULTS, { recursive: true })
  const file = `${RESULTS}${results.startedAt.replaceAll(':', '-')}.json`
  await writeFile(file, `${json}\n`)
  console.log(`\n${file}`)
}

await main()
process.exit()
