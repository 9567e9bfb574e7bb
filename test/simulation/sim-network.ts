/**
 * A network in memory. A pair of hosts is up, cut or stalled; a connection carries streams of frames, each in order and at its own
 * pace; when it breaks, what is on its way is lost from some point on, and each side hears of it at another time.
 */
import { CorebrumError } from '../../src/errors.ts'
import type { Channel } from '../../src/network/network.ts'
import { SimChannel } from './sim-channel.ts'
import { Connection, Pair, type Side } from './sim-connection.ts'
import { SimPort } from './sim-port.ts'
import type { Process, World } from './world.ts'

/** A silent peer is given up after this long, milliseconds: at least, at most. */
const SILENCE_MS = [4_000, 30_000] as const
const DIAL_TIMEOUT_MS = 8_000
const REDIAL_MIN_MS = 300
const REDIAL_MAX_MS = 15_000

export interface LinkQuality {
  /** Round trips take twice this, milliseconds. */
  latencyMs: number
  jitterMs: number
  /** Of gossip, 0 to 1; until `calm`. */
  loss: number
  duplication: number
}

/** What a hostile or broken path does to the messages of one frame. */
export type Mangle = (messages: unknown[], from: string, to: string) => unknown[][]

interface Host {
  readonly name: string
  process?: Process
  port?: SimPort
}

export class SimNetwork {
  readonly world: World
  readonly quality: LinkQuality
  /** Frames travel as bytes. */
  copies = false
  mangle?: Mangle
  /** Frames that never arrived. */
  lost = 0
  private readonly hosts = new Map<string, Host>()
  private readonly pairs = new Map<string, Pair>()

  constructor (world: World, quality: LinkQuality) {
    this.world = world
    this.quality = quality
  }

  /** For a process that begins on a host; nobody reaches it yet. */
  join (name: string, process: Process): SimPort {
    if (!this.hosts.has(name)) this.hosts.set(name, { name })
    return new SimPort(this, name, process)
  }

  /** From now on it is reached, and finds its peers after a while. */
  listen (port: SimPort): void {
    const { peerId, process } = port
    if (!process.alive) return
    this.hosts.set(peerId, { name: peerId, process, port })
    for (const other of this.others(peerId)) this.redial(peerId, other, REDIAL_MIN_MS)
  }

  /** The process of a host is dead: with `silent`, its peers find out by waiting. */
  crash (name: string, silent: boolean): void {
    const port = this.hosts.get(name)?.port
    if (port === undefined) return
    for (const other of this.others(name)) {
      for (const connection of this.pair(name, other).connections) {
        if (connection.side(port).open) this.breakConnection(connection, { gone: port, silent })
      }
    }
    this.hosts.set(name, { name })
  }

  /** Breaks what connects two hosts now, as a router that forgets its connections does. */
  breakBetween (a: string, b: string, silent: boolean): void {
    for (const connection of this.pair(a, b).connections) this.breakConnection(connection, { silent })
  }

  setCut (a: string, b: string, cut: boolean): void {
    const pair = this.pair(a, b)
    if (pair.cut === cut) return
    pair.cut = cut
    if (!cut) return this.release(pair)
    for (const connection of pair.connections) {
      // Who sends into nothing gives up after a while; a cut that is shorter is only a stall.
      this.world.after(this.silence(), () => { if (pair.cut) this.breakConnection(connection, { silent: true }) })
    }
  }

  setStalled (a: string, b: string, stalled: boolean): void {
    const pair = this.pair(a, b)
    pair.stalled = stalled
    if (!stalled) this.release(pair)
  }

  carries (a: string, b: string): boolean {
    return this.pair(a, b).carries
  }

  others (name: string): string[] {
    return [...this.hosts.keys()].filter((other) => other !== name)
  }

  peersOf (port: SimPort): string[] {
    return this.others(port.peerId).filter((other) => this.usable(port, other) !== undefined)
  }

  enter (port: SimPort, action: () => void): void {
    this.world.enter(port.process, action)
  }

  /** Something small goes from one process to another, out of any order. */
  after (from: SimPort, to: SimPort, action: () => void): void {
    this.at(this.arrival(from, to, 0), from, to, action)
  }

  arrival (_from: SimPort, _to: SimPort, notBefore: number): number {
    const { latencyMs, jitterMs } = this.quality
    return Math.max(notBefore, this.world.now + latencyMs + (jitterMs > 0 ? this.world.random.int(0, jitterMs) : 0))
  }

  at (time: number, from: SimPort, to: SimPort, action: () => void): void {
    const pair = this.pair(from.peerId, to.peerId)
    const arrive = (): void => {
      if (pair.carries) action()
      else pair.held.push(arrive)
    }
    this.world.after(time - this.world.now, arrive)
  }

  gossip (from: SimPort, topic: string, bytes: Uint8Array): number {
    const { random } = this.world
    const peers = this.peersOf(from)
    if (peers.length === 0) return 0
    for (const name of this.others(from.peerId)) {
      if (random.chance(this.quality.loss)) continue
      for (let copies = random.chance(this.quality.duplication) ? 2 : 1; copies > 0; copies--) {
        this.world.after(random.time(1, 400), () => {
          const to = this.hosts.get(name)?.port
          const subscription = to?.topics.get(topic)
          if (to === undefined || subscription === undefined || this.pair(from.peerId, name).cut) return
          this.enter(to, () => { if (subscription.validate(bytes, from.peerId) === 'accept') subscription.deliver(bytes, from.peerId) })
        })
      }
    }
    return peers.length
  }

