/** Plain Node without any sandbox: instantiates a module and times its calls. */
import { serveCalls } from '../child.ts'

const methods = {
  /** Milliseconds of one call in a fresh instance; the module is compiled anew, as a program that runs once would. */
  call (bytes: Uint8Array, name: string, argument: bigint): { ms: number, result: unknown } {
    const start = performance.now()
    const run = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(bytes))).exports[name]
    if (typeof run !== 'function') throw new Error(`no function ${name}`)
    const result = run(argument)
    return { ms: performance.now() - start, result }
  },
}

export type PlainProcess = typeof methods
serveCalls(methods)
