/** Assertions on error codes. */
import assert from 'node:assert/strict'
import { CorebrumError, type ErrorCode } from '../../src/errors.ts'

/** The error that `promise` rejects with, which must be a CorebrumError with `code`. */
export async function rejectsWith (code: ErrorCode, promise: Promise<unknown>): Promise<CorebrumError> {
  const thrown = await promise.then(() => undefined, (error: unknown) => error)
  assert(thrown instanceof CorebrumError, `expected ${code}, got ${String(thrown)}`)
  assert.equal(thrown.code, code, thrown.message)
  return thrown
}

/** Reads a message that must be refused as ERR_PROTOCOL, or as `code`. */
export function refusesWire (read: () => unknown, code: ErrorCode = 'ERR_PROTOCOL'): void {
  assert.throws(read, (error) => error instanceof CorebrumError && error.code === code)
}
