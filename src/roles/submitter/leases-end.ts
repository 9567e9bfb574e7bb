/** Waits for the tasks of a submitter that others run: a node that is to stop lets them finish. */
import type { LinkedWorker } from './roster.ts'

const LOOK_EVERY_MS = 25

/**
 * Resolves when no task is on lease any more and no result on its way, or when `signal` aborts; tasks that nobody has
 * claimed are not waited for.
 */
export async function leasesEnd (workers: () => Iterable<LinkedWorker>, collector: { isIdle: boolean }, signal: AbortSignal): Promise<void> {
  const leased = (): boolean => !collector.isIdle || [...workers()].some(({ leases }) => leases.size > 0)
  while (leased() && !signal.aborted) await new Promise<void>((resolve) => { setTimeout(resolve, LOOK_EVERY_MS) })
}
