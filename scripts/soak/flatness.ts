/** Whether a series of samples stays flat: the line through them, by least squares, must not climb. */

export interface Sample { readonly seconds: number, readonly value: number }

/** What the value grows by over the whole series, along the line through its samples. */
export function growth (samples: readonly Sample[]): number {
  const count = samples.length
  const [first, last] = [samples[0], samples[count - 1]]
  if (first === undefined || last === undefined || count < 3) throw new Error('three samples are the least that make a line')
  const meanTime = samples.reduce((sum, { seconds }) => sum + seconds, 0) / count
  const mean = samples.reduce((sum, { value }) => sum + value, 0) / count
  const covariance = samples.reduce((sum, { seconds, value }) => sum + (seconds - meanTime) * (value - mean), 0)
  const variance = samples.reduce((sum, { seconds }) => sum + (seconds - meanTime) ** 2, 0)
  return covariance / variance * (last.seconds - first.seconds)
}
