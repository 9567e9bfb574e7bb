/** The projects that `corebrum new` copies: one folder for each language, under `examples`. */
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describeSystemError } from '../config/system-error.ts'
import { CorebrumError } from '../errors.ts'

/** What every starter is called; the name of the new project takes its place, in file names and in texts. */
export const STARTER_NAME = 'starter'

/** The package's `examples` folder, seen from the bundle in `dist` and from this file. */
const EXAMPLES = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../../examples/' : '../examples/', import.meta.url))

export function starterFolder (language: string): string {
  return join(EXAMPLES, language, STARTER_NAME)
}

/** In alphabetical order. Rejects with ERR_USAGE where the package's examples are missing. */
export async function starterLanguages (): Promise<string[]> {
  const names = await readdir(EXAMPLES).catch((cause: unknown) => {
    throw new CorebrumError('ERR_USAGE', `the starters of this installation cannot be read: ${EXAMPLES}: ${describeSystemError(cause)}; install corebrum again`, { cause })
  })
  return names.filter((name) => existsSync(starterFolder(name))).sort()
}
