/** Modules that others published, made by many releases of wasm-bindgen: they compute what their own JavaScript says. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { inspectModule } from '../../../../src/executor/inspect.ts'
import type { Value, ValueType } from '../../../../src/task/values.ts'
import { outputsOf } from '../../../support/in-process.ts'

const MODULES = new URL('../../../../node_modules/', import.meta.url)
const require = createRequire(import.meta.url)

interface Package {
  file: string
  release: string
  functionName: string
  takes: Record<string, ValueType>
  type: ValueType
  values: Value[]
  /** What its own JavaScript gives: loaded, or noted down where Node cannot load it. */
  own: () => Promise<unknown>
}

const at = (path: string): URL => new URL(path, MODULES)

/** Generated code for bundlers, given its instance by hand. */
async function bundled (file: string, name: string, ...values: Value[]): Promise<unknown> {
  // An instance of its own: another test of this process may have the package's loaded with another memory.
  const glue = await import(`${at(file.replace('.wasm', '.js')).href}?own`)
  const imports = { [`./${file.split('/').at(-1)?.replace('.wasm', '.js')}`]: glue }
  const instance = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(at(file))), imports)
  glue.__wbg_set_wasm(instance.exports)
  return glue[name](...values)
}

const SQL = 'select a,b from x where c=1 -- ü'
const TEXT = new TextEncoder().encode('hello hello hello hello hello, wörld')
const INI = 'root = true\n; ü\n[*.ts]\nindent_size = 2\n'
const HTML = '<html><head><style>p { color: red }</style></head><body><p>ü</p></body></html>'

const PACKAGES: Package[] = [
  {
    file: 'json_typegen_wasm/json_typegen_wasm_bg.wasm', release: '0.2.72', functionName: 'run', takes: { name: 'string', sample: 'string', options: 'string' }, type: 'string',
    values: ['Root', '{"a": 1}', '{"output_mode": "typescript"}'],
    own: async () => 'export interface Root {\n    a: number;\n}\n',
  },
  {
    file: 'lz4-wasm-nodejs/lz4_wasm_nodejs_bg.wasm', release: '0.2.80', functionName: 'compress', takes: { input: 'bytes' }, type: 'bytes', values: [TEXT],
    own: async () => require('lz4-wasm-nodejs').compress(TEXT),
  },
  {
    file: 'mitex-wasm/mitex_wasm_bg.wasm', release: '0.2.92', functionName: 'convert_math', takes: { input: 'string', spec: 'bytes' }, type: 'string', values: ['\\frac{1}{\\alpha}', new Uint8Array(0)],
    own: () => bundled('mitex-wasm/mitex_wasm_bg.wasm', 'convert_math', '\\frac{1}{\\alpha}', new Uint8Array(0)),
  },
  {
    file: '@wasm-fmt/sql_fmt/sql_fmt_bg.wasm', release: '0.2.108', functionName: 'format', takes: { input: 'string', config: 'object' }, type: 'string', values: [SQL, { indent_width: 4 }],
    own: () => bundled('@wasm-fmt/sql_fmt/sql_fmt_bg.wasm', 'format', SQL, { indent_width: 4 }),
  },
  {
    file: '@one-ini/wasm/one_ini_bg.wasm', release: '0.2.111', functionName: 'parse_to_json', takes: { input: 'string' }, type: 'object', values: [INI],
    own: async () => require('@one-ini/wasm').parse_to_json(INI),
  },
  {
    file: '@css-inline/css-inline-wasm/index_bg.wasm', release: '0.2.127', functionName: 'inline', takes: { html: 'string', options: 'object' }, type: 'string', values: [HTML, { keepStyleTags: true }],
    own: async () => {
      const glue = require(fileURLToPath(at('@css-inline/css-inline-wasm/index.js')))
      await glue.initWasm({ module_or_path: readFileSync(at('@css-inline/css-inline-wasm/index_bg.wasm')) })
      return glue.inline(HTML, { keepStyleTags: true })
    },
  },
]

describe('published wasm-bindgen modules', () => {
  for (const { file, release, functionName, takes, type, values, own } of PACKAGES) {
    it(`${release}: ${functionName} of ${file.split('/').slice(0, -1).join('/')}`, async () => {
      const bytes = readFileSync(at(file))
      assert.ok(bytes.includes(release))
      const { convention, problems } = inspectModule(bytes)
      assert.equal(convention, 'wasm-bindgen')
      assert.deepEqual(problems, [])
      const outputs = await outputsOf(bytes, { functionName, takes, gives: { r: type }, maxPages: 1000 }, ...values)
      assert.deepEqual(outputs, { r: await own() })
    })
  }
})
