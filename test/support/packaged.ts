/**
 * What packages ship, run as it is: for each calling convention modules that were not written for this project, and what
 * they must answer. Where no package was found, a fixture of ours stands in.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliDecompressSync } from 'node:zlib'
import type { ValueType } from '../../src/task/values.ts'
import { packageModule } from './package-module.ts'

const require = createRequire(import.meta.url)
const ROOT = new URL('../../', import.meta.url)
const PACKAGES = new URL('node_modules/', ROOT)

export interface Packaged {
  /** As `inspect` calls it. */
  convention: string
  /** Absent: `file` is a fixture. */
  package?: string
  /** What compiled it: from its producers section, else from the package's documents. */
  toolchain: string
  /** Path, in the package or in this project, of the file that is or holds the module. */
  file: string
  /** Reads the module out of that file where it is neither plain nor base64. */
  unpack?: () => Promise<Uint8Array>
  functionName?: string
}

export interface Runs extends Packaged {
  inputs: Record<string, ValueType>
  values: Record<string, unknown>
  outputs: Record<string, ValueType>
  /** Further fields of the definition. */
  fields?: Record<string, unknown>
  /** The outputs, from elsewhere: the package's own JavaScript, Node.js, or its documents. */
  expected: () => Record<string, unknown> | Promise<Record<string, unknown>>
}

export interface Refused extends Packaged {
  /** What the error must say: the import, and the way out. */
  message: RegExp
}

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
const PAGE = '---\nconst name: string = "mesh"\n---\n<h1>Hello {name}</h1>'
const SCRIPT = 'if true;then echo  hi;fi'
const NOTES = 'a mesh of nodes\nno coordinator\none mesh, many workers\n'
const TERRAFORM = 'resource "aws_instance" "web" {}\nresource "aws_instance" "web" {}\n'
const MAIL = 'Write to ada@example.com before noon.'
const INI = '; numbers\n[engine]\nname=difference\n'
const PAGE_WITH_STYLE = '<html><head><style>p { color: red }</style></head><body><p>hot</p></body></html>'
/** A frame with one block of eight bytes as they are. */
const ZSTD_FRAME = Buffer.concat([Buffer.from('28b52ffd2008410000', 'hex'), Buffer.from('hello wo')])

/** The smallest program file with the section by which Go's programs are known. */
function goProgramFile (): Buffer {
  const names = Buffer.from('\0.shstrtab\0.note.go.buildid\0')
  const file = Buffer.alloc(64 + names.length + 3 * 64)
  file.write('\x7fELF\x02\x01\x01', 0, 'latin1')
  file.writeUInt16LE(2, 16)
  file.writeUInt16LE(62, 18)
  file.writeUInt32LE(1, 20)
  file.writeBigUInt64LE(BigInt(64 + names.length), 40)
  file.writeUInt16LE(64, 52)
  file.writeUInt16LE(64, 58)
  file.writeUInt16LE(3, 60)
  file.writeUInt16LE(1, 62)
  names.copy(file, 64)
  const section = (index: number, name: number, type: number, size: number): void => {
    const at = 64 + names.length + index * 64
    file.writeUInt32LE(name, at)
    file.writeUInt32LE(type, at + 4)
    file.writeBigUInt64LE(64n, at + 24)
    file.writeBigUInt64LE(BigInt(size), at + 32)
  }
  section(1, 1, 3, names.length)
  section(2, 11, 7, 0)
  return file
}

/** The first number that makes the hash of the salt and itself begin with `target`. */
function proofOfWork (salt: string, target: string): number {
  for (let nonce = 0; ; nonce++) {
    if (createHash('sha256').update(`${salt}${nonce}`).digest('hex').startsWith(target)) return nonce
  }
}

