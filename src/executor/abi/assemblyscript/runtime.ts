/** The part of its runtime that an AssemblyScript module exports when it is built with `--exportRuntime`. */
import { CorebrumError } from '../../../errors.ts'
import type { ModuleInfo } from '../../binary/module-info.ts'
import type { FoundFunction } from '../adapter.ts'
import { exportedFunction } from '../exports.ts'

/** The allocator, and what keeps an object alive. */
export interface Runtime {
  allocator: FoundFunction
  /** `__pin`, or `__retain` before 0.18; absent in a module without garbage collection. */
  keeper?: FoundFunction
}

/** `__new` since 0.15, `__alloc` before; both take a size and a class id. */
export function findRuntime (info: ModuleInfo): Runtime | undefined {
  const allocator = ['__new', '__alloc'].map((name) => exportedFunction(info, name)).find((found) => found?.type.params.length === 2)
  const keeper = ['__pin', '__retain'].map((name) => exportedFunction(info, name)).find((found) => found?.type.params.length === 1)
  return allocator === undefined ? undefined : { allocator, ...(keeper === undefined ? {} : { keeper }) }
}

/** The error for what cannot be passed without it. */
export function needsRuntime (what: string): CorebrumError {
  return new CorebrumError('ERR_SIGNATURE', `${what} needs the AssemblyScript runtime, which the module does not export: rebuild it with "asc FILE.ts -O --exportRuntime -o FILE.wasm"`)
}
