/** Flags that several commands share. */
import { InvalidArgumentError, Option, type Command } from 'commander'
import { createControlClient, type ControlClient } from '../control/client.ts'
import { resolveDataDir } from '../config/data-dir.ts'
import type { ConfigSources } from '../config.ts'
import { DEFAULT_KEEP_BYTES, DEFAULT_KEEP_SECONDS, DEFAULT_KEEP_TASKS, DEFAULT_MAILBOX_BYTES, DEFAULT_MEMORY_LIMIT_BYTES, DEFAULT_STORE_BYTES } from '../limits.ts'
import { bytes } from './table.ts'

export interface DataDirFlags { dataDir?: string }

export interface NodeFlags extends DataDirFlags {
  config?: string
  peer?: string[]
  listen?: string[]
  /** False for --no-mdns; commander says true otherwise. */
  mdns: boolean
  workerCount?: string
  memoryLimit?: string
  storeLimit?: string
  mailboxLimit?: string
  allowPrivateUrls?: boolean
  allowHost?: string[]
  trust?: string[]
  label?: string[]
  keep?: string
  keepTasks?: string
  keepBytes?: string
  logLevel?: string
}

const DAY_SECONDS = 86_400

const collect = (value: string, earlier: string[] = []): string[] => [...earlier, value]

export function dataDirFlag (): Option {
  return new Option('--data-dir <folder>', 'data folder; says which daemon is meant (default: ~/.corebrum, or COREBRUM_DATA_DIR)')
}

/** For commands that run a node of their own; `heading` stands over its flags. */
export function addNodeFlags (command: Command, heading = 'Options of the node:'): Command {
  return command
    .addOption(dataDirFlag().helpGroup('Options:'))
    .optionsGroup(heading)
    .option('--config <file>', 'configuration file (default: config.yaml in the data folder)')
    .option('--peer <address>', 'multiaddr of a peer to connect to; repeatable', collect)
    .option('--listen <address>', 'multiaddr to listen on; repeatable', collect)
    .option('--no-mdns', 'do not look for peers on the LAN')
    .option('--worker-count <n>', 'tasks that run at the same time (default: one for each processor; 0: only submit)')
    .option('--memory-limit <size>', `largest memory of one task, such as 512MB (default: ${bytes(DEFAULT_MEMORY_LIMIT_BYTES)})`)
    .option('--store-limit <size>', `disk space for modules, and as much again for large inputs and outputs, such as 2GB (default: ${bytes(DEFAULT_STORE_BYTES)})`)
    .option('--mailbox-limit <size>', `disk space for sealed results of others whose submitter is away, such as 256MB; 0: none (default: ${bytes(DEFAULT_MAILBOX_BYTES)})`)
    .option('--allow-private-urls', 'fetch modules of other nodes\' tasks from private and loopback addresses too')
    .option('--allow-host <host>', 'let tasks send HTTP requests to this host; repeatable', collect)
    .option('--trust <peer>', 'reuse results of deterministic tasks that this peer ran; repeatable', collect)
    .option('--label <key=value>', 'a label of this node, which tasks may require; repeatable', collect)
    .option('--keep <duration>', `how long finished tasks are kept, such as 12h or 7d (default: ${DEFAULT_KEEP_SECONDS / DAY_SECONDS}d)`)
    .option('--keep-tasks <n>', `finished tasks that are kept at most; the oldest go first (default: ${DEFAULT_KEEP_TASKS})`)
    .option('--keep-bytes <size>', `disk space for finished tasks and their results, such as 2GB (default: ${bytes(DEFAULT_KEEP_BYTES)})`)
    .option('--log-level <level>', 'silent, error, warn, info or debug (default: warn)')
}

export function configSources (flags: NodeFlags): ConfigSources {
  return {
    env: process.env,
    flags: {
      dataDir: flags.dataDir,
      config: flags.config,
      peers: flags.peer,
      listen: flags.listen,
      // Left alone when the flag is absent: the file may say no.
      mdns: flags.mdns ? undefined : false,
      workerCount: flags.workerCount,
      memoryLimitBytes: flags.memoryLimit,
      storeBytes: flags.storeLimit,
      mailboxBytes: flags.mailboxLimit,
      allowPrivateUrls: flags.allowPrivateUrls,
      allowedHosts: flags.allowHost,
      trusted: flags.trust,
      labels: flags.label,
      keepSeconds: flags.keep,
      keepTasks: flags.keepTasks,
      keepBytes: flags.keepBytes,
      logLevel: flags.logLevel,
    },
  }
}

export function clientFor (flags: DataDirFlags): ControlClient {
  return createControlClient({ dataDir: resolveDataDir(flags.dataDir) })
}

/** A whole number of at least 1, for commander. */
export function count (text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be a whole number, 1 or more.')
  return Number(text)
}