export const RUNS: readonly Runs[] = [
  {
    convention: 'component',
    package: '@arcjet/redact-wasm',
    toolchain: 'Rust, wit-bindgen 0.53.1',
    file: 'wasm/arcjet_analyze_bindings_redact.component.wasm',
    functionName: 'redact',
    inputs: { content: 'string', options: 'object' },
    values: { content: MAIL, options: { skip_custom_detect: true, skip_custom_redact: true } },
    outputs: { found: 'array' },
    async expected () {
      const { initializeWasm } = await import('@arcjet/redact-wasm')
      const own = await initializeWasm(() => [], () => undefined)
      const found = own?.redact(MAIL, { skipCustomDetect: true, skipCustomRedact: true }) ?? []
      return { found: found.map(({ identifiedType, ...rest }) => ({ ...rest, identified_type: identifiedType.tag })) }
    },
  },
  {
    convention: 'component',
    toolchain: 'C, command world of WASI 0.2',
    file: 'test/fixtures/components/command.wasm',
    inputs: { text: 'string' },
    values: { text: 'hi' },
    outputs: { length: 'integer', args: 'integer' },
    fields: { args: ['one', 'two'] },
    expected: () => ({ length: '{"text":"hi"}'.length, args: 3 }),
  },
  {
    convention: 'extism',
    toolchain: 'C',
    file: 'test/fixtures/modules/extism.wasm',
    functionName: 'upper',
    inputs: { text: 'string' },
    values: { text: 'Ada' },
    outputs: { text: 'string' },
    expected: () => ({ text: 'ADA' }),
  },
  {
    convention: 'go-js',
    package: '@astrojs/compiler',
    toolchain: 'Go 1.22.12',
    file: 'dist/astro.wasm',
    functionName: '@astrojs/compiler.parse',
    inputs: { source: 'string', options: 'object' },
    values: { source: PAGE, options: {} },
    outputs: { ast: 'string' },
    async expected () {
      const { parse } = await import('@astrojs/compiler')
      return { ast: JSON.stringify((await parse(PAGE, {})).ast) }
    },
  },
  {
    convention: 'go-js',
    package: 'sh-syntax',
    toolchain: 'TinyGo 0.42.0',
    file: 'main.wasm',
    functionName: 'process',
    // Each text is a Go slice: beside pointer and length its capacity.
    inputs: {
      path: 'string', path_capacity: 'integer', text: 'string', text_capacity: 'integer', print: 'boolean', comments: 'boolean', variant: 'integer',
      stop_at: 'string', stop_capacity: 'integer', recover: 'integer', simplify: 'boolean', indent: 'integer', binary_next_line: 'boolean', case_indent: 'boolean',
      space_redirects: 'boolean', keep_padding: 'boolean', minify: 'boolean', single_line: 'boolean', function_next_line: 'boolean',
    },
    values: {
      path: 'a.sh', path_capacity: 4, text: SCRIPT, text_capacity: SCRIPT.length, print: true, comments: true, variant: 0,
      stop_at: '', stop_capacity: 0, recover: 0, simplify: false, indent: 2, binary_next_line: true, case_indent: true,
      space_redirects: true, keep_padding: false, minify: false, single_line: false, function_next_line: false,
    },
    outputs: { text: 'string', message: 'string' },
    async expected () {
      const { print } = await import('sh-syntax')
      return { text: await print(SCRIPT, { filepath: 'a.sh' }), message: '' }
    },
  },
  {
    convention: 'wasm-bindgen-raw',
    package: '@cap.js/wasm',
    toolchain: 'Rust 1.86',
    file: 'rust/target/wasm32-unknown-unknown/release/cap_wasm.wasm',
    functionName: 'solve_pow',
    inputs: { salt: 'string', target: 'string' },
    values: { salt: 'corebrum', target: '00f' },
    outputs: { nonce: 'integer' },
    expected: () => ({ nonce: proofOfWork('corebrum', '00f') }),
  },
  {
    convention: 'wasm-bindgen',
    package: 'elf-cam',
    toolchain: 'wasm-bindgen 0.2.68',
    file: 'elf_cam_bg.wasm',
    functionName: 'detect',
    inputs: { data: 'bytes' },
    values: { data: goProgramFile().toString('base64') },
    outputs: { runtime: 'integer' },
    expected: () => ({ runtime: (require('elf-cam') as { detect (data: Uint8Array): number }).detect(goProgramFile()) }),
  },
  {
    convention: 'wasm-bindgen',
    package: 'json_typegen_wasm',
    toolchain: 'wasm-bindgen 0.2.72',
    file: 'json_typegen_wasm_bg.wasm',
    functionName: 'run',
    inputs: { name: 'string', input: 'string', options: 'string' },
    values: { name: 'Point', input: '{"x": 1, "y": 2}', options: '{"output_mode": "typescript"}' },
    outputs: { code: 'string' },
    expected: () => ({ code: 'export interface Point {\n    x: number;\n    y: number;\n}\n' }),
  },
  {
    convention: 'wasm-bindgen',
    package: 'lz4-wasm-nodejs',
    toolchain: 'wasm-bindgen 0.2.80',
    file: 'lz4_wasm_nodejs_bg.wasm',
    functionName: 'compress',
    inputs: { input: 'bytes' },
    values: { input: Buffer.from('mesh '.repeat(100)).toString('base64') },
    outputs: { block: 'bytes' },
    expected () {
      const { compress } = require('lz4-wasm-nodejs') as { compress (input: Uint8Array): Uint8Array }
      return { block: Buffer.from(compress(Buffer.from('mesh '.repeat(100)))).toString('base64') }
    },
  },
  {
    convention: 'wasm-bindgen',
    package: 'mitex-wasm',
    toolchain: 'wasm-bindgen 0.2.92',
    file: 'mitex_wasm_bg.wasm',
    functionName: 'convert_math',
    inputs: { input: 'string', spec: 'bytes' },
    values: { input: '\\frac{1}{2}', spec: '' },
    outputs: { math: 'string' },
    expected: () => ({ math: 'frac(1 ,2 )' }),
  },
  {
    convention: 'wasm-bindgen',
    package: 'gecko-profiler-demangle',
    toolchain: 'wasm-bindgen 0.2.100',
    file: 'index_bg.wasm',
    functionName: 'demangle_any',
    inputs: { name: 'string' },
    values: { name: '_ZN4mesh6Worker3runEi' },
    outputs: { name: 'string' },
    expected: () => ({ name: 'mesh::Worker::run(int)' }),
  },
  {
    convention: 'wasm-bindgen',
    package: '@wasm-fmt/sql_fmt',
    toolchain: 'wasm-bindgen 0.2.108',
    file: 'sql_fmt_bg.wasm',
    functionName: 'format',
    inputs: { input: 'string', config: 'object' },
    values: { input: 'select a,b from t where a=1', config: { uppercase: true } },
    outputs: { sql: 'string' },
    async expected () {
      const { format } = await import('@wasm-fmt/sql_fmt')
      return { sql: format('select a,b from t where a=1', { uppercase: true }) }
    },
  },
  {
    convention: 'wasm-bindgen',
    package: '@one-ini/wasm',
    toolchain: 'wasm-bindgen 0.2.111',
    file: 'one_ini_bg.wasm',
    functionName: 'parse_to_json',
    inputs: { contents: 'string' },
    values: { contents: INI },
    outputs: { document: 'json' },
    expected: () => ({ document: plain((require('@one-ini/wasm') as { parse_to_json (text: string): unknown }).parse_to_json(INI)) }),
  },
  {
    convention: 'wasm-bindgen',
    package: '@css-inline/css-inline-wasm',
    toolchain: 'wasm-bindgen 0.2.127',
    file: 'index_bg.wasm',
    functionName: 'inline',
    inputs: { html: 'string', options: 'object' },
    values: { html: PAGE_WITH_STYLE, options: {} },
    outputs: { html: 'string' },
    async expected () {
      const { initWasm, inline } = await import('@css-inline/css-inline-wasm')
      // Its types do not know the form that it wants.
      await initWasm({ module_or_path: readFileSync(new URL('@css-inline/css-inline-wasm/index_bg.wasm', PACKAGES)) } as never)
      return { html: inline(PAGE_WITH_STYLE, {}) }
    },
  },
  {
    convention: 'wasi-command',
    package: 'ripgrep',
    toolchain: 'Rust, wasm32-wasip1',
    file: 'lib/_rg.wasm.mjs',
    async unpack () {
      const { getCompressedBytes } = await import(new URL('ripgrep/lib/_rg.wasm.mjs', PACKAGES).href) as { getCompressedBytes (): Uint8Array }
      return brotliDecompressSync(getCompressedBytes())
    },
    inputs: { notes: 'string' },
    values: { notes: NOTES },
    outputs: { lines: 'string' },
    fields: { args: ['--line-number', 'mesh', 'notes.txt'], files: [{ path: 'notes.txt', input: 'notes' }] },
    expected: () => ({ lines: NOTES.split('\n').flatMap((line, index) => (line.includes('mesh') ? [`${index + 1}:${line}`] : [])).join('\n') }),
  },
  {
    convention: 'wasi-command',
    package: 'tfvalidator',
    toolchain: 'Go 1.24.3, wasip1',
    file: 'tfvalidator.wasm',
    inputs: { source: 'string' },
    values: { source: TERRAFORM },
    outputs: { errors: 'array' },
    fields: { args: ['main.tf'], files: [{ path: 'main.tf', input: 'source' }] },
    async expected () {
      const dir = await mkdtemp(join(tmpdir(), 'corebrum-terraform-'))
      await writeFile(join(dir, 'main.tf'), TERRAFORM)
      const { validateTerraform } = await import(new URL('tfvalidator/index.js', PACKAGES).href) as { validateTerraform (path: string): Promise<{ errors: object[] }> }
      const { errors } = await validateTerraform(join(dir, 'main.tf'))
      await rm(dir, { recursive: true })
      return { errors: errors.map((error) => ({ ...error, filePath: 'main.tf' })) }
    },
  },
  {
    convention: 'c-main',
    toolchain: 'Emscripten, with an entry',
    file: 'test/fixtures/modules/emscripten-main.wasm',
    inputs: { n: 'integer' },
    values: { n: 4 },
    outputs: { given: 'json' },
    expected: () => ({ given: { n: 4 } }),
  },
  {
    convention: 'assemblyscript',
    package: 'murmurhash-wasm',
    toolchain: 'AssemblyScript',
    file: 'dist/node.mjs',
    functionName: 'hash32',
    inputs: { key: 'bytes', seed: 'integer' },
    values: { key: Buffer.from('corebrum').toString('base64'), seed: 7 },
    outputs: { hash: 'integer' },
    async expected () {
      const { MurmurHash3 } = await import('murmurhash-wasm')
      return { hash: MurmurHash3.hash32('corebrum', 7).readInt32BE() }
    },
  },
  {
    convention: 'buffer',
    package: 'dhi',
    toolchain: 'Zig',
    file: 'dhi.wasm',
    functionName: 'validate_email',
    inputs: { text: 'string' },
    values: { text: 'ada@example.com' },
    outputs: { valid: 'boolean' },
    expected: () => ({ valid: true }),
  },
  {
    convention: 'buffer',
    package: 'undici',
    toolchain: 'C, wasi-sdk',
    file: 'lib/llhttp/llhttp-wasm.js',
    functionName: 'llhttp_method_name',
    inputs: { method: 'integer' },
    values: { method: 3 },
    outputs: { name: 'string' },
    expected () {
      const { METHODS } = require('undici/lib/llhttp/constants.js') as { METHODS: Record<string, number> }
      return { name: Object.keys(METHODS).find((name) => METHODS[name] === 3) }
    },
  },
  {
    convention: 'buffer',
    package: 'zstddec',
    toolchain: 'Emscripten, standalone, --no-entry',
    file: 'dist/zstddec.mjs',
    functionName: 'ZSTD_findDecompressedSize',
    inputs: { frame: 'bytes' },
    values: { frame: ZSTD_FRAME.toString('base64') },
    outputs: { size: 'integer' },
    expected: () => ({ size: 8 }),
  },
  {
    convention: 'buffer',
    package: '@sqlite.org/sqlite-wasm',
    toolchain: 'Emscripten, with JavaScript beside it',
    file: 'sqlite-wasm/jswasm/sqlite3.wasm',
    functionName: 'sqlite3_strglob',
    inputs: { pattern: 'string', text: 'string' },
    values: { pattern: 'a*c', text: 'abbc' },
    outputs: { differs: 'integer' },
    expected: () => ({ differs: 0 }),
  },
  {
    convention: 'numeric',
    package: '@thi.ng/leb128',
    toolchain: 'Zig',
    file: 'binary.js',
    functionName: 'leb128EncodeU64',
    inputs: { value: 'integer' },
    values: { value: 2 ** 40 },
    outputs: { bytes: 'integer' },
    async expected () {
      const { encodeULEB128 } = await import('@thi.ng/leb128')
      return { bytes: encodeULEB128(2 ** 40).length }
    },
  },
  {
    convention: 'numeric',
    package: 'xxhash-wasm',
    toolchain: 'text format',
    file: 'workerd/xxhash.wasm',
    functionName: 'xxh32',
    inputs: { pointer: 'integer', length: 'integer', seed: 'integer' },
    values: { pointer: 0, length: 0, seed: 7 },
    outputs: { hash: 'integer' },
    async expected () {
      const { default: xxhash } = await import('xxhash-wasm')
      return { hash: (await xxhash()).h32('', 7) | 0 }
    },
  },
]

