/** Which calling convention a module uses, from its own imports, exports and sections. */
import { CorebrumError } from '../../errors.ts'
import type { ModuleInfo } from '../binary/module-info.ts'
import type { Adapter, Convention } from './adapter.ts'
import { buffer, findAllocator } from './buffer.ts'
import { exportedFunction } from './exports.ts'
import { numeric } from './numeric.ts'
import { wasiCommand } from './wasi-command.ts'

export interface Detection {
  convention: Convention
  /** What it was recognised by, for people. */
  reason: string
}

interface Rule {
  convention: Convention
  /** The reason when the module follows this convention. */
  test: (info: ModuleInfo, functionName: string | undefined) => string | undefined
}

const WASI_MODULES = ['wasi_snapshot_preview1', 'wasi_unstable']

const importsModule = (info: ModuleInfo, test: (module: string) => boolean): string | undefined =>
  info.imports.find((item) => test(item.module))?.module
const exportsName = (info: ModuleInfo, test: (name: string) => boolean): string | undefined =>
  info.exports.find((item) => test(item.name))?.name
const importsName = (info: ModuleInfo, test: (name: string) => boolean): string | undefined =>
  info.imports.find((item) => test(item.name))?.name
const naming = (kind: string, name: string | undefined): string | undefined => (name === undefined ? undefined : `it ${kind} ${name}`)

/** In the order in which they are tried; the last one takes every module. */
const RULES: Rule[] = [
  { convention: 'extism', test: (info) => naming('imports', importsModule(info, (module) => module === 'extism:host/env')) },
  {
    convention: 'go-js',
    test: (info) => ['run', 'resume', 'getsp'].every((name) => exportedFunction(info, name) !== undefined)
      ? naming('imports', importsModule(info, (module) => module === 'gojs' || module === 'go'))
      : undefined,
  },
  { convention: 'wasm-bindgen-raw', test: (info) => info.customs.some((section) => section.name === '__wasm_bindgen_unstable') ? 'it has the custom section __wasm_bindgen_unstable' : undefined },
  {
    convention: 'wasm-bindgen',
    test: (info) => naming('exports', exportsName(info, (name) => name.startsWith('__wbindgen_'))) ??
      naming('imports', importsModule(info, (module) => module === 'wbg' || module.startsWith('__wbindgen_') || /^\.\/.*_bg\.js$/.test(module))),
  },
  { convention: 'napi', test: (info) => naming('imports', importsName(info, (name) => name.startsWith('napi_'))) },
  { convention: 'embind', test: (info) => naming('imports', importsName(info, (name) => name.startsWith('_embind_register'))) },
  { convention: 'emscripten-minified', test: (info) => info.imports.length > 0 && info.imports.every((item) => item.module === 'a') ? 'all its imports are in a module called a' : undefined },
  {
    convention: 'wasi-command',
    test: (info, functionName) => {
      const wasi = importsModule(info, (module) => WASI_MODULES.includes(module))
      if (wasi === undefined || exportedFunction(info, '_start') === undefined) return undefined
      const named = functionName !== undefined && functionName !== '_start' && functionName !== 'main' && exportedFunction(info, functionName) !== undefined
      return named ? undefined : `it exports _start and imports ${wasi}`
    },
  },
  {
    convention: 'assemblyscript',
    test: (info) => ['__new', '__pin', '__unpin'].every((name) => exportedFunction(info, name) !== undefined)
      ? 'it exports __new, __pin and __unpin'
      : naming('exports', exportsName(info, (name) => name === '__rtti_base')),
  },
  {
    convention: 'buffer',
    test: (info) => info.exports.some((item) => item.kind === 'memory') || info.memories.length > 0
      ? naming('has a memory and exports', findAllocator(info)?.name)
      : undefined,
  },
  { convention: 'wasi-command', test: (info, functionName) => info.imports.length === 0 && (functionName ?? '_start') === '_start' && exportedFunction(info, '_start') !== undefined ? 'it exports _start' : undefined },
  { convention: 'numeric', test: () => 'it shows no other convention' },
]

const ADAPTERS = new Map<Convention, Adapter>([numeric, buffer, wasiCommand].map((adapter) => [adapter.convention, adapter]))

const REBUILD_HINTS: Partial<Record<Convention, string>> = {
  'extism': 'build it as a WASI command that reads JSON and writes JSON',
  'go-js': 'build it with GOOS=wasip1 (Go 1.21 or newer) as a WASI command',
  'wasm-bindgen': 'build it without wasm-bindgen, with #[no_mangle] extern "C" functions, or as a WASI command (wasm32-wasip1)',
  'wasm-bindgen-raw': 'build it without wasm-bindgen, with #[no_mangle] extern "C" functions, or as a WASI command (wasm32-wasip1)',
  'assemblyscript': 'export functions of numbers only and build without --exportRuntime, or use a WASI command',
  'napi': 'it is a Node addon; build the code for wasm32-wasip1 as a WASI command',
  'embind': 'export C functions (extern "C", EXPORTED_FUNCTIONS) instead of embind, and link with --no-entry',
  'emscripten-minified': 'link with -o NAME.wasm --no-entry, or with -g, so that import names are kept',
}

/** The convention of a module; `functionName` and `forced` are what the task says, if anything. Throws ERR_MODULE_UNSUPPORTED for an unknown forced one. */
export function detectConvention (info: ModuleInfo, functionName?: string, forced?: string): Detection {
  if (forced !== undefined) {
    const rule = RULES.find((item) => item.convention === forced)
    if (rule === undefined) throw new CorebrumError('ERR_MODULE_UNSUPPORTED', `there is no calling convention ${JSON.stringify(forced)}; there are ${[...ADAPTERS.keys()].join(', ')}`)
    return { convention: rule.convention, reason: 'the task says so' }
  }
  for (const { convention, test } of RULES) {
    const reason = test(info, functionName)
    if (reason !== undefined) return { convention, reason }
  }
  throw new CorebrumError('ERR_INTERNAL', 'the last rule of detection takes every module')
}

/** The adapter of a convention; throws ERR_MODULE_UNSUPPORTED with a way out when there is none. */
export function requireAdapter ({ convention, reason }: Detection): Adapter {
  const adapter = ADAPTERS.get(convention)
  if (adapter !== undefined) return adapter
  throw new CorebrumError('ERR_MODULE_UNSUPPORTED', `the module uses the calling convention ${convention} (${reason}), which is not supported: ${REBUILD_HINTS[convention] ?? 'build it as a WASI command'}`)
}
