/**
 * What a node can run, as it says so to submitters and in the DHT.
 *
 *   capability = { engine: tstr, features: [* tstr], memory: uint, slots: uint, ? labels: {* tstr => tstr} }   ; memory in bytes
 */
import { MAX_LABELS, MAX_MEMORY_LIMIT_BYTES } from '../limits.ts'
import type { Labels } from '../task/labels.ts'
import { labelsFromWire } from './labels.ts'
import { asInteger, asRecord, asText, asTexts, uint } from './shape.ts'

export interface Capability {
  /** Name and version of the WASM engine: `v8 11.3`. */
  engine: string
  /** WASM features beyond version 1: `simd`, `bulk-memory`, … */
  features: string[]
  /** Largest memory that a task may have there, bytes. */
  memoryLimitBytes: number
  /** Tasks that run at the same time. */
  slots: number
  /** What its owner says of it; absent: nothing. */
  labels?: Labels | undefined
}

export function capabilityToWire (capability: Capability): unknown {
  const { engine, features, memoryLimitBytes, slots, labels } = capability
  return { engine, features, memory: uint(memoryLimitBytes), slots, ...(labels === undefined ? {} : { labels }) }
}

export function capabilityFromWire (raw: unknown): Capability {
  const fields = asRecord(raw, 'capability')
  const labels = labelsFromWire(fields.labels, 'capability.labels', MAX_LABELS)
  return {
    engine: asText(fields.engine, 'capability.engine', 64),
    features: asTexts(fields.features, 'capability.features', 64, 32),
    memoryLimitBytes: asInteger(fields.memory, 'capability.memory', 0, MAX_MEMORY_LIMIT_BYTES),
    slots: asInteger(fields.slots, 'capability.slots', 0, 4096),
    ...(labels !== undefined && { labels }),
  }
}
