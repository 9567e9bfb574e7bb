/** The part of a task that many tasks share and that a worker needs: sent once per stream, named by its digest. */
import { createHash } from 'node:crypto'
import { encodeCanonical } from '../cbor.ts'
import type { Grants } from './definition.ts'
import type { ValueType } from './values.ts'

/** A module by content, with hints where to get it. */
export interface ModuleRef {
  /** CIDv1, raw, sha2-256, base32 (`bafkrei…`). */
  cid: string
  /** Bytes; 0: unknown. */
  size: number
  /** Where the module may be fetched besides from peers. */
  urls: string[]
}

/** What a program finds when it starts. */
export interface ProgramSetup {
  /** Arguments after the program's name. */
  args: string[]
  env: Record<string, string>
  stdin: StandardInput
  files: ProgramFile[]
  /** Files that the program leaves and that are outputs; each names one of `outputs`. */
  outputFiles: Array<{ output: string, path: string }>
}

export type StandardInput =
  /** All inputs as one JSON object, as conventions that read their inputs there expect it. */
  | { from: 'inputs' }
  | { from: 'bytes', bytes: Uint8Array }
  /** One input as it is: text in UTF-8, bytes, or what it is in JSON. */
  | { from: 'input', name: string }

/** A file in the program's root; `path` is relative to it, with `/` between its parts. */
export type ProgramFile =
  | { path: string, bytes: Uint8Array }
  /** Fetched as modules are. */
  | { path: string, cid: string, size: number }
  /** What an input holds. */
  | { path: string, input: string }

export interface Program {
  name: string
  module: ModuleRef
  functionName?: string
  abi?: string
  inputs: Array<{ name: string, type: ValueType }>
  outputs: Array<{ name: string, type: ValueType }>
  memoryLimitBytes?: number
  timeLimitMs: number
  /** Most fuel that a call may use; absent: it is not metered. */
  fuel?: number
  /** Clock and random numbers are made from the task's id. Default false. */
  deterministic?: boolean
  /** Absent: its inputs as JSON on standard input, and nothing else. */
  setup?: ProgramSetup
  grants: Grants
}

interface Measured { readonly digest: string, readonly bytes: number }

/** Memory that a program takes for each byte of its CBOR: the least for long text, about what short names need. */
const MEMORY_PER_BYTE = 2
const measured = new WeakMap<Program, Measured>()

/** Hex sha2-256 over the canonical CBOR of a program: equal programs have equal digests. A program never changes. */
export function programDigest (program: Program): string {
  return measure(program).digest
}

/** Memory of a program, about, in bytes: equal programs have equal ones. */
export function programBytes (program: Program): number {
  return measure(program).bytes
}

function measure (program: Program): Measured {
  let known = measured.get(program)
  if (known === undefined) {
    const encoded = encodeCanonical(program)
    known = { digest: createHash('sha256').update(encoded).digest('hex'), bytes: MEMORY_PER_BYTE * encoded.length }
    measured.set(program, known)
  }
  return known
}
