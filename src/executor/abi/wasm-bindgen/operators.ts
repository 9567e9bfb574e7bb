/** JavaScript's operators that come up in ordinary modules: to numbers, and loose equality. The others are traps. */
import type { Catalogue } from './imports.ts'
import { spec } from './host-function.ts'
import type { HostValue } from './host-values.ts'

/** As `+value` gives it; NaN for what is no scalar. */
export function asNumber (value: HostValue): number {
  return typeof value === 'object' && value !== null ? NaN : Number(value)
}

/** As `==` on scalars; anything else equals only itself. */
function looselyEqual (left: HostValue, right: HostValue): boolean {
  if (left === undefined || left === null) return right === undefined || right === null
  if (right === undefined || right === null) return false
  if (typeof left === 'object' || typeof right === 'object' || typeof left === typeof right) return left === right
  if (typeof left === 'bigint' || typeof right === 'bigint') return String(left) === String(right)
  return asNumber(left) === asNumber(right)
}

function truthy (value: HostValue): boolean {
  return value !== undefined && value !== null && value !== false && value !== '' && value !== 0 && value !== 0n && !Number.isNaN(value)
}

export const OPERATORS: Catalogue = {
  'bindgen:asnumber': [spec('ref', 'number', (_host, [value]) => asNumber(value))],
  'bindgen:tryintonumber': [spec('ref', 'ref', (_host, [value]) => asNumber(value))],
  'bindgen:not': [spec('ref', 'flag', (_host, [value]) => !truthy(value))],
  'bindgen:isfalsy': [spec('ref', 'flag', (_host, [value]) => !truthy(value))],
  'bindgen:jsvaleq': [spec('ref ref', 'flag', (_host, [left, right]) => left === right)],
  'bindgen:jsvallooseeq': [spec('ref ref', 'flag', (_host, [left, right]) => looselyEqual(left, right))],
}
