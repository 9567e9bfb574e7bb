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

export interface Program {
  name: string
  module: ModuleRef
  functionName?: string
  abi?: string
  inputs: Array<{ name: string, type: ValueType }>
  outputs: Array<{ name: string, type: ValueType }>
  memoryLimitBytes?: number
  timeLimitMs: number
  grants: Grants
}

const digests = new WeakMap<Program, string>()

/** Hex sha2-256 over the canonical CBOR of a program: equal programs have equal digests. A program never changes. */
export function programDigest (program: Program): string {
  let digest = digests.get(program)
  if (digest === undefined) digests.set(program, digest = createHash('sha256').update(encodeCanonical(program)).digest('hex'))
  return digest
}
