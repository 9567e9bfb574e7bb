/**
 * A node's configuration: defaults, then the file, then the environment, then flags; each later one wins.
 * All values are checked once, here, and every mistake is reported at the same time. `config/settings.ts` has the table.
 */
import { resolve } from 'node:path'
import { CorebrumError } from './errors.ts'
import { DEFAULT_KEEP_BYTES, DEFAULT_KEEP_SECONDS, DEFAULT_KEEP_TASKS, DEFAULT_MAILBOX_BYTES, DEFAULT_MEMORY_LIMIT_BYTES, DEFAULT_STORE_BYTES } from './limits.ts'
import { configFilePath, ENV_CONFIG, ENV_DATA_DIR, resolveDataDir } from './config/data-dir.ts'
import { readConfigFile } from './config/file.ts'
import { processors } from './config/processors.ts'
import { SETTINGS, type LogLevel, type SettingKey } from './config/settings.ts'
import type { Labels } from './task/labels.ts'

export interface Config {
  /** Identity, modules and the control socket live here. */
  dataDir: string
  /** Multiaddrs to listen on. */
  listen: string[]
  /** Multiaddrs of peers to stay connected to. */
  peers: string[]
  /** Find peers on the LAN by multicast DNS. */
  mdns: boolean
  /** Sandboxes that run tasks at the same time; 0: this node only submits. */
  workerCount: number
  /** Largest memory that a task may have here. */
  memoryLimitBytes: number
  /** Budget of the module store. */
  storeBytes: number
  /** Disk space for sealed results that this node keeps for others while their submitter is away; 0: it keeps none. */
  mailboxBytes: number
  /** Lets this node, as a worker, fetch modules from loopback, private and link-local addresses. */
  allowPrivateUrls: boolean
  /** Hosts that tasks may send HTTP requests to from here; see web/host-patterns.ts. */
  allowedHosts: string[]
  /** What tasks may require of this node. */
  labels: Labels
  /** PeerIds of workers whose results of deterministic tasks are reused; this node's own always are. */
  trusted: string[]
  /** How long finished tasks are kept after their end; how many at most, and their bytes. */
  keepSeconds: number
  keepTasks: number
  keepBytes: number
  logLevel: LogLevel
  /**
   * Uses a new key instead of the one in the data folder, and shares the folder with the daemon or with other such
   * nodes: for nodes that live as long as one command. Not a setting of files, variables or flags.
   */
  ephemeral: boolean
}

/** Values as the user wrote them, by setting: text, lists of text, or booleans. */
export type RawSettings = Partial<Record<SettingKey, unknown>>

export interface ConfigSources {
  /** From the command line; absent keys were not given. */
  flags?: RawSettings & { dataDir?: string, config?: string }
  /** Default: none; the commands pass `process.env`. */
  env?: Readonly<Record<string, string | undefined>>
}

export interface LoadedConfig {
  config: Config
  /** What was ignored, one sentence each. */
  warnings: string[]
}

/** What a node does when nothing is said. Two nodes on one machine need different data folders and nothing else. */
export function defaultConfig (dataDir: string = resolveDataDir()): Config {
  return {
    dataDir,
    listen: ['/ip4/0.0.0.0/tcp/0'],
    peers: [],
    mdns: true,
    workerCount: processors(),
    memoryLimitBytes: DEFAULT_MEMORY_LIMIT_BYTES,
    storeBytes: DEFAULT_STORE_BYTES,
    mailboxBytes: DEFAULT_MAILBOX_BYTES,
    allowPrivateUrls: false,
    allowedHosts: [],
    labels: {},
    trusted: [],
    keepSeconds: DEFAULT_KEEP_SECONDS,
    keepTasks: DEFAULT_KEEP_TASKS,
    keepBytes: DEFAULT_KEEP_BYTES,
    logLevel: 'warn',
    ephemeral: false,
  }
}

/** Defaults under what a program gave. Rejects with ERR_CONFIG; each mistake is one entry of `problems`. */
export async function completeConfig (given: Partial<Config> = {}): Promise<Config> {
  const layer: Layer = { values: {}, label: (setting) => setting.key }
  for (const { key } of SETTINGS) if (given[key] !== undefined) layer.values[key] = given[key]
  const dataDir = given.dataDir === undefined ? resolveDataDir() : resolve(given.dataDir)
  return await merge({ ...defaultConfig(dataDir), ephemeral: given.ephemeral ?? false }, [layer], [])
}

/** The configuration of a command. Rejects with ERR_CONFIG; each mistake is one entry of `problems`. */
export async function loadConfig ({ flags = {}, env = {} }: ConfigSources = {}): Promise<LoadedConfig> {
  const dataDir = resolveDataDir(flags.dataDir, env)
  const chosen = flags.config ?? (env[ENV_CONFIG] === '' ? undefined : env[ENV_CONFIG])
  const file = await readConfigFile(chosen ?? configFilePath(dataDir), { required: chosen !== undefined })
  const environment: Layer = { values: {}, label: (setting) => setting.env }
  const given: Layer = { values: {}, label: (setting) => setting.flag }
  for (const { key, env: name } of SETTINGS) {
    // An empty variable is how a shell or a service file says "not set".
    if (env[name] !== undefined && env[name] !== '') environment.values[key] = env[name]
    if (flags[key] !== undefined) given.values[key] = flags[key]
  }
  const layers: Layer[] = [{ values: file.values, label: (setting) => file.label(setting.key) }, environment, given]
  const config = await merge(defaultConfig(dataDir), layers, file.problems)
  return { config, warnings: unknownVariables(env) }
}

/** Looks at flags alone. Rejects as `loadConfig`. */
export async function checkFlags (flags: RawSettings): Promise<void> {
  await merge(defaultConfig(), [{ values: flags, label: (setting) => setting.flag }], [])
}

interface Layer {
  values: RawSettings
  /** Where the value stands, as the user knows it. */
  label (setting: { key: SettingKey, env: string, flag: string }): string
}

async function merge (defaults: Config, layers: Layer[], found: readonly string[]): Promise<Config> {
  const problems = [...found]
  let config = defaults
  for (const layer of layers) {
    for (const setting of SETTINGS) {
      const raw = layer.values[setting.key]
      if (raw === undefined) continue
      const result = await setting.read(raw)
      if ('wrong' in result) problems.push(`${layer.label(setting)}: found ${result.wrong}; allowed: ${setting.allowed}`)
      else config = { ...config, ...result.value }
    }
  }
  if (problems.length > 0) {
    const count = problems.length === 1 ? 'a mistake' : `${problems.length} mistakes`
    throw new CorebrumError('ERR_CONFIG', `the configuration has ${count}`, { problems })
  }
  return config
}

function unknownVariables (env: Readonly<Record<string, string | undefined>>): string[] {
  const known = new Set([...SETTINGS.map((setting) => setting.env), ENV_DATA_DIR, ENV_CONFIG])
  return Object.keys(env).filter((name) => name.startsWith('COREBRUM_') && !known.has(name))
    .map((name) => `the environment variable ${name} is not known and was ignored; known are ${[...known].join(', ')}`)
}
