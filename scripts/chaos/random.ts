/** Random numbers that a seed repeats. */
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'

export interface Random {
  /** From `min` to `max`, both included. */
  integer (min: number, max: number): number
  pick<T> (items: readonly T[]): T
}

export function createRandom (seed: number): Random {
  const generator = xoroshiro128plus(seed)
  const integer = (min: number, max: number): number => uniformInt(generator, min, max)
  return {
    integer,
    pick<T> (items: readonly T[]): T {
      const item = items[integer(0, items.length - 1)]
      if (item === undefined) throw new Error('nothing to pick from')
      return item
    },
  }
}
