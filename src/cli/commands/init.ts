/** `corebrum init`: writes a configuration file to start from. */
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import type { Command } from 'commander'
import { configFilePath, resolveDataDir } from '../../config/data-dir.ts'
import { codeOf, describeSystemError } from '../../config/system-error.ts'
import { CorebrumError } from '../../errors.ts'
import { dataDirFlag, type DataDirFlags } from '../flags.ts'
import { print } from '../output.ts'

interface InitFlags extends DataDirFlags {
  config?: string
  force?: boolean
}

export function addInit (program: Command): void {
  program.command('init')
    .description('write a commented configuration file and print its path')
    .option('--config <file>', 'where to (default: config.yaml in the data folder)')
    .option('--force', 'replace a file that is there')
    .addOption(dataDirFlag())
    .addHelpText('after', '\nExample:\n  corebrum init --data-dir ./node-a')
    .action(async (flags: InitFlags) => {
      const path = resolve(flags.config ?? configFilePath(resolveDataDir(flags.dataDir)))
      const { configTemplate } = await import('../../config/template.ts')
      try {
        await mkdir(dirname(path), { recursive: true, mode: 0o700 })
        await writeFile(path, configTemplate(), { flag: flags.force === true ? 'w' : 'wx', mode: 0o600 })
      } catch (cause) {
        // `mkdir` says the same of a folder that is a file.
        if (codeOf(cause) === 'EEXIST' && existsSync(path)) throw new CorebrumError('ERR_USAGE', `${path} exists already; --force replaces it`, { cause })
        const why = codeOf(cause) === 'EEXIST' ? 'a part of the path is not a folder' : describeSystemError(cause)
        throw new CorebrumError('ERR_USAGE', `${path} cannot be written: ${why}; choose another place with --config or --data-dir`, { cause })
      }
      print(path)
    })
}
