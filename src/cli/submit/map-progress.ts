/** How far a map is, on stderr: a bar with rate and time left on a terminal, a line now and then elsewhere. */
import { SingleBar } from 'cli-progress'
import { numberField } from '../../control/fields.ts'
import type { View } from '../../control/views.ts'
import { say } from '../output.ts'

export interface MapProgress {
  show (status: View): void
  /** A line that stays. */
  note (line: string): void
  end (): void
}

/** How often a line is written where it stays. */
const LINE_EVERY_MS = 10_000
/** The rate is that of about so long. */
const RATE_OVER_MS = 5_000

export function createMapProgress ({ quiet }: { quiet: boolean }): MapProgress {
  const live = process.stderr.isTTY && !quiet
  const bar = live ? new SingleBar({ format: '{bar} {percentage}% {value}/{of} {rate}/s {left}{failures}', stream: process.stderr, hideCursor: true, clearOnComplete: true }) : undefined
  const rate = createRate()
  let started = false
  let lineAt = performance.now()
  let last = ''

  return {
    show (status) {
      const done = numberField(status, 'done') ?? 0
      const failed = numberField(status, 'failed') ?? 0
      const total = numberField(status, 'total')
      const known = total ?? numberField(status, 'items') ?? done
      const perSecond = rate(done)
      const of = total === undefined ? `${known}+` : String(total)
      const left = perSecond > 0 && total !== undefined ? `${duration((total - done) / perSecond)} left` : ''
      const failures = failed === 0 ? '' : ` ${failed} failed`
      if (bar === undefined) {
        const line = `${done} of ${of} done, ${Math.round(perSecond)}/s${left === '' ? '' : `, ${left}`}${failed === 0 ? '' : `, ${failed} failed`}`
        if (quiet || line === last || performance.now() - lineAt < LINE_EVERY_MS) return
        lineAt = performance.now()
        last = line
        say(line)
        return
      }
      const payload = { of, rate: Math.round(perSecond), left, failures }
      if (!started) bar.start(known, done, payload)
      started = true
      bar.setTotal(Math.max(1, known))
      bar.update(done, payload)
    },
    note (line) {
      // The bar is drawn anew below it.
      if (started && live) process.stderr.write('\r\u001b[K')
      say(line)
    },
    end () {
      if (started) bar?.stop()
      started = false
    },
  }
}

/** Results a second, of the last few seconds. */
function createRate (now: () => number = () => performance.now()): (done: number) => number {
  const seen: Array<{ at: number, done: number }> = []
  return (done) => {
    const at = now()
    seen.push({ at, done })
    while (seen.length > 2 && at - (seen[0]?.at ?? at) > RATE_OVER_MS) seen.shift()
    const first = seen[0]
    return first === undefined || at === first.at ? 0 : (done - first.done) * 1000 / (at - first.at)
  }
}

function duration (seconds: number): string {
  const whole = Math.ceil(seconds)
  if (whole < 60) return `${whole} s`
  const minutes = Math.floor(whole / 60)
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
