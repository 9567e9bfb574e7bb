/** Time as it would pass on an idle machine, for promises in milliseconds that must hold while other processes take the CPU. */

/** How often it is looked whether this process gets to run. */
const LOOK_MS = 10
/** Timers of a machine with nothing to do are late by this much; it is not taken off. */
const LATE_MS = 2

export interface FairTime {
  /** Since the start, monotonic milliseconds, less those in which this process was ready to run and was not let. To be called once. */
  end (): number
}

/**
 * A timer that is late while this process has burnt no CPU was late because others had the CPU: that is taken off. What the
 * process does itself counts in full, also where it holds up the event loop.
 */
export function fairTime (): FairTime {
  const begun = performance.now()
  let lookedAt = begun
  let cpu = process.cpuUsage()
  let starvedMs = 0

  function look (): void {
    const now = performance.now()
    const { user, system } = process.cpuUsage(cpu)
    starvedMs += Math.max(0, now - lookedAt - LOOK_MS - LATE_MS - (user + system) / 1_000)
    lookedAt = now
    cpu = process.cpuUsage()
  }

  const timer = setInterval(look, LOOK_MS)
  return {
    end () {
      clearInterval(timer)
      look()
      return lookedAt - begun - starvedMs
    },
  }
}
