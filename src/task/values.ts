/** Typed inputs and outputs. */

/** What inputs and outputs can hold. Integers beyond ±2^53 are bigint, so that they stay exact. */
export type Value =
  | null | boolean | number | bigint | string | Uint8Array
  | Value[] | { [key: string]: Value }

export const VALUE_TYPES = ['integer', 'number', 'string', 'boolean', 'array', 'object', 'json', 'bytes'] as const
export type ValueType = typeof VALUE_TYPES[number]
