/** wasi:clocks and wasi:random, on the guest's own clock and chance. */
import { CorebrumError } from '../../../errors.ts'
import type { Lifted } from '../values.ts'
import type { Args, HostInterface, WasiHost } from './interface.ts'
import { Pollable } from './io.ts'
import { STREAM_CHUNK_BYTES } from './streams.ts'

const SECOND_NS = 1_000_000_000n
const MICROSECOND_NS = 1_000n
const MILLISECOND_NS = 1_000_000n

export const DATETIME_TYPE = 'record { seconds: u64, nanoseconds: u32 }'

/** A `datetime` from nanoseconds since 1970. */
export function datetime (nanoseconds: bigint): Lifted {
  return [nanoseconds / SECOND_NS, Number(nanoseconds % SECOND_NS)]
}

export function nanosecondsOf (seconds: bigint, nanoseconds: number): bigint {
  return BigInt.asUintN(64, seconds * SECOND_NS + BigInt(nanoseconds))
}

export const wallClock: HostInterface = {
  'now': { type: `() -> ${DATETIME_TYPE}`, call: ({ guest }) => datetime(guest.ambient.wallClockNs()) },
  'resolution': { type: `() -> ${DATETIME_TYPE}`, call: () => datetime(MILLISECOND_NS) },
}

export const monotonicClock: HostInterface = {
  'now': { type: '() -> u64', call: ({ guest }) => guest.ambient.monotonicNs() },
  'resolution': { type: '() -> u64', call: () => MICROSECOND_NS },
  'subscribe-instant': { type: '(u64) -> pollable', call: (_host, args) => new Pollable(args.u64(0)) },
  'subscribe-duration': { type: '(u64) -> pollable', call: ({ guest }, args) => new Pollable(guest.ambient.monotonicNs() + args.u64(0)) },
}

function randomBytes ({ guest }: WasiHost, length: bigint): Uint8Array {
  if (length > BigInt(STREAM_CHUNK_BYTES)) throw new CorebrumError('ERR_OUTPUT_LIMIT', `the component asks for ${length} random bytes at once; ${STREAM_CHUNK_BYTES} are allowed`)
  const bytes = new Uint8Array(Number(length))
  guest.ambient.random(bytes)
  return bytes
}

function randomU64 (host: WasiHost): bigint {
  const bytes = randomBytes(host, 8n)
  return new DataView(bytes.buffer).getBigUint64(0, true)
}

const givesBytes = { type: '(u64) -> list<u8>', call: (host: WasiHost, args: Args) => randomBytes(host, args.u64(0)) }
const givesU64 = { type: '() -> u64', call: randomU64 }

export const random: HostInterface = { 'get-random-bytes': givesBytes, 'get-random-u64': givesU64 }
export const insecureRandom: HostInterface = { 'get-insecure-random-bytes': givesBytes, 'get-insecure-random-u64': givesU64 }
export const insecureSeed: HostInterface = { 'insecure-seed': { type: '() -> tuple<u64, u64>', call: (host) => [randomU64(host), randomU64(host)] } }
