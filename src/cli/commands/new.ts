/** `corebrum new`: makes a folder with a module's source, the built module, its task definition and how to go on. */
import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import type { Command } from 'commander'
import { codeOf, describeSystemError } from '../../config/system-error.ts'
import { CorebrumError } from '../../errors.ts'
import { closest } from '../../task/suggest.ts'
import { print, say } from '../output.ts'
import { STARTER_NAME, starterFolder, starterLanguages } from '../starters.ts'

/** A file name, a crate and a package in every language. */
const NAME = /^[a-z][a-z0-9_]{0,62}$/

export function addNew (program: Command): void {
  program.command('new').argument('<language>', 'the language of the module').argument('<name>', 'the name of the project, and of the folder that is made')
    .description('make a project for a new module: source, definition with examples, README')
    .addHelpText('after', '\nExample:\n  corebrum new rust hello\n  corebrum test hello/hello.yaml')
    .action(async (language: string, name: string) => {
      const languages = await starterLanguages()
      if (!languages.includes(language)) {
        const meant = closest(language, languages)
        throw new CorebrumError('ERR_USAGE', `there is no starter in ${JSON.stringify(language)}; there are ${languages.join(', ')}${meant === undefined ? '' : ` - did you mean ${meant}?`}`)
      }
      if (!NAME.test(name)) throw new CorebrumError('ERR_USAGE', `${JSON.stringify(name)} is no name for a project; allowed: a small letter, then up to 62 small letters, digits and _`)
      const made = await makeProject(starterFolder(language), name)
      for (const path of made) print(path)
      const first = made.some((path) => path.endsWith('.wasm')) ? '' : `build it as ${join(name, 'README.md')} says, then `
      say(`next: ${first}corebrum test ${join(name, `${name}.yaml`)}`)
    })
}

/** The files that were made. */
async function makeProject (starter: string, name: string): Promise<string[]> {
  let begun = false
  try {
    await mkdir(name)
    begun = true
    const entries = await readdir(starter, { recursive: true, withFileTypes: true })
    const files = entries.filter((entry) => entry.isFile()).map((entry) => relative(starter, join(entry.parentPath, entry.name)))
    return (await Promise.all(files.map((file) => makeFile(starter, file, name)))).sort()
  } catch (cause) {
    // Part of a project would only be in the way of the next attempt.
    if (begun) await rm(name, { recursive: true, force: true }).catch(() => {})
    if (!begun && codeOf(cause) === 'EEXIST') throw new CorebrumError('ERR_USAGE', `${name} exists already; choose another name`, { cause })
    throw new CorebrumError('ERR_USAGE', `${name} cannot be made: ${describeSystemError(cause)}`, { cause })
  }
}

/** Written, not copied: the files of an installed package may be read-only. */
async function makeFile (starter: string, file: string, name: string): Promise<string> {
  const from = join(starter, file)
  const to = join(name, file.replaceAll(STARTER_NAME, name))
  await mkdir(dirname(to), { recursive: true })
  await writeFile(to, from.endsWith('.wasm') ? await readFile(from) : (await readFile(from, 'utf8')).replaceAll(STARTER_NAME, name))
  return to
}
