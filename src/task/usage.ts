/** What one call took. */
export interface Usage {
  /** From the start of the call in the sandbox until its end, milliseconds. */
  wallMs: number
  /** Processor time of the sandbox for the call, all its threads, milliseconds. */
  cpuMs: number
  /** Largest linear memory of the instance, bytes. */
  memoryBytes: number
  /** Fuel that was used; absent when the call was not metered. */
  fuel?: number
  moduleBytes: number
  /** Files that the program was given and left, bytes. */
  fileBytes: number
}

/** Of a call that never began, or whose sandbox cannot tell. */
export const NO_USAGE: Usage = { wallMs: 0, cpuMs: 0, memoryBytes: 0, moduleBytes: 0, fileBytes: 0 }
