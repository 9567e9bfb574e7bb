/** Damaged copies of real modules, the same ones for the same seed. */

export interface Mutant { what: string, original: string, bytes: Uint8Array }

/** Mulberry32: numbers from 0 up to 1, the same for the same seed. */
function randomNumbers (seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Bytes that stand for something in the format: ends of integers, opcodes, types, section ids. */
const TELLING = [0x00, 0x01, 0x7f, 0x80, 0xff, 0x0b, 0x02, 0x03, 0x0c, 0x10, 0x11, 0x40, 0x41, 0x60, 0x70, 0x6f, 0x7e, 0xfc, 0xfd]

const range = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_item, index) => first + index)

/** Instructions that take and give the same types, so that the module often stays valid and does something else. */
const ALIKE = [range(0x46, 0x4f), range(0x51, 0x5a), range(0x6a, 0x78), range(0x7c, 0x8a), [0x28, 0x2c, 0x2d, 0x2e, 0x2f], [0x36, 0x3a, 0x3b], [0x0c, 0x0d], [0x02, 0x03]]

type Mutation = (bytes: Uint8Array, below: (limit: number) => number, other: Uint8Array) => Uint8Array

const MUTATIONS: Record<string, Mutation> = {
  'a bit flipped' (bytes, below) {
    const at = below(bytes.length)
    bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8))
    return bytes
  },
  'bytes set' (bytes, below) {
    for (let count = 1 + below(4); count > 0; count--) bytes[below(bytes.length)] = TELLING[below(TELLING.length)] ?? 0
    return bytes
  },
  'other instructions' (bytes, below) {
    for (let tries = 0, changed = 0; tries < 2000 && changed < 3; tries++) {
      const at = below(bytes.length)
      const alike = ALIKE.find((kind) => kind.includes(bytes[at] ?? 0))
      if (alike === undefined) continue
      bytes[at] = alike[below(alike.length)] ?? 0
      changed++
    }
    return bytes
  },
  'other constants' (bytes, below) {
    for (let tries = 0; tries < 2000; tries++) {
      const at = below(bytes.length - 1)
      if (bytes[at] !== 0x41 || (bytes[at + 1] ?? 0x80) >= 0x80) continue
      bytes[at + 1] = below(0x80)
      break
    }
    return bytes
  },
  'cut off': (bytes, below) => bytes.subarray(0, below(bytes.length)),
  'a piece taken out' (bytes, below) {
    const at = below(bytes.length)
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + below(16))])
  },
  'a piece doubled' (bytes, below) {
    const at = below(bytes.length)
    const end = at + 1 + below(64)
    return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)])
  },
  'a piece of another module' (bytes, below, other) {
    const piece = other.subarray(below(other.length))
    bytes.set(piece.subarray(0, Math.min(1 + below(64), piece.length, bytes.length - 8)), 8)
    const at = below(bytes.length)
    const length = Math.min(1 + below(64), piece.length, bytes.length - at)
    bytes.set(piece.subarray(0, length), at)
    return bytes
  },
  'an integer made large' (bytes, below) {
    const at = below(Math.max(1, bytes.length - 5))
    bytes.set([0xff, 0xff, 0xff, 0xff, 0x0f].slice(0, bytes.length - at), at)
    return bytes
  },
}

/** `count` mutants of these modules. */
export function * mutantsOf (modules: ReadonlyMap<string, Uint8Array>, { seed, count }: { seed: number, count: number }): Generator<Mutant> {
  const random = randomNumbers(seed)
  const below = (limit: number): number => Math.floor(random() * limit)
  const originals = [...modules]
  // Most damage is found before the module runs; half of the mutants are of the kinds that get further.
  const further = Object.entries(MUTATIONS).filter(([kind]) => kind.startsWith('other'))
  const all = Object.entries(MUTATIONS)
  for (let i = 0; i < count; i++) {
    const [name = '', bytes = new Uint8Array()] = originals[below(originals.length)] ?? []
    const [, other = new Uint8Array()] = originals[below(originals.length)] ?? []
    const kinds = i % 2 === 0 ? all : further
    const [kind = '', mutate] = kinds[below(kinds.length)] ?? []
    if (mutate !== undefined) yield { original: name, what: `${name}, ${kind} (seed ${seed}, number ${i})`, bytes: mutate(Uint8Array.from(bytes), below, other) }
  }
}
