/** Lists of hosts: `name`, `name:port`, `*.name` for the hosts below a name, `*` for every host. A pattern without a port means 80 and 443. */

const DEFAULT_PORTS: ReadonlySet<string> = new Set(['80', '443'])
const PATTERN = /^(?:\*|(?:\*\.)?[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_])?|\[[0-9a-f:.]+\])(?::(\d{1,5}))?$/i

export interface HostMatch {
  /** The host was named in full, not by a `*`. */
  exact: boolean
}

/** True for text that is such a pattern. */
export function isHostPattern (text: string): boolean {
  const found = PATTERN.exec(text)
  return found !== null && (found[1] === undefined || (Number(found[1]) > 0 && Number(found[1]) < 65_536))
}

/** How a list allows the host of a URL; undefined when it does not. A host that is named in full goes before a `*`. */
export function matchHost (url: URL, patterns: readonly string[]): HostMatch | undefined {
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port
  const matching = patterns.filter((pattern) => matches(url.hostname.toLowerCase(), port, pattern.toLowerCase()))
  if (matching.length === 0) return undefined
  return { exact: matching.some((pattern) => !pattern.startsWith('*')) }
}

function matches (host: string, port: string, pattern: string): boolean {
  const colon = /:(\d+)$/.exec(pattern)
  const name = colon === null ? pattern : pattern.slice(0, colon.index)
  if (colon === null ? !DEFAULT_PORTS.has(port) : colon[1] !== port) return false
  return name === '*' || (name.startsWith('*.') ? host.endsWith(name.slice(1)) : host === name)
}

/** The hosts of one list that another one does not allow. */
export function hostsNotIn (hosts: readonly string[], patterns: readonly string[]): string[] {
  return hosts.filter((host) => !patterns.some((pattern) => covers(pattern.toLowerCase(), host.toLowerCase())))
}

function covers (pattern: string, host: string): boolean {
  if (pattern === host) return true
  const port = /:(\d+)$/.exec(host)?.[1]
  const name = port === undefined ? host : host.slice(0, -port.length - 1)
  // What a star in the task's own list would reach is known only when it asks.
  return !name.startsWith('*') && matches(name, port ?? '443', pattern)
}
