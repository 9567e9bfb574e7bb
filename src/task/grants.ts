/** What a definition asks its program to be allowed: a root folder in memory, requests to named hosts. */
import { MAX_ALLOWED_HOSTS } from '../limits.ts'
import type { Grants, OutputSpec, SetupSpec } from './definition.ts'
import type { Section } from './section.ts'

const MAX_HOST_CHARS = 253
const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'
const HOST = new RegExp(`^(${LABEL}(?:\\.${LABEL})*)(?::(\\d{1,5}))?$`)
const LAST_PORT = 65_535

/** What of a definition its grants must agree with. */
interface Needs { setup?: SetupSpec | undefined, outputs: OutputSpec[], deterministic?: boolean | undefined }

/** Files turn `allow_file_system` on by themselves; a deterministic program cannot have `allow_networking`. */
export function readGrants (configs: Section[], { setup, outputs, deterministic = false }: Needs): Grants {
  const networking = flagOf(configs, 'allow_networking')
  const fileSystem = flagOf(configs, 'allow_file_system')
  const hosts = readHosts(configs, networking.value === true)
  const needed = setup?.files !== undefined ? 'files' : outputs.some(({ file }) => file !== undefined) ? 'an output with a file' : undefined
  if (needed !== undefined && fileSystem.value === false) {
    fileSystem.section?.report.mistake(fileSystem.section.at('allow_file_system'), `found false, allowed: true, because the definition has ${needed} - leave it out, or remove the files`)
  }
  if (deterministic && networking.value === true) {
    networking.section?.report.mistake(networking.section.at('allow_networking'), 'found true, allowed: false, because the definition has deterministic: true, and hosts do not answer every worker alike - remove one of the two')
  }
  return {
    networking: networking.value ?? false,
    fileSystem: (fileSystem.value ?? false) || needed !== undefined,
    ...(hosts !== undefined && { hosts }),
  }
}

function flagOf (configs: Section[], key: string): { section?: Section, value?: boolean } {
  for (const section of configs) {
    const value = section.flag(key)
    if (value !== undefined) return { section, value }
  }
  return {}
}

/** In lower case, sorted, each once: equal lists give equal programs. */
function readHosts (configs: Section[], networking: boolean): string[] | undefined {
  const section = configs.find((config) => config.raw('allowed_hosts') !== undefined)
  const list = section?.list('allowed_hosts')
  if (section === undefined || list === undefined) return undefined
  const { report } = section
  const at = section.at('allowed_hosts')
  if (!networking) report.mistake(at, 'found hosts without allow_networking: true - add it, or remove them')
  if (list.length > MAX_ALLOWED_HOSTS) report.found(at, list, `at most ${MAX_ALLOWED_HOSTS} hosts`)
  const hosts = list.slice(0, MAX_ALLOWED_HOSTS).flatMap((item, index) => {
    const host = typeof item === 'string' ? item.toLowerCase() : ''
    if (isHost(host)) return [host]
    report.found([...at, index], item, 'a host name, or name:port, such as api.example.com', /^https?:/.test(host) ? 'leave out the scheme and the path' : undefined)
    return []
  })
  return [...new Set(hosts)].sort()
}

/** A host name or an IPv4 address in lower case, with or without a port. */
export function isHost (text: string): boolean {
  const [, name = '', port] = HOST.exec(text) ?? []
  return name !== '' && name.length <= MAX_HOST_CHARS && (port === undefined || (Number(port) >= 1 && Number(port) <= LAST_PORT))
}
