/** The release of wasm-bindgen that a module says it was made with. */
import type { ModuleInfo } from '../../binary/module-info.ts'
import type { Release } from './types.ts'

/** 0.2.83 is 83; a module that says nothing, or something else, counts as made by the newest. */
export function releaseOf (info: ModuleInfo): Release {
  const text = info.customs.find((section) => section.release !== undefined)?.release
  const patch = text === undefined ? undefined : /^0\.2\.(\d+)$/.exec(text)?.[1]
  return patch === undefined ? Infinity : Number(patch)
}
