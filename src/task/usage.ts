/** What one call took. What is absent is not known, as when the sandbox was killed; no number stands for it. */
export interface Usage {
  /** From the start of the call in the sandbox until its end, milliseconds; 0 when it never began. */
  wallMs: number
  /** Processor time of the sandbox for the call, all its threads, milliseconds. */
  cpuMs?: number
  /** Largest linear memory of the instance, bytes. */
  memoryBytes?: number
  /** Fuel that was used; absent also when the call was not metered. */
  fuel?: number
  moduleBytes: number
  /** Files that the program was given and left, bytes. */
  fileBytes?: number
}

/** What a sandbox that lived to the end of the call can tell. */
export type FullUsage = Required<Omit<Usage, 'fuel'>> & Pick<Usage, 'fuel'>

/** Of a call that never began. */
export const NO_USAGE: FullUsage = { wallMs: 0, cpuMs: 0, memoryBytes: 0, moduleBytes: 0, fileBytes: 0 }

/** Of two calls together; memory is that of the larger one. */
export function addUsage (a: Usage, b: Usage): Usage {
  const sum = (key: 'cpuMs' | 'fuel' | 'fileBytes'): number | undefined => a[key] === undefined && b[key] === undefined ? undefined : (a[key] ?? 0) + (b[key] ?? 0)
  const [cpuMs, fuel, fileBytes] = [sum('cpuMs'), sum('fuel'), sum('fileBytes')]
  return {
    wallMs: a.wallMs + b.wallMs,
    moduleBytes: a.moduleBytes + b.moduleBytes,
    memoryBytes: Math.max(a.memoryBytes ?? 0, b.memoryBytes ?? 0),
    ...(cpuMs === undefined ? {} : { cpuMs }),
    ...(fuel === undefined ? {} : { fuel }),
    ...(fileBytes === undefined ? {} : { fileBytes }),
  }
}
