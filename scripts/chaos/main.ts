/**
 * `npm run chaos`: real daemons in network namespaces, killed, cut off, slowed and stalled at random while they run thousands
 * of tasks; twice, the second time with the submitter killed every few seconds. Needs the right to make network namespaces.
 */
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { lanProblem } from '../../test/support/lan.ts'
import { runChaos, type ChaosReport } from './run.ts'

const HELP = `npm run chaos -- [--seed N] [--tasks N] [--hosts N] [--only workers|submitter] [--quiet]
  --seed N   repeats the faults of a run, default: a new one, which is printed
  --tasks N  tasks of each part, default 5000
  --hosts N  daemons, default 6; the first one only submits
  --only     one of the two parts: faults of the workers, or of the submitter too
  --quiet    only the reports`

const { values: flags } = parseArgs({
  options: {
    seed: { type: 'string' },
    tasks: { type: 'string', default: '5000' },
    hosts: { type: 'string', default: '6' },
    only: { type: 'string' },
    quiet: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

function report (part: string, { promised, ended, seconds, counts, faults }: ChaosReport): void {
  const happened = Object.entries(counts).map(([kind, count]) => `${count} ${kind}`).join(', ')
  console.log(`${part}: ${ended} of ${promised} tasks ended in ${seconds.toFixed(0)} s; ${happened}; broken promises: ${faults.length}`)
  for (const fault of faults) console.log(`  ${fault}`)
}

async function main (): Promise<void> {
  const problem = lanProblem()
  if (flags.help || problem !== undefined) {
    console.error(flags.help ? HELP : `network namespaces cannot be made here: ${problem}`)
    process.exitCode = flags.help ? 0 : 1
    return
  }
  const seed = flags.seed === undefined ? randomInt(2 ** 31) : Number(flags.seed)
  console.log(`seed ${seed}`)
  const say = (text: string): void => { if (!flags.quiet) console.error(`  ${text}`) }
  const shared = { seed, tasks: Number(flags.tasks), hosts: Number(flags.hosts), settleMs: 120_000, say }
  const parts: Array<[string, () => Promise<ChaosReport>]> = [
    ['workers', () => runChaos({ ...shared, faultsEveryMs: [300, 2_500] })],
    ['submitter', () => runChaos({ ...shared, faultsEveryMs: [1_000, 4_000], submitterEveryMs: 5_000 })],
  ]
  for (const [part, run] of parts) {
    if (flags.only !== undefined && flags.only !== part) continue
    const result = await run()
    report(part, result)
    if (result.faults.length > 0 || result.ended < result.promised) process.exitCode = 1
  }
}

await main()
process.exit()
