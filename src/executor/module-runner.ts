/** Runs a compiled core module: its imports, its memory, its initialiser. */
import type { Guest } from './abi/guest.ts'
import { HOSTED_MEMORY } from './binary/rewrite.ts'
import type { CompiledModule } from './compile.ts'
import { instantiate } from './instantiate.ts'
import type { Linker } from './link.ts'
import type { Remains, Runner } from './runner.ts'
import type { TrapContext } from './traps.ts'

interface ModuleRunnerComponents {
  compiled: CompiledModule
  link: Linker
  initialise?: ((guest: Guest) => void) | undefined
}

export function createModuleRunner ({ compiled, link, initialise }: ModuleRunnerComponents): Runner {
  const { info, maxPages, memories } = compiled
  const memoryExport = info.exports.find((item) => item.kind === 'memory')?.name
  return {
    byteLength: info.byteLength,
    start (guest: Guest): void {
      const imports = link(guest)
      if (memories !== undefined) {
        const memory = memories.take()
        guest.useMemory(memory)
        imports[HOSTED_MEMORY.module] = hostedMemory(memory)
      }
      guest.useExports(instantiate(compiled.module, imports, guest), memoryExport)
      initialise?.(guest)
    },
    trapContext: (guest: Guest): TrapContext => ({ info, maxPages, guest }),
    remains (guest: Guest): Remains {
      const { memoryBytes } = guest
      if (memories === undefined || memoryBytes === 0) return { memoryBytes, garbageBytes: memoryBytes }
      const { memory } = guest
      return memories.reusable(memory)
        ? { memoryBytes, garbageBytes: 0, recycle: () => { memories.give(memory) } }
        : { memoryBytes, garbageBytes: memoryBytes }
    },
  }
}

/** What a confined module imports its memory from. */
export function hostedMemory (memory: WebAssembly.Memory): Record<string, WebAssembly.ImportValue> {
  const namespace: Record<string, WebAssembly.ImportValue> = Object.create(null)
  namespace[HOSTED_MEMORY.name] = memory
  return namespace
}
