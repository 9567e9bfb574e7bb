/** What lies between two hosts: whether it carries, and the connections over it, each side of which believes what it has heard. */
import type { SimChannel } from './sim-channel.ts'
import type { SimPort } from './sim-port.ts'

export interface Side {
  readonly port: SimPort
  open: boolean
  readonly streams: Set<SimChannel>
}

export class Connection {
  readonly sides: [Side, Side]
  /** It carries nothing any more, whatever its sides believe. */
  broken = false

  constructor (a: SimPort, b: SimPort) {
    this.sides = [{ port: a, open: true, streams: new Set() }, { port: b, open: true, streams: new Set() }]
  }

  side (port: SimPort): Side {
    return this.sides[0].port === port ? this.sides[0] : this.sides[1]
  }

  other (port: SimPort): Side {
    return this.sides[0].port === port ? this.sides[1] : this.sides[0]
  }
}

export class Pair {
  cut = false
  stalled = false
  readonly connections = new Set<Connection>()
  /** Arrivals that wait for the pair to carry again. */
  held: Array<() => void> = []
  redialling = false

  get carries (): boolean {
    return !this.cut && !this.stalled
  }
}
