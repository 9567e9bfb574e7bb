/** What this machine's WASM engine can do. */
import { bulkMemory, exceptions, extendedConst, multiValue, mutableGlobals, referenceTypes, relaxedSimd, saturatedFloatToInt, signExtensions, simd, tailCall } from 'wasm-feature-detect'
import type { Capability } from '../../wire/capability.ts'

const FEATURES = {
  'bulk-memory': bulkMemory,
  exceptions,
  'extended-const': extendedConst,
  'multi-value': multiValue,
  'mutable-globals': mutableGlobals,
  'reference-types': referenceTypes,
  'relaxed-simd': relaxedSimd,
  'saturated-float-to-int': saturatedFloatToInt,
  'sign-extensions': signExtensions,
  simd,
  'tail-call': tailCall,
}

/** Probes the engine: each feature by a tiny module that needs it. */
export async function detectCapability ({ slots, memoryLimitBytes, labels = {} }: Pick<Capability, 'slots' | 'memoryLimitBytes' | 'labels'>): Promise<Capability> {
  const found = await Promise.all(Object.entries(FEATURES).map(async ([name, detect]) => (await detect() ? [name] : [])))
  return { engine: `v8 ${process.versions.v8}`, features: found.flat(), memoryLimitBytes, slots, ...(Object.keys(labels).length === 0 ? {} : { labels }) }
}
