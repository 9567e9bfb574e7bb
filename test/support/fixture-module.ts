/** Modules of real toolchains that only tests use; each has its source beside it, with the command that builds it. */
import { readFileSync } from 'node:fs'

const FIXTURES = new URL('../fixtures/modules/', import.meta.url)

export function fixtureModule (name: string): Buffer {
  return readFileSync(new URL(`${name}.wasm`, FIXTURES))
}
