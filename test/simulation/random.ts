/** The one source of chance of a schedule: what a seed gives, it gives again. */
import { uniformFloat32 } from 'pure-rand/distribution/uniformFloat32'
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'

export interface Random {
  /** 0 to 1, 1 excluded. */
  next (): number
  /** A whole number, both ends included. */
  int (from: number, to: number): number
  chance (probability: number): boolean
  pick<T> (items: readonly T[]): T
  /** A time, mostly near the lower end: as many from 1 to 10 ms as from 10 to 100. */
  time (fromMs: number, toMs: number): number
}

export function createRandom (seed: number): Random {
  const generator = xoroshiro128plus(seed)
  // Neighbouring seeds begin alike.
  for (let i = 0; i < 8; i++) generator.next()
  const random: Random = {
    next: () => uniformFloat32(generator),
    int: (from, to) => uniformInt(generator, from, to),
    chance: (probability) => probability > 0 && uniformFloat32(generator) < probability,
    pick (items) {
      const item = items[uniformInt(generator, 0, items.length - 1)]
      if (item === undefined) throw new Error('nothing to pick from')
      return item
    },
    time: (fromMs, toMs) => Math.round(Math.max(1, fromMs) * (toMs / Math.max(1, fromMs)) ** uniformFloat32(generator)),
  }
  return random
}
