/** Module bytes to a compiled module whose memory and tables are capped. */
import type { ModuleInfo } from './binary/module-info.ts'
import { checkModule } from './binary/check.ts'
import { meterModule } from './binary/fuel.ts'
import { ModuleParser } from './binary/parse.ts'
import { confineModule } from './binary/rewrite.ts'
import { Guest } from './abi/guest.ts'
import { MemoryPool } from './memory-pool.ts'
import { explainThrown } from './traps.ts'

export interface CompileOptions {
  /** The module is made to count its fuel; default false. */
  fuel?: boolean
  /** So many bytes before the module's, and the module's own, may be overwritten; default none. */
  spare?: number
  /** Has read some of the bytes; default none. */
  parser?: ModuleParser | undefined
}

export interface CompiledModule {
  module: WebAssembly.Module
  /** Of the module as it came, before its maxima were lowered. */
  info: ModuleInfo
  /** Most pages (64 KiB) that its memory can have. */
  maxPages: number
  /** Where the memories of its calls come from, when it has one of its own. */
  memories?: MemoryPool
}

/** Parses, checks, rewrites and compiles. Throws what `parseModule`, `checkModule` and `meterModule` throw, and ERR_MODULE_INVALID. */
export function compileModule (bytes: Uint8Array, maxPages: number, { fuel = false, spare = 0, parser = new ModuleParser(bytes) }: CompileOptions = {}): CompiledModule {
  const info = parser.finish()
  checkModule(info, maxPages)
  const confined = confineModule(bytes, info, maxPages, fuel ? meterModule(bytes, info) : undefined, spare)
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
