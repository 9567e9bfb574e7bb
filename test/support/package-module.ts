/** Modules as packages ship them: a file, or base64 inside of a script. */
import { readFileSync } from 'node:fs'

const PACKAGES = new URL('../../node_modules/', import.meta.url)
/** The header of a module, version 1, in base64. */
const EMBEDDED = /AGFzbQEAAAA[A-Za-z0-9+/]+=*/

/** `path` begins with the name of the package. */
export function packageModule (path: string): Buffer {
  const bytes = readFileSync(new URL(path, PACKAGES))
  if (path.endsWith('.wasm')) return bytes
  const [base64] = EMBEDDED.exec(bytes.toString('latin1')) ?? []
  if (base64 === undefined) throw new Error(`${path} holds no module`)
  return Buffer.from(base64, 'base64')
}
