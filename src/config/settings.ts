/** The table of settings: how each is called in the file, the environment and on the command line, and what it may hold. */
import type { Config } from '../config.ts'
import {
  DEFAULT_KEEP_BYTES, DEFAULT_KEEP_SECONDS, DEFAULT_KEEP_TASKS, DEFAULT_MAILBOX_BYTES, DEFAULT_MEMORY_LIMIT_BYTES, DEFAULT_STORE_BYTES, MAX_ALLOWED_HOSTS, MAX_KEEP_SECONDS, MAX_KEEP_TASKS, MAX_LABELS, MAX_LISTEN_ADDRESSES, MAX_MAILBOX_BYTES, MAX_MEMORY_LIMIT_BYTES, MAX_REMEMBERED_PEERS, MAX_STORE_BYTES, MAX_TRUSTED_PEERS, MAX_WORKER_COUNT, MIN_MEMORY_LIMIT_BYTES, MIN_STORE_BYTES,
} from '../limits.ts'
import { DURATION_RULE } from '../task/duration.ts'
import { LABEL_RULE } from '../task/labels.ts'
import { isPeerId } from '../task/peer-signature.ts'
import { isHostPattern } from '../web/host-patterns.ts'
import { readAddresses, readBoolean, readInteger, readLabels, readList, readOneOf, readSeconds, readSize, type Reading } from './readers.ts'

export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const
export type LogLevel = typeof LOG_LEVELS[number]

/** All but the data folder, which must be known before the file can be found. */
export type SettingKey = Exclude<keyof Config, 'dataDir' | 'ephemeral'>

export interface Setting {
  key: SettingKey
  /** In the file. */
  name: string
  env: string
  flag: string
  allowed: string
  /** One line for the file that `corebrum init` writes. */
  about: string
  /** The default as one would write it in the file. */
  example: string
  read (raw: unknown): Reading<Partial<Config>> | Promise<Reading<Partial<Config>>>
}

const size = 'bytes, or a number with a unit such as 512MB or 2GB'
const DAY_SECONDS = 86_400
const mib = (bytes: number): string => `${bytes / 1024 ** 2}MB`

