/** Memory and time limits of a definition: the smallest of all the places that name one. */
import { DEFAULT_TIME_LIMIT_MS, MAX_FUEL, MAX_MEMORY_LIMIT_BYTES, MAX_TIME_LIMIT_MS, WASM_PAGE_BYTES } from '../limits.ts'
import type { Section } from './section.ts'

const MIB = 1024 * 1024
const UNITS: Record<string, number> = { b: 1, k: 1024, m: MIB, g: 1024 * MIB }
const MEMORY = `"64MB", "1GiB" or a number of bytes, from ${WASM_PAGE_BYTES} (one page) to ${MAX_MEMORY_LIMIT_BYTES}`

/** Bytes, or undefined where the definition sets no limit. K, M and G count in steps of 1024, with or without an i. */
export function readMemoryLimit (configs: Section[], resources: Section[], wasm: Section | undefined): number | undefined {
  const limits: number[] = []
  for (const config of configs) {
    const value = config.raw('memory_limit')
    if (value === undefined) continue
    const bytes = typeof value === 'string' ? bytesOf(value) : Number(typeof value === 'bigint' ? value : typeof value === 'number' ? value : NaN)
    if (bytes !== undefined && Number.isInteger(bytes) && bytes >= WASM_PAGE_BYTES && bytes <= MAX_MEMORY_LIMIT_BYTES) limits.push(bytes)
    else config.report.found(config.at('memory_limit'), value, MEMORY)
  }
  for (const resource of resources) {
    const megabytes = resource.positive('memory_mb', MAX_MEMORY_LIMIT_BYTES / MIB, 'megabytes')
    if (megabytes !== undefined) limits.push(Math.max(WASM_PAGE_BYTES, Math.floor(megabytes * MIB)))
  }
  const pages = wasm?.positive('memory_pages', MAX_MEMORY_LIMIT_BYTES / WASM_PAGE_BYTES, 'pages of 64 KiB')
  if (pages !== undefined) limits.push(Math.ceil(pages) * WASM_PAGE_BYTES)
  return limits.length === 0 ? undefined : Math.min(...limits)
}

/** Milliseconds. */
export function readTimeLimit (configs: Section[], sections: Section[]): number {
  const limits: number[] = []
  for (const config of configs) {
    const ms = config.positive('timeout_ms', MAX_TIME_LIMIT_MS, 'milliseconds')
    if (ms !== undefined) limits.push(Math.ceil(ms))
  }
  for (const section of sections) {
    const seconds = section.positive('timeout_seconds', MAX_TIME_LIMIT_MS / 1000, 'seconds')
    if (seconds !== undefined) limits.push(Math.ceil(seconds * 1000))
  }
  return limits.length === 0 ? DEFAULT_TIME_LIMIT_MS : Math.min(...limits)
}

/** Undefined where the definition does not meter its calls. */
export function readFuel (configs: Section[]): number | undefined {
  const limits = configs.flatMap((config) => {
    const value = config.raw('fuel')
    if (value === undefined) return []
    if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MAX_FUEL) return [value]
    config.report.found(config.at('fuel'), value, `an integer from 1 to ${MAX_FUEL}`)
    return []
  })
  return limits.length === 0 ? undefined : Math.min(...limits)
}

function bytesOf (text: string): number | undefined {
  const found = /^\s*(\d+(?:\.\d+)?)\s*(?:([kmg])(?:i?b)?|b|bytes)?\s*$/i.exec(text)
  if (found === null) return undefined
  return Math.floor(Number(found[1]) * (UNITS[(found[2] ?? 'b').toLowerCase()] ?? 1))
}
