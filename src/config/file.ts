/** The configuration file: YAML, one key for each setting of the table. A missing file is an empty one. */
import { readFile, stat } from 'node:fs/promises'
import { CorebrumError } from '../errors.ts'
import { MAX_CONFIG_BYTES } from '../limits.ts'
import { closest } from '../task/suggest.ts'
import { codeOf, describeSystemError } from './system-error.ts'
import { SETTINGS, type SettingKey } from './settings.ts'

export interface ConfigFile {
  values: Partial<Record<SettingKey, unknown>>
  problems: string[]
  /** How a mistake in this key is named. */
  label (key: SettingKey): string
}

/**
 * Reads the file. `required` says that the user named it, so that it must be there.
 * Rejects with ERR_CONFIG when it cannot be read or is no YAML mapping; wrong keys are in `problems`.
 */
export async function readConfigFile (path: string, { required }: { required: boolean }): Promise<ConfigFile> {
  const label = (key: SettingKey): string => `${path}: ${SETTINGS.find((setting) => setting.key === key)?.name ?? key}`
  const text = await readText(path, required)
  if (text === undefined || text.trim() === '') return { values: {}, problems: [], label }
  const entries = Object.entries(await parse(path, text))
  const values: ConfigFile['values'] = {}
  const problems: string[] = []
  for (const [name, value] of entries) {
    const setting = SETTINGS.find((item) => item.name === name)
    if (setting !== undefined) {
      if (value !== null) values[setting.key] = value
    } else if (name === 'data_dir') {
      problems.push(`${path}: data_dir: the data folder cannot be set in the file; use --data-dir or COREBRUM_DATA_DIR`)
    } else {
      const names = SETTINGS.map((item) => item.name)
      const meant = closest(name, names)
      problems.push(`${path}: ${name}: found a key that is not known; ${meant === undefined ? `allowed: ${names.join(', ')}` : `did you mean ${meant}?`}`)
    }
  }
  return { values, problems, label }
}

async function readText (path: string, required: boolean): Promise<string | undefined> {
  try {
    const info = await stat(path)
    if (info.isDirectory()) throw wrong(path, 'is a folder, not a file')
    if (info.size > MAX_CONFIG_BYTES) throw wrong(path, `has ${info.size} bytes; allowed are ${MAX_CONFIG_BYTES}`)
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof CorebrumError) throw error
    const code = codeOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      if (!required) return undefined
      throw wrong(path, 'does not exist; `corebrum init` writes one')
    }
    throw wrong(path, `cannot be read: ${describeSystemError(error)}`)
  }
}

async function parse (path: string, text: string): Promise<object> {
  const { load } = await import('js-yaml')
  let value: unknown
  try {
    value = load(text, { filename: path })
  } catch (cause) {
    throw wrong(path, `is not valid YAML: ${cause instanceof Error ? cause.message : String(cause)}`, cause)
  }
  if (value === null || value === undefined) return {}
  if (typeof value !== 'object' || Array.isArray(value)) throw wrong(path, 'must hold `key: value` lines')
  return value
}

function wrong (path: string, what: string, cause?: unknown): CorebrumError {
  return new CorebrumError('ERR_CONFIG', `the configuration file ${path} ${what}`, { cause })
}
