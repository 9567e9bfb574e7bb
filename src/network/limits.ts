/** The limits that only the network knows, each finite, with its unit in the name and its reason beside it. */

const MiB = 1024 * 1024

/** One frame on a work or offers stream. */
export const MAX_FRAME_BYTES = 8 * MiB
/** Messages in one frame. */
export const MAX_FRAME_MESSAGES = 8192
/** A writer stops taking more when a peer leaves this much unread. */
export const MAX_WRITE_BUFFER_BYTES = 32 * MiB
/** Frames of all streams that have begun and are not whole. */
export const MAX_PARTIAL_FRAMES_BYTES = 128 * MiB
export const MAX_CONNECTIONS = 300
/** Two nodes that dial each other at once have two, and one that came back has those that are not known to be dead yet. */
export const MAX_CONNECTIONS_PER_PEER = 8
/** One machine must not take all of them. */
export const MAX_CONNECTIONS_PER_HOST = 200
/** Streams that a peer may have open on one connection, and this node to it, of all protocols together. */
export const MAX_STREAMS_PER_CONNECTION = 64
export const INBOUND_CONNECTIONS_PER_SECOND = 100
export const DIAL_TIMEOUT_MS = 5_000
export const STREAM_OPEN_TIMEOUT_MS = 5_000
/** A frame that has begun must be whole after this long: 8 MiB at 300 KB/s. */
export const FRAME_STALL_MS = 30_000
/** Broken rules after which a peer is disconnected and refused. */
export const MAX_MARKS = 3
export const BAN_MS = 300_000
/** A ping that is not answered for this long ends the connection; leases notice a dead worker sooner. */
export const PING_TIMEOUT_MS = 20_000
/** Records, provider entries and peer entries that this node keeps for the DHT and the peer store. */
export const MAX_DATASTORE_ENTRIES = 20_000
export const MAX_DATASTORE_BYTES = 16 * MiB
export const DHT_QUERY_TIMEOUT_MS = 10_000
/** Addresses of one peer that are kept over a restart, and the file of all of them. */
export const MAX_ADDRESSES_PER_PEER = 16
export const MAX_ADDRESS_BOOK_BYTES = 1 * MiB
/** One gossip message between two peers: offers that one asked the other for, or ids of those that it could ask for. */
export const MAX_GOSSIP_RPC_BYTES = 1 * MiB
