/** Waits for the tasks of a submitter that others run: a node that is to stop lets them finish. */
import type { LinkedWorker } from './roster.ts'

const LOOK_EVERY_MS = 25

/** Resolves when no task is on lease any more, or when `signal` aborts; tasks that nobody has claimed are not waited for. */
export async function leasesEnd (workers: () => Iterable<LinkedWorker>, signal: AbortSignal): Promise<void> {
  const leased = (): boolean => [...workers()].some(({ leases }) => leases.size > 0)
  while (leased() && !signal.aborted) await new Promise<void>((resolve) => { setTimeout(resolve, LOOK_EVERY_MS) })
}
