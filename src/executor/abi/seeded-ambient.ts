/**
 * Time and chance of a deterministic task: made from its id alone, so that they are the same on every machine.
 * The clock starts at DETERMINISTIC_START_NS, moves by DETERMINISTIC_STEP_NS with each reading, and by a sleep as much as
 * that asks for, at once. Random bytes are the key stream of AES-256 in counter mode (NIST SP 800-38A), counter from 0,
 * keyed with the SHA-256 of the id.
 */
import { createCipheriv, createHash } from 'node:crypto'
import { DETERMINISTIC_START_NS, DETERMINISTIC_STEP_NS } from '../limits.ts'
import type { Ambient } from './ambient.ts'

const COUNTER_BYTES = 16
/** What is encrypted, so much at a time, to get the key stream. */
const ZEROS = new Uint8Array(65_536)
/** What an f64 holds of a random number. */
const UNIT_BITS = 53
/** Later the clock stands still; 64 bits of nanoseconds, which is what programs read, end in 2554. */
const LAST_NS = 2n ** 64n - 1n

/** Clock and random numbers of the task `taskId`, from their start. */
export function createSeededAmbient (taskId: string): Ambient {
  let elapsedNs = 0n
  let cipher: ReturnType<typeof createCipheriv> | undefined
  const advance = (nanoseconds: bigint): bigint => {
    elapsedNs += nanoseconds
    if (DETERMINISTIC_START_NS + elapsedNs > LAST_NS) elapsedNs = LAST_NS - DETERMINISTIC_START_NS
    return elapsedNs
  }
  const random = (target: Uint8Array): void => {
    cipher ??= createCipheriv('aes-256-ctr', createHash('sha256').update(taskId).digest(), new Uint8Array(COUNTER_BYTES))
    for (let at = 0; at < target.length; at += ZEROS.length) {
      target.set(cipher.update(ZEROS.subarray(0, target.length - at)), at)
    }
  }
  return {
    wallClockNs: () => DETERMINISTIC_START_NS + advance(DETERMINISTIC_STEP_NS),
    monotonicNs: () => advance(DETERMINISTIC_STEP_NS),
    sleep (nanoseconds) {
      if (nanoseconds > 0n) advance(nanoseconds)
    },
    random,
    randomUnit () {
      const bytes = new Uint8Array(8)
      random(bytes)
      const bits = new DataView(bytes.buffer).getBigUint64(0, true)
      return Number(bits >> BigInt(64 - UNIT_BITS)) / 2 ** UNIT_BITS
    },
  }
}
