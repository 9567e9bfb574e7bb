/** What the functions of one WASI program share. */
import type { Guest } from '../abi/guest.ts'
import { Descriptors } from './descriptors.ts'
import { placeFiles } from './files.ts'
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

const fileSystems = new WeakMap<Guest, FileSystem>()

/** The file system of a guest that has begun and can use files. */
export function fileSystemOf (guest: Guest): FileSystem | undefined {
  return fileSystems.get(guest)
}

/** A file system with the guest's files. Throws ERR_INPUT when they do not fit into its root. */
export function makeFileSystem (guest: Guest): FileSystem {
  const fs = new FileSystem(guest.ambient.wallClockNs)
  placeFiles(fs, guest.files)
  fileSystems.set(guest, fs)
  return fs
}

/** Throws ERR_INPUT when the guest's files do not fit into its root. */
export function createHost (guest: Guest): WasiHost {
  const fs = makeFileSystem(guest)
  return { guest, memory: new GuestMemory(guest), fs, descriptors: new Descriptors(fs, guest.fileSystem), stdinPosition: 0 }
}
