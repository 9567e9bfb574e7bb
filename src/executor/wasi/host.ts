/** What the functions of one WASI program share. */
import type { Guest } from '../abi/guest.ts'
import { Descriptors } from './descriptors.ts'
import { GuestMemory } from './guest-memory.ts'
import { FileSystem } from './nodes.ts'

/** A WASI function: returns by throwing WasiError or ends well. */
export type WasiFunction = (...args: never[]) => void
export type WasiFunctions = Record<string, WasiFunction>

export interface WasiHost {
  guest: Guest
  memory: GuestMemory
  fs: FileSystem
  descriptors: Descriptors
  /** How far standard input has been read. */
  stdinPosition: number
}

export function createHost (guest: Guest): WasiHost {
  const fs = new FileSystem(guest.ambient.wallClockNs)
  return { guest, memory: new GuestMemory(guest), fs, descriptors: new Descriptors(fs.root), stdinPosition: 0 }
}
