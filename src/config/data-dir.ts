/** Where a node keeps its files. Loads next to nothing: every command needs it, most need no more of the configuration. */
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

export const ENV_DATA_DIR = 'COREBRUM_DATA_DIR'
export const ENV_CONFIG = 'COREBRUM_CONFIG'

/** The data folder as an absolute path: the flag, else COREBRUM_DATA_DIR, else `~/.corebrum`. */
export function resolveDataDir (flag?: string, env: Readonly<Record<string, string | undefined>> = process.env): string {
  if (flag !== undefined && flag !== '') return resolve(flag)
  const variable = env[ENV_DATA_DIR]
  if (variable !== undefined && variable !== '') return resolve(variable)
  return join(homedir(), '.corebrum')
}

/** The file that is read when `--config` and COREBRUM_CONFIG name none. */
export function configFilePath (dataDir: string): string {
  return join(dataDir, 'config.yaml')
}
