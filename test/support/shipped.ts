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
  { definition: 'factorial_wasm_bindgen.yaml', output: '{"factorial":3628800,"digits":7}' },
  { definition: 'factorial_wasm_bindgen.yaml', input: '{"number": 30}', output: '{"factorial":265252859812191058636308480000000,"digits":33}' },
  { definition: 'factorial_go.yaml', output: '{"result":3628800}' },
  { definition: 'factorial_go.yaml', input: '{"number": 12}', output: '{"result":479001600}' },
  { definition: 'factorial_go.yaml', input: '{"number": 20}', output: '{"result":2432902008176640000}' },
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
  { definition: 'chart.yaml', output: '{"image":"Qk1+AAAAAAAAAD4AAAAoAAAAIAAAABAAAAABAAEAAAAAAEAAAAAAAAAAAAAAAAIAAAAAAAAA////ALR3HwB/7/3/f+/9/3/v/f9/7/3/f+/9/3/v/f8AD/3/AA/9/wAP/f8AD/3/AA/9/wAAAf8AAAH/AAAB/wAAAf8AAAH/","bars":3,"largest":3}' },
  {
    definition: 'chart.yaml',
    input: '{"values": [3, 1, 4, 1, 5, 9, 2, 6]}',
    output: '{"image":"Qk1+AAAAAAAAAD4AAAAoAAAAIAAAABAAAAABAAEAAAAAAEAAAAAAAAAAAAAAAAIAAAAAAAAA////ALR3HwB3d3d3d3d3d3Bwd3dwcHd3cHB3B3BwdwcAcHcHAHB3BwAAdwcAAAcHAAAHBwAABwAAAAcAAAAHAAAABwAAAAcA","bars":8,"largest":9}',
  },
  { definition: 'wc.yaml', output: '{"lines":2,"words":3,"bytes":14}' },
  { definition: 'wc.yaml', input: '{"text": "one two\\nthree\\n"}', output: '{"lines":2,"words":3,"bytes":14}' },
  { definition: 'primes.yaml', output: '{"result":9592}' },
  { definition: 'primes.yaml', input: '{"limit": 1000000}', output: '{"result":78498}' },
  { definition: 'words.yaml', output: '{"count":2,"longest":"Hello,"}' },
  { definition: 'words.yaml', input: '{"text": "the quick brown fox"}', output: '{"count":4,"longest":"quick"}' },
  { definition: 'words.yaml', input: '{"text": " \\"größe\\" 🚀🚀 "}', output: '{"count":2,"longest":"\\"größe\\""}' },
  { definition: 'slug.yaml', output: '{"result":"hello-mesh"}' },
  { definition: 'slug.yaml', input: '{"text": "Ada & Charles, 1843"}', output: '{"result":"ada-charles-1843"}' },
  { definition: 'slug.yaml', input: '{"text": "--Größe!"}', output: '{"result":"größe"}' },
  { definition: 'caesar.yaml', output: '{"result":"Uryyb, zrfu!"}' },
  { definition: 'caesar.yaml', input: '{"text": "Veni, vidi, vici", "shift": 3}', output: '{"result":"Yhql, ylgl, ylfl"}' },
  { definition: 'caesar.yaml', input: '{"text": "Yhql, ylgl, ylfl", "shift": -3}', output: '{"result":"Veni, vidi, vici"}' },
  { definition: 'headline.yaml', output: '{"result":"ada-charles-1843"}' },
  { definition: 'headline.yaml', input: '{"title": "Ada & Charles, 1843"}', output: '{"result":"ada-charles-1843"}' },
  { definition: 'headline.yaml', input: '{"title": "Two Words"}', output: '{"result":"two-words"}' },
  { definition: 'gcd.json', output: '{"result":12}' },
  { definition: 'gcd.json', input: '{"a": 1071, "b": 462}', output: '{"result":21}' },
  { definition: 'gcd.json', input: '{"a": 9223372036854775807, "b": 9223372036854775800}', output: '{"result":7}' },
]

/** The bytes of a shipped module or definition. */
export function shippedFile (name: string): Buffer {
  return readFileSync(new URL(name, SHIPPED))
}

/** An entry of examples/modules.json: a module, where its source lies, and how it is built. */
export interface Build {
  module: string
  /** Folder of the source, under examples. */
  folder: string
  /** The source's main file in that folder. */
  source: string
  toolchain: string
  command: string
  /** It lies beside its source, for projects to start with; else beside the definitions. */
  starter: boolean
  /** What the build script calls it. */
  shown: string
}

export const BUILDS: readonly Build[] = readBuilds()

function readBuilds (): Build[] {
  const { modules }: { modules: Array<Record<string, string | undefined>> } = JSON.parse(readFileSync(new URL('modules.json', EXAMPLES), 'utf8'))
  return modules.map(({ module = '', folder = '', toolchain = '', command = '', source, into }) => {
    const starter = into !== undefined
    if (starter && into !== `examples/${folder}`) throw new Error(`${into} is not the folder of ${folder}/${module}`)
    return {
      module, folder, toolchain, command, starter,
      source: source ?? /\b\w+\.(rs|cpp|c|wat)\b/.exec(command)?.[0] ?? '',
      shown: starter ? `${folder}/${module}` : module,
    }
  })
}

/** The bytes of a built module. */
export function builtFile ({ module, folder, starter }: Build): Buffer {
  return starter ? readFileSync(new URL(`${folder}/${module}`, EXAMPLES)) : shippedFile(module)
}
