/** Runs many schedules on several threads: their clocks are not those of this one. */
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { build } from 'esbuild'
import type { CoverageEvent } from './coverage.ts'
import type { ScheduleInit } from './schedule.ts'

export interface Job extends ScheduleInit {
  /** The first seed. */
  from: number
  count: number
  /** Broken schedules after which it ends. */
  stopAfter?: number
}

export interface Report {
  schedules: number
  tasks: number
  steps: number
  /** Schedules that met an event. */
  counts: Partial<Record<CoverageEvent, number>>
  broken: Array<{ seed: number, violations: string[] }>
  /** Of each schedule, where they are wanted. */
  traces: string[][]
}

const MAX_THREADS = 4
/** Memory for what dies young: a node is made and dropped every millisecond. */
const YOUNG_MB = 96

/** The code of a thread as one text: threads load it at once, and what tsx adds to each function would cost them time. */
export async function threadCode (): Promise<string> {
  const { outputFiles: [file] } = await build({
    entryPoints: [fileURLToPath(new URL('./thread.ts', import.meta.url))],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    target: 'node20.19',
    logLevel: 'warning',
  })
  if (file === undefined) throw new Error('there is no bundle')
  return file.text
}

export function runThread (code: string, job: Job): Promise<Report> {
  return new Promise((resolve, reject) => {
    const thread = new Worker(code, { eval: true, workerData: job, resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB } })
    thread.once('message', resolve)
    thread.once('error', reject)
    thread.once('exit', (status) => { reject(new Error(`a thread ended with ${status}`)) })
  })
}

export async function simulate (code: string, { from, count, ...init }: Job): Promise<Report> {
  const threads = Math.min(MAX_THREADS, availableParallelism())
  const share = Math.ceil(count / threads)
  const reports = await Promise.all(Array.from({ length: threads }, (_, i) => runThread(code, { ...init, from: from + i * share, count: Math.min(share, count - i * share) })))
  return reports.reduce((sum, report) => {
    for (const key of Object.keys(report.counts) as CoverageEvent[]) sum.counts[key] = (sum.counts[key] ?? 0) + (report.counts[key] ?? 0)
    return {
      ...sum,
      schedules: sum.schedules + report.schedules,
      tasks: sum.tasks + report.tasks,
      steps: sum.steps + report.steps,
      broken: [...sum.broken, ...report.broken],
    }
  })
}
