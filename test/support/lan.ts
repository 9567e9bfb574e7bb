/** A virtual LAN: network namespaces joined by a bridge, with multicast, on this machine only. */
import { execFileSync } from 'node:child_process'

export interface Lan {
  /** Name of a host's namespace. */
  host (index: number): string
  /** Takes a host's link down. */
  cut (index: number): void
  restore (index: number): void
  remove (): void
}

function ip (...args: string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

/** Why no LAN can be made here, or `undefined`. */
export function lanProblem (): string | undefined {
  const name = `cbprobe${process.pid}`
  try {
    ip('netns', 'add', name)
    ip('netns', 'del', name)
    return undefined
  } catch (error) {
    return (error as Error).message.split('\n')[0]
  }
}

/** The bridge has its own namespace, so that the LAN never touches the machine's network. */
export function createLan (hosts: number): Lan {
  const prefix = `cb${process.pid}`
  const hub = `${prefix}hub`
  const host = (index: number): string => `${prefix}h${index}`
  ip('netns', 'add', hub)
  ip('-n', hub, 'link', 'add', 'br0', 'type', 'bridge', 'mcast_snooping', '0')
  ip('-n', hub, 'link', 'set', 'br0', 'up')
  for (let i = 0; i < hosts; i++) {
    ip('netns', 'add', host(i))
    ip('link', 'add', 'eth0', 'netns', host(i), 'type', 'veth', 'peer', 'name', `port${i}`, 'netns', hub)
    ip('-n', hub, 'link', 'set', `port${i}`, 'master', 'br0')
    ip('-n', hub, 'link', 'set', `port${i}`, 'up')
    ip('-n', host(i), 'link', 'set', 'lo', 'up')
    ip('-n', host(i), 'addr', 'add', `10.77.0.${i + 1}/24`, 'dev', 'eth0')
    ip('-n', host(i), 'link', 'set', 'eth0', 'up')
    ip('-n', host(i), 'route', 'add', 'default', 'dev', 'eth0')
  }
  return {
    host,
    cut: (index) => { ip('-n', host(index), 'link', 'set', 'eth0', 'down') },
    restore (index) {
      ip('-n', host(index), 'link', 'set', 'eth0', 'up')
      ip('-n', host(index), 'route', 'replace', 'default', 'dev', 'eth0')
    },
    remove () {
      for (let i = 0; i < hosts; i++) ip('netns', 'del', host(i))
      ip('netns', 'del', hub)
    },
  }
}
