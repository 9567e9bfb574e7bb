/** Module bytes to a compiled module whose memory and tables are capped. */
import type { ModuleInfo } from './binary/module-info.ts'
import { checkModule } from './binary/check.ts'
import { parseModule } from './binary/parse.ts'
import { confineModule } from './binary/rewrite.ts'
import { Guest } from './abi/guest.ts'
import { MemoryPool } from './memory-pool.ts'
import { explainThrown } from './traps.ts'

export interface CompiledModule {
  module: WebAssembly.Module
  /** Of the module as it came, before its maxima were lowered. */
  info: ModuleInfo
  /** Most pages (64 KiB) that its memory can have. */
  maxPages: number
  /** Where the memories of its calls come from, when it has one of its own. */
  memories?: MemoryPool
}

/** Parses, checks, rewrites and compiles. Throws what `parseModule` and `checkModule` throw, and ERR_MODULE_INVALID. */
export function compileModule (bytes: Uint8Array, maxPages: number): CompiledModule {
  const info = parseModule(bytes)
  checkModule(info, maxPages)
  const confined = confineModule(bytes, info, maxPages)
  try {
    const module = new WebAssembly.Module(ownBuffer(confined.bytes))
    return { module, info, maxPages, ...(confined.hosted === undefined ? {} : { memories: new MemoryPool(confined.hosted) }) }
  } catch (thrown) {
    throw explainThrown(thrown, { info, maxPages, guest: new Guest() })
  }
}

/** The same bytes typed as lying in an ArrayBuffer of their own kind, which is what the engine takes. */
function ownBuffer (bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) : new Uint8Array(bytes)
}
