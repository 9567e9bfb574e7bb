/** Runs one schedule again and prints all that happens in it: `node --import tsx test/simulation/replay.ts SEED [--hostile] [--defect NAME]`. */
import { DEFECTS } from './defects.ts'
import { runSchedule } from './schedule.ts'

const [seed, ...options] = process.argv.slice(2)
const defect = DEFECTS.find((name) => name === options[options.indexOf('--defect') + 1])
const { violations, trace, steps } = await runSchedule(Number(seed), { traced: true, hostile: options.includes('--hostile'), ...(defect === undefined ? {} : { defect }) })
process.stdout.write([...trace, `${steps} steps`, ...violations.map((what) => `BROKEN: ${what}`), ''].join('\n'))
process.exitCode = violations.length === 0 ? 0 : 1
