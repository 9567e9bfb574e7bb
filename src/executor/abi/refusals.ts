/** Modules that cannot run alone, whatever the host offers: what they are recognised by, and the command that builds one that can. */
import type { ModuleInfo } from '../binary/module-info.ts'
import type { Convention } from './adapter.ts'

export interface Refusal {
  convention: Convention
  /** The import or section that shows it, or undefined. */
  test: (info: ModuleInfo) => string | undefined
  /** What to do instead. */
  rebuild: string
}

const EMCC = 'emcc FILE.c -O2 --no-entry -o FILE.wasm -s "EXPORTED_FUNCTIONS=[\'_NAME\',\'_malloc\',\'_free\']"'
const EMXX = 'em++ FILE.cpp -O2 --no-entry -o FILE.wasm -s "EXPORTED_FUNCTIONS=[\'_NAME\']"'
/** Names that a minifier gives. */
const SHORT_NAME = /^[A-Za-z_$][A-Za-z0-9_$]?$/

function importNamed (info: ModuleInfo, pattern: RegExp): string | undefined {
  const found = info.imports.find((item) => pattern.test(item.name))
  return found === undefined ? undefined : `it imports ${found.module}.${found.name}`
}

/** Emscripten's optimiser renames imports, mostly also their module; only the JavaScript written beside it knows what is what. */
function minified ({ imports }: ModuleInfo): string | undefined {
  const [first] = imports
  if (first === undefined) return undefined
  const renamed = imports.every((item) => item.module === 'a') || (imports.length > 2 && imports.every((item) => item.module === 'env' && SHORT_NAME.test(item.name)))
  return renamed ? `its imports have lost their names: the first is ${first.module}.${first.name}` : undefined
}

export const REFUSALS: readonly Refusal[] = [
  {
    convention: 'napi',
    test: (info) => importNamed(info, /^napi_/),
    rebuild: 'it is a Node.js addon and needs Node.js around it: build the same code as a program, with "cargo build --release --target wasm32-wasip1" (Rust) or "clang --target=wasm32-wasi -O2 FILE.c -o FILE.wasm" (C)',
  },
  {
    convention: 'embind',
    test: (info) => importNamed(info, /^_{1,2}embind_register/),
    rebuild: `embind needs its JavaScript: declare the functions extern "C" in place of EMSCRIPTEN_BINDINGS and build with: ${EMXX}`,
  },
  {
    convention: 'dylink',
    test: (info) => {
      const section = info.customs.find(({ name }) => name === 'dylink.0' || name === 'dylink')
      return section === undefined ? undefined : `it has the custom section ${section.name}`
    },
    rebuild: `it is a part of a program that another module loads: link it whole, without SIDE_MODULE or -shared: ${EMCC}`,
  },
  {
    convention: 'emscripten-minified',
    test: minified,
    rebuild: `only the JavaScript beside it knows them: write a .wasm in place of a .js, which keeps the names: ${EMCC}`,
  },
]
