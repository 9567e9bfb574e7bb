/** The port of what runs a program once: a fresh instance of a module, or of a component with all modules inside. */
import type { Guest } from './abi/guest.ts'
import type { TrapContext } from './traps.ts'

export interface Runner {
  /** Bytes of the module or component. */
  readonly byteLength: number
  /** Makes what runs and initialises it; throws whatever the module throws. Exactly once for each guest. */
  start (guest: Guest): void
  /** What explains a failure of the guest. */
  trapContext (guest: Guest): TrapContext
  remains (guest: Guest): Remains
}

/** What a run used of memory. */
export interface Remains {
  memoryBytes: number
  /** Memory that was made for this run and is now garbage. */
  garbageBytes: number
  /** To be called when the outcome has been reported: makes ready for the next call. */
  recycle?: () => void
}
