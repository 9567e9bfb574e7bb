/** Makes an instance of a compiled module and lets it start. */
import type { Guest } from './abi/guest.ts'

/** Throws whatever the module throws. For a call with fuel the module has to be metered. */
export function instantiate (module: WebAssembly.Module, imports: WebAssembly.Imports, { fuel }: Guest): WebAssembly.Exports {
  const { exports } = new WebAssembly.Instance(module, imports)
  fuel?.start(exports)
  return exports
}
