/** Things to do later, however many, on one timer: back-offs and deadlines of tasks. */
import TinyQueue from 'tinyqueue'

/** One thing to do; `cancel` of the timetable takes it off. */
export interface Alarm {
  /** Monotonic milliseconds. */
  readonly at: number
  /** Undefined once it was done or taken off. */
  run: (() => void) | undefined
}

export interface Timetable {
  /** Calls `run` once, at or soon after `at` (monotonic milliseconds), never before this call returns. */
  set (at: number, run: () => void): Alarm
  cancel (alarm: Alarm): void
  /** Forgets everything. */
  stop (): void
}

/** What a timer of Node holds well; later alarms take more than one. */
const MAX_WAIT_MS = 3_600_000
/** Alarms that were taken off and may stand in the queue besides as many as are set. */
const MAX_OFF = 64

/** `now` is in monotonic milliseconds; default performance.now. */
export function createTimetable ({ now = () => performance.now() }: { now?: () => number } = {}): Timetable {
  let queue = new TinyQueue<Alarm>([], (a, b) => a.at - b.at)
  let set = 0
  let timer: NodeJS.Timeout | undefined
  let timerAt = Infinity

  /** One timer, for the first alarm that is still set. */
  function arm (): void {
    let first = queue.peek()
    while (first !== undefined && first.run === undefined) {
      queue.pop()
      first = queue.peek()
    }
    if (first === undefined) return disarm()
    if (timer !== undefined && timerAt === first.at) return
    clearTimeout(timer)
    timerAt = first.at
    timer = setTimeout(ring, Math.min(MAX_WAIT_MS, Math.max(0, Math.ceil(first.at - now())))).unref()
  }

  function disarm (): void {
    clearTimeout(timer)
    timer = undefined
    timerAt = Infinity
  }

  function ring (): void {
    disarm()
    const until = now()
    try {
      for (let first = queue.peek(); first !== undefined && first.at <= until; first = queue.peek()) {
        queue.pop()
        const { run } = first
        if (run === undefined) continue
        first.run = undefined
        set--
        run()
      }
    } finally {
      arm()
    }
  }

  return {
    set (at, run) {
      const alarm: Alarm = { at, run }
      queue.push(alarm)
      set++
      if (at < timerAt) arm()
      return alarm
    },
    cancel (alarm) {
      if (alarm.run === undefined) return
      alarm.run = undefined
      set--
      if (queue.length > 2 * set + MAX_OFF) queue = new TinyQueue(queue.data.filter(({ run }) => run !== undefined), (a, b) => a.at - b.at)
      if (set === 0) disarm()
    },
    stop () {
      queue = new TinyQueue<Alarm>([], (a, b) => a.at - b.at)
      set = 0
      disarm()
    },
  }
}
