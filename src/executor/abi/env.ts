/** The imports that plain output of Emscripten, AssemblyScript and C compilers expects of its host, mostly in `env`. */
import { provideAssemblyScript } from './assemblyscript/imports.ts'
import type { ImportProvider } from './adapter.ts'
import { provideInvoke } from './emscripten/invoke.ts'
import { provideRuntime } from './emscripten/runtime.ts'
import { provideSyscalls } from './emscripten/syscalls.ts'
import { provideTime } from './emscripten/time.ts'

const PROVIDERS: readonly ImportProvider[] = [provideAssemblyScript, provideRuntime, provideTime, provideInvoke, provideSyscalls]

export const provideEnv: ImportProvider = (item) => {
  if (item.kind !== 'function') return undefined
  for (const provide of PROVIDERS) {
    const made = provide(item)
    if (made !== undefined) return made
  }
  return undefined
}
