/** Which calling convention a module uses, from its own imports, exports and sections. */
import { CorebrumError } from '../../errors.ts'
import { unknownConvention } from '../../task/conventions.ts'
import type { ModuleInfo } from '../binary/module-info.ts'
import type { Adapter, Convention } from './adapter.ts'
import { buffer, findAllocator } from './buffer.ts'
import { assemblyscript } from './assemblyscript/assemblyscript.ts'
import { cMain, findMain } from './c-main.ts'
import { exportedFunction } from './exports.ts'
import { extism } from './extism/extism.ts'
import { kernelName } from './extism/imports.ts'
import { goJs } from './go/go-js.ts'
import { numeric } from './numeric.ts'
import { REFUSALS } from './refusals.ts'
import { wasiCommand } from './wasi-command.ts'
import { wasmBindgen } from './wasm-bindgen/generated.ts'
import { wasmBindgenRaw } from './wasm-bindgen/raw.ts'

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

function goProgram (info: ModuleInfo): string | undefined {
  return ['run', 'resume', 'getsp'].every((name) => exportedFunction(info, name) !== undefined)
    ? naming('imports', importsModule(info, (module) => module === 'gojs' || module === 'go'))
    : undefined
}

/** TinyGo's modules for browsers have WASI's `_start` or `_initialize`, and Go's syscall/js. */
function tinyGoProgram (info: ModuleInfo): string | undefined {
  return ['_start', '_initialize'].some((name) => exportedFunction(info, name) !== undefined)
    ? naming('imports', importsModule(info, (module) => module === 'gojs') ?? importsName(info, (name) => name.startsWith('syscall/js.')))
    : undefined
}

function assemblyScriptRuntime (info: ModuleInfo): string | undefined {
  const pair = [['__new', '__pin'], ['__new', '__retain'], ['__alloc', '__retain']].find((names) => names.every((name) => exportedFunction(info, name) !== undefined))
  return pair === undefined ? naming('exports', exportsName(info, (name) => name === '__rtti_base')) : `it exports ${pair.join(' and ')}`
}

/** Message, file, line, column: without the exported runtime that is all that an AssemblyScript module shows. */
function importsAbort (info: ModuleInfo): boolean {
  const type = info.imports.find((item) => item.module === 'env' && item.name === 'abort')?.type
  return type?.params.length === 4 && type.results.length === 0
}

/** In the order in which they are tried; the last one takes every module. */
const RULES: Rule[] = [
  {
    convention: 'extism',
    test: (info) => {
      const found = info.imports.find((item) => kernelName(item) !== undefined)
      return naming('imports', found === undefined ? undefined : `${found.module}.${found.name}`)
    },
  },
  { convention: 'go-js', test: (info) => goProgram(info) ?? tinyGoProgram(info) },
  { convention: 'wasm-bindgen-raw', test: (info) => info.customs.some((section) => section.name === '__wasm_bindgen_unstable') ? 'it has the custom section __wasm_bindgen_unstable' : undefined },
  {
    convention: 'wasm-bindgen',
    test: (info) => naming('exports', exportsName(info, (name) => name.startsWith('__wbindgen_'))) ??
      naming('imports', importsModule(info, (module) => module === 'wbg' || module.startsWith('__wbindgen_') || /^\.\/.*_bg\.js$/.test(module))),
  },
  ...REFUSALS,
  {
    convention: 'wasi-command',
    test: (info, functionName) => {
      const wasi = importsModule(info, (module) => WASI_MODULES.includes(module))
      if (wasi === undefined || exportedFunction(info, '_start') === undefined) return undefined
      const named = functionName !== undefined && functionName !== '_start' && functionName !== 'main' && exportedFunction(info, functionName) !== undefined
      return named ? undefined : `it exports _start and imports ${wasi}`
    },
  },
  { convention: 'c-main', test: (info, functionName) => naming('exports', findMain(info, functionName)?.name) },
  { convention: 'assemblyscript', test: assemblyScriptRuntime },
  {
    convention: 'buffer',
    test: (info) => info.exports.some((item) => item.kind === 'memory') || info.memories.length > 0
      ? naming('has a memory and exports', findAllocator(info)?.name)
      : undefined,
  },
  { convention: 'assemblyscript', test: (info) => importsAbort(info) ? 'it imports env.abort as AssemblyScript does' : undefined },
  { convention: 'wasi-command', test: (info, functionName) => info.imports.length === 0 && (functionName ?? '_start') === '_start' && exportedFunction(info, '_start') !== undefined ? 'it exports _start' : undefined },
  { convention: 'numeric', test: () => 'it shows no other convention' },
]

const ADAPTERS = new Map<Convention, Adapter>([numeric, buffer, wasiCommand, assemblyscript, extism, cMain, goJs, wasmBindgen, wasmBindgenRaw].map((adapter) => [adapter.convention, adapter]))

const REBUILD_HINTS: Partial<Record<Convention, string>> = {
  ...Object.fromEntries(REFUSALS.map(({ convention, rebuild }) => [convention, rebuild])),
}

/** The convention of a module; `functionName` and `forced` are what the task says, if anything. Throws ERR_MODULE_UNSUPPORTED for an unknown forced one. */
export function detectConvention (info: ModuleInfo, functionName?: string, forced?: string): Detection {
  if (forced === 'component') throw new CorebrumError('ERR_MODULE_UNSUPPORTED', 'the task says that the module is a component; it is a core module: leave out abi, or build it for wasm32-wasip2')
  if (forced !== undefined) {
    const convention = [...ADAPTERS.keys()].find((name) => name === forced)
    if (convention === undefined) throw new CorebrumError('ERR_MODULE_UNSUPPORTED', unknownConvention(forced))
    return { convention, reason: 'the task says so' }
  }
  for (const { convention, test } of RULES) {
    const reason = test(info, functionName)
    if (reason !== undefined) return { convention, reason }
  }
  throw new CorebrumError('ERR_INTERNAL', 'the last rule of detection takes every module')
}

export function findAdapter ({ convention }: Detection): Adapter | undefined {
  return ADAPTERS.get(convention)
}

/** The adapter of a convention; throws ERR_MODULE_UNSUPPORTED with a way out when there is none. */
export function requireAdapter (detection: Detection): Adapter {
  const adapter = findAdapter(detection)
  if (adapter !== undefined) return adapter
  const { convention, reason } = detection
  throw new CorebrumError('ERR_MODULE_UNSUPPORTED', `the module uses the calling convention ${convention} (${reason}), which is not supported: ${REBUILD_HINTS[convention] ?? 'build it as a WASI command'}`)
}
