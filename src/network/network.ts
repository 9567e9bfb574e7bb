/** The network's port: types only. Roles and modules see this and nothing else of the folder. */

import type { Capability } from '../wire/capability.ts'

/** A long-lived stream of CBOR messages in batches; see `frames.ts` for the bytes. */
export interface Channel {
  readonly peer: string
  /** Queues one message; all that is queued in one turn of the event loop leaves as one frame. */
  send (message: unknown): void
  /** Bytes that are queued because the other side does not take them fast enough. */
  readonly bufferedBytes: number
  /** Set by the owner before it returns to the event loop; called with each frame's messages. */
  onMessages?: (messages: unknown[]) => void
  /** Called once, with the error when the stream did not end by agreement. */
  onClose?: (error?: Error) => void
  /** Sends what is queued, then ends both directions. */
  close (): Promise<void>
  /** Ends the stream at once; `error` names the broken rule. */
  abort (error: Error): void
}

/** A stream of bytes, for module transfer. `sink` may be called once, `source` read once. */
export interface ByteStream {
  readonly peer: string
  readonly source: AsyncIterable<Uint8Array>
  sink (source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void>
  close (): Promise<void>
  abort (error: Error): void
}

export interface SignalOptions { signal?: AbortSignal }

export interface ConnectedPeer {
  peer: string
  addresses: string[]
  direction: 'inbound' | 'outbound'
  connectedAtMs: number
  /** Round trip of the last ping, milliseconds. */
  latencyMs?: number
}

/** Verdict on a gossip message: `reject` also marks the peer that sent it. */
export type Verdict = 'accept' | 'ignore' | 'reject'

/** What a signature is for: one that was made for another purpose does not count. */
export type SignaturePurpose = 'receipt' | 'letter'

export interface Network {
  readonly peerId: string
  start (): Promise<void>
  stop (): Promise<void>
  addresses (): string[]
  peers (): ConnectedPeer[]
  /** Called for each peer when its first connection opens and its last one closes. */
  onPeer (listener: (event: { peer: string, connected: boolean }) => void): void
  /** Notes where a peer says it can be reached, for the next dial. */
  learn (peer: string, addresses: string[]): void
  /** Keeps a peer's addresses over a restart and for as long as it is away, or no longer does. */
  keepAddresses (peer: string, kept: boolean): void
  /** Connects to a known peer. Rejects with ERR_DIAL or ERR_PEER_TIMEOUT. */
  connect (peer: string, options?: SignalOptions): Promise<void>
  /** Opens a message stream to a peer, dialling it when needed. Rejects with ERR_DIAL or ERR_PEER_TIMEOUT. */
  open (peer: string, protocol: string, options?: SignalOptions): Promise<Channel>
  serve (protocol: string, handler: (channel: Channel) => void): Promise<void>
  openBytes (peer: string, protocol: string, options?: SignalOptions): Promise<ByteStream>
  serveBytes (protocol: string, handler: (stream: ByteStream) => Promise<void>): Promise<void>
  /** Gossips bytes on a topic, signed with this node's key. Resolves with the number of peers they were sent to. */
  publish (topic: string, bytes: Uint8Array): Promise<number>
  /** To be called before `start`. `validate` runs before a message is passed on to other peers; `author` is its verified signer. */
  subscribe (topic: string, validate: (bytes: Uint8Array, author: string) => Verdict, deliver: (bytes: Uint8Array, author: string) => void): void
  /** Says in the DHT that this node holds `cid`; does nothing when it said so a few minutes ago. */
  provide (cid: string, options?: SignalOptions): Promise<void>
  /** Peers that said so; dialled by `open` through what the DHT knows of their addresses. */
  findProviders (cid: string, options?: SignalOptions): AsyncIterable<string>
  /** Says in the DHT that this node runs tasks, and what it can run. */
  advertise (capability: Capability, options?: SignalOptions): Promise<void>
  /** Peers that said so in the DHT. */
  findWorkers (options?: SignalOptions): AsyncIterable<string>
  /** What a peer said of itself in the DHT, signed with its key; `undefined` when nothing is found. */
  capabilityOf (peer: string, options?: SignalOptions): Promise<Capability | undefined>
  /** Signs with this node's key. Rejects with ERR_CONFIG where a node has none. */
  sign (purpose: SignaturePurpose, bytes: Uint8Array): Promise<Uint8Array>
  /** Whether `peer` signed these bytes for this purpose; false also for what is no PeerId. */
  verify (peer: string, purpose: SignaturePurpose, bytes: Uint8Array, signature: Uint8Array): Promise<boolean>
  /** Bytes that only `peer` can open. Rejects with ERR_PROTOCOL for what is no PeerId, or one without an Ed25519 key. */
  seal (peer: string, bytes: Uint8Array): Promise<Uint8Array>
  /** What was sealed for this node, by whom is not known. Rejects with ERR_PROTOCOL when it was not, or is damaged. */
  unseal (sealed: Uint8Array): Promise<Uint8Array>
  /** Marks a peer that broke a rule; peers with many marks are disconnected and refused for a while. */
  penalize (peer: string, reason: string): void
}
