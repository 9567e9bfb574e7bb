/** The baseline of everything that travels: libp2p with TCP, noise and yamux only, and streams without a protocol of ours. */
import '../../src/network/with-resolvers.ts'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import type { Libp2p, Stream } from '@libp2p/interface'
import { tcp } from '@libp2p/tcp'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'

export const ECHO = '/bench/echo/1.0.0'
export const SINK = '/bench/sink/1.0.0'
export const FRAMES = '/bench/frames/1.0.0'

export function createBare (): Promise<Libp2p> {
  return createLibp2p({
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    // It pings, which is not served here.
    connectionMonitor: { enabled: false },
  })
}

export function addressOf (bare: Libp2p): string {
  const [address] = bare.getMultiaddrs()
  if (address === undefined) throw new Error('the bare node does not listen')
  return address.toString()
}

export async function serveEcho (bare: Libp2p): Promise<void> {
  await bare.handle(ECHO, ({ stream }) => { void stream.sink(stream.source).catch(() => {}) })
}

/** Bytes to and fro on one warm stream. */
export interface Echo { roundTrip (bytes: Uint8Array): Promise<void> }

export async function openEcho (bare: Libp2p, address: string): Promise<Echo> {
  const stream = await bare.dialProtocol(multiaddr(address), ECHO)
  const replies = stream.source[Symbol.asyncIterator]()
  const outgoing = createOutgoing(stream)
  return {
    async roundTrip (bytes) {
      outgoing(bytes)
      for (let left = bytes.length; left > 0;) {
        const { value, done } = await replies.next()
        if (done === true) throw new Error('the echo ended')
        left -= value.byteLength
      }
    },
  }
}

/** Feeds a stream; each call is one write. */
function createOutgoing (stream: Stream): (bytes: Uint8Array) => void {
  let next: Uint8Array | undefined
  let wake: (() => void) | undefined
  async function * source (): AsyncGenerator<Uint8Array> {
    while (true) {
      if (next === undefined) await new Promise<void>((resolve) => { wake = resolve })
      if (next !== undefined) {
        const bytes = next
        next = undefined
        yield bytes
      }
    }
  }
  void stream.sink(source()).catch(() => {})
  return (bytes) => {
    next = bytes
    wake?.()
  }
}
