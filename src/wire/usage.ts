/**
 * What a call took, on the wire:
 *
 *   usage = [wall-ms: number, memory-bytes: uint, cpu-ms: number, module-bytes: uint, file-bytes: uint, fuel: uint / null]
 */
import type { Usage } from '../task/usage.ts'
import { asAmount, asArray, uint } from './shape.ts'

export function usageToWire ({ wallMs, memoryBytes, cpuMs, moduleBytes, fileBytes, fuel }: Usage): unknown[] {
  return [wallMs, uint(memoryBytes), cpuMs, uint(moduleBytes), uint(fileBytes), fuel === undefined ? null : uint(fuel)]
}

/** Throws ERR_PROTOCOL. */
export function usageFromWire (raw: unknown): Usage {
  const [wallMs, memoryBytes, cpuMs, moduleBytes, fileBytes, fuel] = asArray(raw, 'result.usage', 6)
  return {
    wallMs: asAmount(wallMs, 'usage.wall'),
    cpuMs: asAmount(cpuMs, 'usage.cpu'),
    memoryBytes: asAmount(memoryBytes, 'usage.memory'),
    moduleBytes: asAmount(moduleBytes, 'usage.module'),
    fileBytes: asAmount(fileBytes, 'usage.files'),
    ...(fuel === null ? {} : { fuel: asAmount(fuel, 'usage.fuel') }),
  }
}
