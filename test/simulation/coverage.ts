/** How many schedules met each kind of trouble: a simulation that never meets it proves nothing. */

export const EVENTS = {
  submitterCrash: 'the submitter was killed',
  submitterCrashWithOpenTasks: 'the submitter was killed with open tasks',
  lostWrites: 'a kill took changes that were not written yet',
  submitUnanswered: 'a submit was lost before it was answered',
  workerCrash: 'a worker was killed',
  workerCrashWithLease: 'a worker was killed while it ran a task',
  workerCrashWithResult: 'a worker was killed between result and acknowledgement',
  cut: 'a pair of hosts was cut off from each other',
  stall: 'a pair of hosts stalled',
  break: 'a connection broke',
  lostFrame: 'a frame was lost with its connection',
  clockShift: 'a wall clock jumped',
  diskFull: 'a disk was full',
  released: 'a lease ended without a result',
  expired: 'a lease expired',
  resumed: 'a task was leased again to the worker that ran it, and went on there',
  answeredAgain: 'a task was leased again to a worker that had its result',
  lateResult: 'a result of an old fence came',
  lateAccepted: 'a result of an old fence was accepted',
  letter: 'a result came by way of the mailbox',
  receipt: 'a finished task got its receipt',
  duplicateResult: 'a result came for a task that had ended',
  ranTwice: 'a task was run more than once',
  sandboxCrash: 'a sandbox died',
  killedSandboxes: 'a task failed because its sandboxes died',
  gaveUp: 'a task failed after too many attempts',
  deadline: 'a task ended by its deadline',
  trap: 'a task failed by itself',
  largeResult: 'a result travelled beside its message',
  cancelled: 'a task was cancelled',
  cancelledWhileRunning: 'a task was cancelled while it ran',
  cancelTooLate: 'a task was cancelled after it had ended',
  cancelledCutOff: 'a task was cancelled while its worker was cut off',
  readBack: 'a finished task was read from the disk',
  hostile: 'a hostile peer took part',
} as const

export type CoverageEvent = keyof typeof EVENTS

/** Text for people, the rarest last. */
export function showCoverage (counts: ReadonlyMap<string, number>, schedules: number): string {
  const rows = Object.entries(EVENTS).map(([event, text]) => ({ text, count: counts.get(event) ?? 0 })).sort((a, b) => b.count - a.count)
  return rows.map(({ text, count }) => `${String(count).padStart(8)}  ${(100 * count / schedules).toFixed(1).padStart(5)} %  ${text}`).join('\n')
}
