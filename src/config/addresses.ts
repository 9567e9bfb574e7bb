/** Checks multiaddrs; apart, because the parser is loaded only where addresses are given. */
import { multiaddr } from '@multiformats/multiaddr'

/** True for an address that a node can listen on or dial: IP or DNS name, then TCP. */
export function isTcpAddress (text: string): boolean {
  try {
    const names = multiaddr(text).protoNames()
    const host = names[0] ?? ''
    return ['ip4', 'ip6', 'dns', 'dns4', 'dns6'].includes(host) && names[1] === 'tcp' && names.slice(2).every((name) => name === 'p2p')
  } catch {
    return false
  }
}
