/**
 * What a call took, on the wire; null where it is not known:
 *
 *   usage = [wall-ms: number, memory-bytes: uint / null, cpu-ms: number / null, module-bytes: uint, file-bytes: uint / null, fuel: uint / null]
 */
import type { Usage } from '../task/usage.ts'
import { asAmount, asArray, uint, uintOrNull } from './shape.ts'

export function usageToWire ({ wallMs, memoryBytes, cpuMs, moduleBytes, fileBytes, fuel }: Usage): unknown[] {
  return [wallMs, uintOrNull(memoryBytes), cpuMs ?? null, uint(moduleBytes), uintOrNull(fileBytes), uintOrNull(fuel)]
}

/** Throws ERR_PROTOCOL. */
export function usageFromWire (raw: unknown): Usage {
  const [wallMs, memoryBytes, cpuMs, moduleBytes, fileBytes, fuel] = asArray(raw, 'result.usage', 6)
  return {
    wallMs: asAmount(wallMs, 'usage.wall'),
    moduleBytes: asAmount(moduleBytes, 'usage.module'),
    ...(cpuMs === null ? {} : { cpuMs: asAmount(cpuMs, 'usage.cpu') }),
    ...(memoryBytes === null ? {} : { memoryBytes: asAmount(memoryBytes, 'usage.memory') }),
    ...(fileBytes === null ? {} : { fileBytes: asAmount(fileBytes, 'usage.files') }),
    ...(fuel === null ? {} : { fuel: asAmount(fuel, 'usage.fuel') }),
  }
}
