/** What the corpus is made of: modules that were written to break a sandbox, and how each must end. */
import type { ErrorCode } from '../../src/errors.ts'
import type { Value } from '../../src/task/values.ts'
import type { ProgramOptions } from '../support/executor-fixture.ts'

export interface Attack extends Omit<ProgramOptions, 'module'> {
  name: string
  /** Text format, or bytes for what a text compiler would not write. */
  module: string | Uint8Array
  values?: Value[]
  /** The error it must end with, or, for those that get nothing out of it, the outputs. */
  ends: ErrorCode | Record<string, Value>
}

/** A short deadline: most attacks run into it. */
export const DEADLINE_MS = 150

export const MiB = 1024 * 1024

/** An import of WASI preview 1, as text. */
export function wasi (name: string, params: string, results = '(result i32)'): string {
  return `(import "wasi_snapshot_preview1" "${name}" (func $${name} (param ${params}) ${results}))`
}

/** A WASI command with one page of memory whose `_start` is `body`. */
export function command (imports: string, body: string, pages = 1): string {
  return `(module ${imports} (memory (export "memory") ${pages}) (func (export "_start") ${body}))`
}