export const SETTINGS: readonly Setting[] = [
  {
    key: 'listen',
    name: 'listen',
    env: 'COREBRUM_LISTEN',
    flag: '--listen',
    allowed: `up to ${MAX_LISTEN_ADDRESSES} TCP multiaddrs such as /ip4/0.0.0.0/tcp/4001 (port 0: any free port)`,
    about: 'Addresses to listen on. Port 0 takes any free port; give a fixed one to nodes that others name as peers.',
    example: '["/ip4/0.0.0.0/tcp/0"]',
    read: async (raw) => as('listen', await readAddresses(raw, MAX_LISTEN_ADDRESSES)),
  },
  {
    key: 'peers',
    name: 'peers',
    env: 'COREBRUM_PEERS',
    flag: '--peer',
    allowed: `up to ${MAX_REMEMBERED_PEERS} TCP multiaddrs such as /ip4/192.168.1.20/tcp/4001/p2p/12D3KooW…`,
    about: 'Peers to stay connected to, besides those that are found on the LAN.',
    example: '[]',
    read: async (raw) => as('peers', await readAddresses(raw, MAX_REMEMBERED_PEERS)),
  },
  {
    key: 'mdns',
    name: 'mdns',
    env: 'COREBRUM_MDNS',
    flag: '--no-mdns',
    allowed: 'true or false',
    about: 'Find peers on the LAN by multicast DNS.',
    example: 'true',
    read: (raw) => as('mdns', readBoolean(raw)),
  },
  {
    key: 'workerCount',
    name: 'worker_count',
    env: 'COREBRUM_WORKER_COUNT',
    flag: '--worker-count',
    allowed: `a whole number from 0 (only submit) to ${MAX_WORKER_COUNT}`,
    about: 'Tasks that run at the same time; 0: this node only submits. Default: one for each processor.',
    example: '2',
    read: (raw) => as('workerCount', readInteger(raw, 0, MAX_WORKER_COUNT)),
  },
  {
    key: 'memoryLimitBytes',
    name: 'memory_limit',
    env: 'COREBRUM_MEMORY_LIMIT',
    flag: '--memory-limit',
    allowed: `from ${mib(MIN_MEMORY_LIMIT_BYTES)} to ${mib(MAX_MEMORY_LIMIT_BYTES)}, as ${size}`,
    about: 'Largest memory that one task may have on this node.',
    example: mib(DEFAULT_MEMORY_LIMIT_BYTES),
    read: (raw) => as('memoryLimitBytes', readSize(raw, MIN_MEMORY_LIMIT_BYTES, MAX_MEMORY_LIMIT_BYTES)),
  },
  {
    key: 'storeBytes',
    name: 'store_limit',
    env: 'COREBRUM_STORE_LIMIT',
    flag: '--store-limit',
    allowed: `from ${mib(MIN_STORE_BYTES)} to ${mib(MAX_STORE_BYTES)}, as ${size}`,
    about: 'Disk space for modules and files of programs; those not used for longest are dropped first. Large inputs and outputs of open tasks may take as much again.',
    example: mib(DEFAULT_STORE_BYTES),
    read: (raw) => as('storeBytes', readSize(raw, MIN_STORE_BYTES, MAX_STORE_BYTES)),
  },
  {
    key: 'mailboxBytes',
    name: 'mailbox_limit',
    env: 'COREBRUM_MAILBOX_LIMIT',
    flag: '--mailbox-limit',
    allowed: `from 0 (keep none) to ${mib(MAX_MAILBOX_BYTES)}, as ${size}`,
    about: 'Disk space for results that this node keeps, sealed, for submitters of others that are away; 0: none.',
    example: mib(DEFAULT_MAILBOX_BYTES),
    read: (raw) => as('mailboxBytes', readSize(raw, 0, MAX_MAILBOX_BYTES)),
  },
  {
    key: 'allowPrivateUrls',
    name: 'allow_private_urls',
    env: 'COREBRUM_ALLOW_PRIVATE_URLS',
    flag: '--allow-private-urls',
    allowed: 'true or false',
    about: 'Let tasks of other nodes make this node fetch modules from loopback, private and link-local addresses.',
    example: 'false',
    read: (raw) => as('allowPrivateUrls', readBoolean(raw)),
  },
  {
    key: 'allowedHosts',
    name: 'allowed_hosts',
    env: 'COREBRUM_ALLOWED_HOSTS',
    flag: '--allow-host',
    allowed: `up to ${MAX_ALLOWED_HOSTS} hosts such as api.example.org, localhost:8080, *.example.org, or * for every public one`,
    about: 'Hosts that tasks may send HTTP requests to from this node; without a port 80 and 443 are meant. Default: none.',
    example: '[]',
    read: (raw) => as('allowedHosts', readList(raw, MAX_ALLOWED_HOSTS, 'hosts', isHostPattern)),
  },
  {
    key: 'labels',
    name: 'labels',
    env: 'COREBRUM_LABELS',
    flag: '--label',
    allowed: `up to ${MAX_LABELS} labels, each once, ${LABEL_RULE}`,
    about: 'What tasks may require of this node, such as {gpu: "yes", site: roof}; see `submit --require`.',
    example: '{}',
    read: (raw) => as('labels', readLabels(raw, MAX_LABELS)),
  },
  {
    key: 'trusted',
    name: 'trusted',
    env: 'COREBRUM_TRUSTED',
    flag: '--trust',
    allowed: `up to ${MAX_TRUSTED_PEERS} PeerIds such as 12D3KooW…; \`corebrum workers\` shows them`,
    about: 'Workers whose results of deterministic tasks are reused, as those of this node are.',
    example: '[]',
    read: (raw) => as('trusted', readList(raw, MAX_TRUSTED_PEERS, 'PeerIds', isPeerId)),
  },
  {
    key: 'keepSeconds',
    name: 'keep',
    env: 'COREBRUM_KEEP',
    flag: '--keep',
    allowed: `from 1 second to ${MAX_KEEP_SECONDS / DAY_SECONDS} days, as ${DURATION_RULE}`,
    about: 'How long results and histories of finished tasks are kept after their end.',
    example: `${DEFAULT_KEEP_SECONDS / DAY_SECONDS}d`,
    read: (raw) => as('keepSeconds', readSeconds(raw, MAX_KEEP_SECONDS)),
  },
  {
    key: 'keepTasks',
    name: 'keep_tasks',
    env: 'COREBRUM_KEEP_TASKS',
    flag: '--keep-tasks',
    allowed: `a whole number from 1 to ${MAX_KEEP_TASKS}`,
    about: 'Finished tasks that are kept at most; the oldest go first.',
    example: String(DEFAULT_KEEP_TASKS),
    read: (raw) => as('keepTasks', readInteger(raw, 1, MAX_KEEP_TASKS)),
  },
  {
    key: 'keepBytes',
    name: 'keep_bytes',
    env: 'COREBRUM_KEEP_BYTES',
    flag: '--keep-bytes',
    allowed: `from ${mib(MIN_STORE_BYTES)} to ${mib(MAX_STORE_BYTES)}, as ${size}`,
    about: 'Disk space for finished tasks and their results; the oldest go first.',
    example: mib(DEFAULT_KEEP_BYTES),
    read: (raw) => as('keepBytes', readSize(raw, MIN_STORE_BYTES, MAX_STORE_BYTES)),
  },
  {
    key: 'logLevel',
    name: 'log_level',
    env: 'COREBRUM_LOG_LEVEL',
    flag: '--log-level',
    allowed: LOG_LEVELS.join(', '),
    about: `How much the daemon logs: ${LOG_LEVELS.join(', ')}.`,
    example: 'warn',
    read: (raw) => as('logLevel', readOneOf(raw, LOG_LEVELS)),
  },
]

function as<K extends SettingKey> (key: K, reading: Reading<Config[K]>): Reading<Partial<Config>> {
  if ('wrong' in reading) return reading
  const value: Partial<Config> = {}
  value[key] = reading.value
  return { value }
}
