/** Tasks whose results are known beforehand, of several lengths and sizes. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { SubmitRequest } from '../../src/control/client.ts'
import type { Random } from './random.ts'

export interface KnownTask {
  request: SubmitRequest
  /** The outputs as JSON. */
  truth: string
}

const FOLDER = fileURLToPath(new URL('../../task_definitions/wasm/', import.meta.url))
const MAX_LIMIT = 600_000
const counts = primeCounts(MAX_LIMIT)

/** Many short calls, some of tens of milliseconds, a few with inputs and outputs that travel beside their messages. */
export function makeTask (random: Random): KnownTask {
  const kind = random.integer(0, 99)
  if (kind < 45) {
    const [a, b] = [random.integer(1, 1_000_000), random.integer(1, 1_000_000)]
    return known('gcd.json', { a, b }, gcd(a, b))
  }
  if (kind < 95) {
    const limit = random.integer(1_000, kind < 85 ? 60_000 : MAX_LIMIT)
    return known('primes.yaml', { limit }, counts[limit] ?? 0)
  }
  const text = 'abcxyz'.repeat(random.integer(1, 40_000))
  return known('caesar.yaml', { text, shift: 1 }, text.replaceAll(/[a-z]/g, (letter) => letter === 'z' ? 'a' : String.fromCharCode(letter.charCodeAt(0) + 1)))
}

function known (file: string, inputs: Record<string, unknown>, result: unknown): KnownTask {
  const request = { definition: readFileSync(FOLDER + file, 'utf8'), fileName: file, baseDir: FOLDER, inputs: JSON.stringify(inputs) }
  return { request, truth: JSON.stringify({ result }) }
}

function gcd (a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b)
}

/** How many primes there are below each number. */
function primeCounts (limit: number): Uint32Array {
  const composite = new Uint8Array(limit + 1)
  const below = new Uint32Array(limit + 1)
  for (let n = 2; n <= limit; n++) {
    below[n] = (below[n - 1] ?? 0) + (n > 2 && composite[n - 1] === 0 ? 1 : 0)
    if (composite[n] === 0) for (let multiple = n * n; multiple <= limit; multiple += n) composite[multiple] = 1
  }
  return below
}