  /** A connection between two processes; rejects with ERR_DIAL. */
  async dial (from: SimPort, peer: string): Promise<Connection> {
    const usable = this.usable(from, peer)
    if (usable !== undefined) return usable
    const to = this.hosts.get(peer)?.port
    const reachable = to !== undefined && this.pair(from.peerId, peer).carries && from.process.alive
    // A machine that is there refuses at once; one that is not says nothing.
    const ms = reachable ? 3 * this.quality.latencyMs : this.world.random.chance(0.5) ? this.quality.latencyMs : DIAL_TIMEOUT_MS
    await new Promise<void>((resolve) => { setTimeout(resolve, ms) })
    if (to === undefined || !reachable || !to.process.alive || !this.pair(from.peerId, peer).carries) throw new CorebrumError('ERR_DIAL', `no route to ${peer}`)
    return this.usable(from, peer) ?? this.connect(from, to)
  }

  async open (from: SimPort, peer: string, protocol: string): Promise<Channel> {
    const connection = await this.dial(from, peer)
    const to = connection.other(from).port
    return await new Promise((resolve, reject) => {
      let over = false
      const fail = (): void => {
        if (!over) reject(new CorebrumError('ERR_PEER_TIMEOUT', `${peer} did not open a stream in time`))
        over = true
      }
      setTimeout(fail, DIAL_TIMEOUT_MS)
      this.after(from, to, () => {
        const handler = to.handlers.get(protocol)
        if (over || handler === undefined || !to.process.alive || connection.broken) return
        const [here, there] = [new SimChannel(this, from, connection), new SimChannel(this, to, connection)]
        here.twin = there
        there.twin = here
        // The one that opened it hears of it later, or never: then the other has a stream that nobody uses.
        this.after(to, from, () => {
          if (over || here.closed) return this.enter(from, () => { here.abort(new CorebrumError('ERR_STREAM_CLOSED', 'the stream came too late')) })
          over = true
          this.enter(from, () => { resolve(here) })
        })
        this.enter(to, () => { handler(there) })
      })
    })
  }

  private pair (a: string, b: string): Pair {
    const key = a < b ? `${a} ${b}` : `${b} ${a}`
    const pair = this.pairs.get(key) ?? new Pair()
    this.pairs.set(key, pair)
    return pair
  }

  /** The newest connection that this side believes in. */
  private usable (port: SimPort, peer: string): Connection | undefined {
    return [...this.pair(port.peerId, peer).connections].filter((connection) => connection.sides.some((side) => side.port === port && side.open)).at(-1)
  }

  private connect (a: SimPort, b: SimPort): Connection {
    const pair = this.pair(a.peerId, b.peerId)
    const known = [this.usable(a, b.peerId), this.usable(b, a.peerId)]
    const connection = new Connection(a, b)
    pair.connections.add(connection)
    this.world.note(() => `net       ${a.peerId} - ${b.peerId} connect`)
    for (const [i, [port, peer]] of ([[a, b], [b, a]] as const).entries()) {
      if (known[i] === undefined) this.tell(port, peer.peerId, true, 1)
    }
    return connection
  }

  private tell (port: SimPort, peer: string, connected: boolean, ms: number): void {
    this.world.after(ms, () => { this.enter(port, () => { for (const listener of port.listeners) listener({ peer, connected }) }) })
  }

  private silence (): number {
    return this.world.random.int(...SILENCE_MS)
  }

  private breakConnection (connection: Connection, { gone, silent }: { gone?: SimPort, silent: boolean }): void {
    const { random } = this.world
    connection.broken = true
    for (const { streams } of connection.sides) for (const channel of streams) channel.loseArriving()
    for (const side of connection.sides) {
      if (side.port === gone) side.open = false
      else if (side.open) this.world.after(silent ? this.silence() : random.int(0, 2 * this.quality.latencyMs), () => { this.noticeEnd(connection, side) })
    }
  }

  private noticeEnd (connection: Connection, side: Side): void {
    if (!side.open) return
    side.open = false
    const { port } = side
    const other = connection.other(port)
    const pair = this.pair(port.peerId, other.port.peerId)
    if (!other.open) pair.connections.delete(connection)
    // Whoever still believes in it hears of the end when the pair carries again.
    else this.after(port, other.port, () => { this.noticeEnd(connection, other) })
    this.world.note(() => `net       ${port.peerId} notices the end of its connection to ${other.port.peerId}`)
    if (this.usable(port, other.port.peerId) === undefined) {
      this.tell(port, other.port.peerId, false, 1)
      this.redial(port.peerId, other.port.peerId, REDIAL_MIN_MS)
    }
    this.enter(port, () => { for (const channel of [...side.streams]) channel.finish(new CorebrumError('ERR_STREAM_CLOSED', 'the connection to the peer was lost')) })
  }

  /** What libp2p's own redial and discovery do. */
  private redial (a: string, b: string, waitMs: number): void {
    const pair = this.pair(a, b)
    if (pair.redialling) return
    pair.redialling = true
    this.world.after(this.world.random.int(waitMs / 2, waitMs), () => {
      pair.redialling = false
      const [from, to] = [this.hosts.get(a)?.port, this.hosts.get(b)?.port]
      if (from === undefined || to === undefined || (this.usable(from, b) !== undefined && this.usable(to, a) !== undefined)) return
      if (pair.carries) this.connect(from, to)
      else this.redial(a, b, Math.min(REDIAL_MAX_MS, waitMs * 2))
    })
  }

  private release (pair: Pair): void {
    if (!pair.carries) return
    const { held } = pair
    pair.held = []
    for (const arrive of held) this.world.after(this.quality.latencyMs, arrive)
  }
}
