/** The definitions that ship, each with inputs and the exact line that a submit prints for them. */
import { readFileSync } from 'node:fs'

const root = new URL('../../', import.meta.url)

/** Folder of the shipped definitions and modules. */
export const SHIPPED = new URL('task_definitions/wasm/', root)

/** Folder of the modules' sources. */
export const EXAMPLES = new URL('examples/', root)

export interface Sample {
  /** File name in task_definitions/wasm. */
  definition: string
  /** The value of `--input`; absent: submitted without it, so that the defaults count. */
  input?: string
  /** What a completed submit prints on stdout, without the newline. */
  output: string
}

export const SAMPLES: readonly Sample[] = [
  { definition: 'factorial_wasm.yaml', output: '{"result":120}' },
  { definition: 'factorial_wasm.yaml', input: '{"number": 5}', output: '{"result":120}' },
  { definition: 'factorial_wasm.yaml', input: '{"number": 0}', output: '{"result":1}' },
  { definition: 'factorial_wasm.yaml', input: '{"number": 20}', output: '{"result":2432902008176640000}' },
  { definition: 'factorial_wasm_file.yaml', output: '{"result":5040}' },
  { definition: 'factorial_wasm_file.yaml', input: '{"number": 20}', output: '{"result":2432902008176640000}' },
  { definition: 'factorial_wasm_url.yaml', output: '{"result":720}' },
  { definition: 'factorial_wasm_url.yaml', input: '{"number": 6}', output: '{"result":720}' },
  { definition: 'factorial_c.yaml', output: '{"result":3628800}' },
  { definition: 'factorial_c.yaml', input: '{"number": 12}', output: '{"result":479001600}' },
  { definition: 'factorial_c.yaml', input: '{"number": 20}', output: '{"result":2432902008176640000}' },
  { definition: 'factorial_emscripten.yaml', output: '{"result":120}' },
  { definition: 'factorial_emscripten.yaml', input: '{"number": 5}', output: '{"result":120}' },
  { definition: 'factorial_emscripten_main.yaml', output: '{"result":120}' },
  { definition: 'factorial_emscripten_main.yaml', input: '{"number": 5}', output: '{"result":120}' },
  { definition: 'text.yaml', output: '{"result":"HELLO, MESH!"}' },
  { definition: 'text.yaml', input: '{"text": "straße"}', output: '{"result":"STRASSE"}' },
  { definition: 'text.yaml', input: '{"text": ""}', output: '{"result":""}' },
  { definition: 'stats.yaml', output: '{"count":4,"sum":10,"mean":2.5,"median":2.5,"min":1,"max":4,"stddev":1.118033988749895}' },
  {
    definition: 'stats.yaml',
    input: '{"values": [2, 4, 4, 4, 5, 5, 7, 9]}',
    output: '{"count":8,"sum":40,"mean":5,"median":4.5,"min":2,"max":9,"stddev":2}',
  },
  { definition: 'primes.yaml', output: '{"result":9592}' },
  { definition: 'primes.yaml', input: '{"limit": 1000000}', output: '{"result":78498}' },
  { definition: 'gcd.json', output: '{"result":12}' },
  { definition: 'gcd.json', input: '{"a": 1071, "b": 462}', output: '{"result":21}' },
  { definition: 'gcd.json', input: '{"a": 9223372036854775807, "b": 9223372036854775800}', output: '{"result":7}' },
]

/** The bytes of a shipped module or definition. */
export function shippedFile (name: string): Buffer {
  return readFileSync(new URL(name, SHIPPED))
}
