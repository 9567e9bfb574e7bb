/** Six daemons in network namespaces of one LAN; two of them reach the submitter only through a relay that spoils their link. */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createControlClient, type ControlClient } from '../../src/control/client.ts'
import { startDaemon, type Daemon } from '../../test/support/daemon.ts'
import { createLan, type Lan } from '../../test/support/lan.ts'
import type { LinkQuality } from './relay.ts'

const SUBMITTER_PORT = 4001
const RELAY_PORT = 4100
const CLOCK = new URL('shifted-clock.mjs', import.meta.url).href
const RELAY = fileURLToPath(new URL('relay.ts', import.meta.url))

export interface Host {
  readonly index: number
  readonly name: string
  readonly dataDir: string
  readonly relayed: boolean
  /** Absent while it is down. */
  daemon?: Daemon
  /** Set while it is starting. */
  starting?: Promise<Daemon>
  relay?: ChildProcess
}

export interface ChaosMesh {
  /** The first one submits and runs nothing. */
  readonly hosts: readonly Host[]
  readonly submitter: Host
  readonly lan: Lan
  client (): ControlClient
  kill (host: Host): Promise<void>
  restart (host: Host): Promise<void>
  spoil (host: Host, quality: LinkQuality): void
  /** Makes the wall clock of a host jump. */
  shiftClock (host: Host): void
  stop (): Promise<void>
}

export interface MeshInit {
  hosts: number
  relayed: number
  /** Index of the host whose clock jumps. */
  shifted: number
}

export async function startMesh ({ hosts: count, relayed, shifted }: MeshInit): Promise<ChaosMesh> {
  const lan = createLan(count)
  const folder = await mkdtemp(join(tmpdir(), 'corebrum-chaos-'))
  const hosts: Host[] = Array.from({ length: count }, (_, index) => ({
    index, name: index === 0 ? 'submitter' : `worker ${index}`, dataDir: join(folder, String(index)), relayed: index >= count - relayed,
  }))
  const submitter = hosts[0]
  if (submitter === undefined) throw new Error('a mesh needs a host')
  let submitterId = ''

  async function start (host: Host): Promise<Daemon> {
    const isSubmitter = host === submitter
    const listen = isSubmitter ? `/ip4/0.0.0.0/tcp/${SUBMITTER_PORT}` : host.relayed ? '/ip4/127.0.0.1/tcp/0' : '/ip4/0.0.0.0/tcp/0'
    const peer = host.relayed ? ['--peer', `/ip4/127.0.0.1/tcp/${RELAY_PORT}/p2p/${submitterId}`] : []
    const daemon = await startDaemon({
      netns: lan.host(host.index),
      mdns: !host.relayed,
      listen,
      dataDir: host.dataDir,
      args: ['--worker-count', isSubmitter ? '0' : '1', '--log-level', 'warn', ...peer],
      ...(host.index === shifted ? { env: { NODE_OPTIONS: `--import=${CLOCK}` } } : {}),
    })
    if (isSubmitter) submitterId = daemon.peerId
    return daemon
  }

  const mesh: ChaosMesh = {
    hosts,
    submitter,
    lan,
    client: () => createControlClient({ dataDir: submitter.dataDir }),
    async kill (host) {
      await host.starting?.catch(() => {})
      const { daemon } = host
      host.daemon = undefined
      await daemon?.kill('SIGKILL')
    },
    async restart (host) {
      host.starting ??= start(host).finally(() => { host.starting = undefined })
      host.daemon = await host.starting
    },
    spoil: (host, quality) => { host.relay?.send(quality) },
    shiftClock: (host) => { host.daemon?.process.kill('SIGUSR2') },
    async stop () {
      for (const host of hosts) {
        await mesh.kill(host)
        host.relay?.kill('SIGKILL')
      }
      lan.remove()
      await rm(folder, { recursive: true, force: true })
    },
  }
  try {
    await mesh.restart(submitter)
    for (const host of hosts) if (host.relayed) host.relay = await startRelay(lan.host(host.index))
    await Promise.all(hosts.filter((host) => host !== submitter).map((host) => mesh.restart(host)))
    return mesh
  } catch (error) {
    await mesh.stop()
    throw error
  }
}

async function startRelay (netns: string): Promise<ChildProcess> {
  const relay = fork(RELAY, [String(RELAY_PORT), '10.77.0.1', String(SUBMITTER_PORT)], { execPath: 'ip', execArgv: ['netns', 'exec', netns, process.execPath, '--import', 'tsx'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  await once(relay, 'message')
  return relay
}
