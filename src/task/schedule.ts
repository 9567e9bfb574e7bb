/** How often a task is run: `execution_mode: recurring` (or streaming), with `stream_config.time_interval`. */
import { MAX_INTERVAL_MS, MIN_INTERVAL_MS } from '../limits.ts'
import type { ScheduleSpec } from './definition.ts'
import { DURATION_RULE, parseDuration } from './duration.ts'
import type { Section } from './section.ts'
import type { Value } from './values.ts'

export const SCHEDULE_FIELDS = ['execution_mode', 'stream_config'] as const
const STREAM_FIELDS = ['time_interval', 'interval', 'max_runs', 'iterations', 'max_iterations'] as const
const ONCE: ReadonlySet<string> = new Set(['once', 'single', 'batch', 'one_shot', 'one-shot', 'oneshot'])
const AGAIN: ReadonlySet<string> = new Set(['recurring', 'stream', 'streaming', 'continuous', 'periodic'])
const MODES = 'once, recurring, streaming, continuous'
const INTERVAL = `${DURATION_RULE}, from ${MIN_INTERVAL_MS / 1000} s to ${MAX_INTERVAL_MS / 3_600_000} h`

/** From the first of `sections` that says something of it; undefined for a task that runs once. */
export function readSchedule (sections: Section[]): ScheduleSpec | undefined {
  const mode = sections.find((section) => section.raw('execution_mode') !== undefined)
  const holder = sections.find((section) => section.raw('stream_config') !== undefined)
  const again = mode === undefined ? undefined : isAgain(mode)
  if (again === false || (mode === undefined && holder === undefined)) return undefined
  const config = holder?.section('stream_config')
  config?.expect(STREAM_FIELDS)
  const interval = ['time_interval', 'interval'].find((key) => config?.raw(key) !== undefined)
  if (config === undefined || interval === undefined) {
    if (config !== undefined) config.missing('time_interval', INTERVAL)
    else if (holder === undefined) mode?.missing('stream_config', 'how often it runs, such as {time_interval: 5}, in seconds')
    return undefined
  }
  const intervalMs = parseDuration(config.raw(interval))
  if (intervalMs === undefined || intervalMs < MIN_INTERVAL_MS || intervalMs > MAX_INTERVAL_MS) {
    config.report.found(config.at(interval), config.raw(interval), INTERVAL)
    return undefined
  }
  const maxRuns = readRuns([config, ...sections])
  return { intervalMs, ...(maxRuns === undefined ? {} : { maxRuns }) }
}

function isAgain (section: Section): boolean {
  const value: Value | undefined = section.raw('execution_mode')
  const mode = typeof value === 'string' ? value.trim().toLowerCase() : ''
  if (AGAIN.has(mode)) return true
  if (!ONCE.has(mode)) section.report.found(section.at('execution_mode'), value, MODES)
  return false
}

function readRuns (sections: Section[]): number | undefined {
  for (const section of sections) {
    for (const key of ['max_runs', 'iterations', 'max_iterations']) {
      const value = section.raw(key)
      if (value === undefined) continue
      if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1) return value
      section.report.found(section.at(key), value, 'a whole number of runs, at least 1')
    }
  }
  return undefined
}
