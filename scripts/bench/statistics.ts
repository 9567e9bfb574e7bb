/** Order statistics of samples. */

export function percentile (samples: readonly number[], percent: number): number {
  const sorted = [...samples].sort((a, b) => a - b)
  const found = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * percent / 100))]
  if (found === undefined) throw new Error('no samples')
  return found
}

export function median (samples: readonly number[]): number {
  return percentile(samples, 50)
}

/** Milliseconds that `work` took. */
export async function timed (work: () => unknown): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

export function sleep (ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
