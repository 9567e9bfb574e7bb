/** `corebrum new`: makes a folder with a module's source, the built module, its task definition and how to go on. */
import { cp, mkdir, readFile, readdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import { codeOf, describeSystemError } from '../../config/system-error.ts'
import { CorebrumError } from '../../errors.ts'
import { closest } from '../../task/suggest.ts'
import { print } from '../output.ts'
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
      for (const path of await makeProject(starterFolder(language), name)) print(path)
    })
}

/** The files that were made. */
async function makeProject (starter: string, name: string): Promise<string[]> {
  try {
    await mkdir(name)
    await cp(starter, name, { recursive: true })
  } catch (cause) {
    if (codeOf(cause) === 'EEXIST') throw new CorebrumError('ERR_USAGE', `${name} exists already; choose another name`, { cause })
    throw new CorebrumError('ERR_USAGE', `${name} cannot be made: ${describeSystemError(cause)}`, { cause })
  }
  const made: string[] = []
  for (const entry of await readdir(name, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue
    const from = join(entry.parentPath, entry.name)
    const to = join(entry.parentPath, entry.name.replaceAll(STARTER_NAME, name))
    if (!from.endsWith('.wasm')) await writeFile(from, (await readFile(from, 'utf8')).replaceAll(STARTER_NAME, name))
    await rename(from, to)
    made.push(to)
  }
  return made.sort()
}