export const REFUSED: readonly Refused[] = [
  { convention: 'napi', package: '@parcel/watcher-wasm', toolchain: 'Emscripten, Node-API', file: 'watcher.wasm', message: /imports napi\.napi_create_string_utf8.*wasm32-wasi/ },
  { convention: 'embind', package: 'laz-perf', toolchain: 'Emscripten, embind', file: 'lib/laz-perf.wasm', message: /imports env\._embind_register_class.*em\+\+/ },
  { convention: 'emscripten-minified', package: 'node-unrar-js', toolchain: 'Emscripten, -O3', file: 'esm/js/unrar.wasm', message: /lost their names.*a\.a.*emcc/ },
  { convention: 'threads', package: 'fast-base64', toolchain: 'text format, threads', file: 'dist/wasm-threads.js', message: /shared memory imports\.memory.*without threads/ },
]

/** Where a module is that is a file of its own. */
export function pathOf ({ package: name, file }: Packaged): string | undefined {
  if (!file.endsWith('.wasm')) return undefined
  return fileURLToPath(new URL(file, name === undefined ? ROOT : new URL(`${name}/`, PACKAGES)))
}

/** The module as the package ships it. */
export async function moduleOf (packaged: Packaged): Promise<Uint8Array> {
  const path = pathOf(packaged)
  if (path !== undefined) return readFileSync(path)
  return packaged.unpack === undefined ? packageModule(`${packaged.package}/${packaged.file}`) : await packaged.unpack()
}

/** What the README calls it: the package with the version that is installed, or the fixture. */
export function titleOf ({ package: name, file }: Packaged): string {
  if (name === undefined) return `none found; \`${file}\` stands in`
  const { version } = JSON.parse(readFileSync(new URL(`${name}/package.json`, PACKAGES), 'utf8')) as { version: string }
  return `\`${name}\` ${version}`
}
