/** How many processors this process may use. */
import { availableParallelism } from 'node:os'

export function processors (): number {
  return Math.max(1, availableParallelism())
}
