/** What a program can sense of the world besides its inputs: time and chance. Real, or for deterministic tasks the same on every machine. */
import { randomFillSync } from 'node:crypto'

export interface Ambient {
  /** Nanoseconds since 1970, at the resolution of a millisecond. */
  wallClockNs (): bigint
  /** Nanoseconds since some moment before the call; never goes back. */
  monotonicNs (): bigint
  /** Blocks the sandbox, whose only work this is. */
  sleep (nanoseconds: bigint): void
  /** Fills with random bytes. */
  random (target: Uint8Array): void
  /** From 0 up to, not including, 1. */
  randomUnit (): number
}

/** The same, with `tell` called before each sleep. */
export function tellingSleep (ambient: Ambient, tell: () => void): Ambient {
  return {
    wallClockNs: () => ambient.wallClockNs(),
    monotonicNs: () => ambient.monotonicNs(),
    sleep (nanoseconds) {
      tell()
      ambient.sleep(nanoseconds)
    },
    random: (target) => { ambient.random(target) },
    randomUnit: () => ambient.randomUnit(),
  }
}

/** The machine's own clocks and random numbers. */
export const realAmbient: Ambient = {
  wallClockNs: () => BigInt(Date.now()) * 1_000_000n,
  monotonicNs: () => process.hrtime.bigint(),
  sleep (nanoseconds) {
    if (nanoseconds <= 0n) return
    const milliseconds = Math.min(Number(nanoseconds) / 1e6, 2 ** 31)
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
  },
  random: (target) => { randomFillSync(target) },
  randomUnit: () => Math.random(),
}
