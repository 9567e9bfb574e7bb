/** One thread of a run: schedules of consecutive seeds, until they are done or enough of them are broken. */
import { parentPort, workerData } from 'node:worker_threads'
import { runSchedule } from './schedule.ts'
import type { Job, Report } from './simulate.ts'

/** Broken schedules after which a run has said enough. */
const MAX_BROKEN = 5

async function run (job: Job): Promise<Report> {
  const report: Report = { schedules: 0, tasks: 0, steps: 0, counts: {}, broken: [], traces: [] }
  for (let seed = job.from; seed < job.from + job.count && report.broken.length < (job.stopAfter ?? MAX_BROKEN); seed++) {
    const { violations, covered, tasks, steps, trace } = await runSchedule(seed, job)
    report.schedules++
    report.tasks += tasks
    report.steps += steps
    for (const event of covered) report.counts[event] = (report.counts[event] ?? 0) + 1
    if (job.traced === true) report.traces.push(trace)
    if (violations.length > 0) report.broken.push({ seed, violations })
  }
  return report
}

void run(workerData as Job).then((report) => { parentPort?.postMessage(report) })
