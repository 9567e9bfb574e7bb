/** wasi:io: errors, streams, and waiting for them. Streams are always ready; only clocks are waited for. */
import type { Ambient } from '../../abi/ambient.ts'
import { HostResource, type VariantValue, trap } from '../values.ts'
import { type Args, type HostInterface, type WasiHost, atMost, ok } from './interface.ts'
import { InputStream, OutputStream, STREAM_CHUNK_BYTES, StreamError, closed, streamResult } from './streams.ts'

/** Ready when the monotonic clock reaches `deadlineNs`. */
export class Pollable extends HostResource {
  readonly deadlineNs: bigint

  constructor (deadlineNs = 0n) {
    super()
    this.deadlineNs = deadlineNs
  }

  waitNs (ambient: Ambient): bigint {
    const left = this.deadlineNs === 0n ? 0n : this.deadlineNs - ambient.monotonicNs()
    return left > 0n ? left : 0n
  }
}

export const ioError: HostInterface = {
  '[method]error.to-debug-string': { type: '(borrow<error>) -> string', call: (_host, args) => args.resource(0, StreamError).text },
}

export const ioPoll: HostInterface = {
  '[method]pollable.ready': { type: '(borrow<pollable>) -> bool', call: ({ guest }, args) => args.resource(0, Pollable).waitNs(guest.ambient) === 0n },
  '[method]pollable.block': { type: '(borrow<pollable>)', call: block },
  'poll': { type: '(list<borrow<pollable>>) -> list<u32>', call: ({ guest }, args) => poll(guest.ambient, args.resources(0, Pollable)) },
}

function block ({ guest: { ambient } }: WasiHost, args: Args): undefined {
  ambient.sleep(args.resource(0, Pollable).waitNs(ambient))
  return undefined
}

/** Waits for the first; the deadline of the call ends longer waits. */
function poll (ambient: Ambient, pollables: Pollable[]): number[] {
  if (pollables.length === 0) throw trap('a component polls an empty list')
  const waits = pollables.map((pollable) => pollable.waitNs(ambient))
  const first = waits.reduce((least, wait) => (wait < least ? wait : least))
  if (first > 0n) ambient.sleep(first)
  return waits.flatMap((wait, index) => (wait <= first ? [index] : []))
}

const ERROR = 'variant { last-operation-failed(error), closed }'
const READ = `(borrow<input-stream>, u64) -> result<list<u8>, ${ERROR}>`
const SKIP = `(borrow<input-stream>, u64) -> result<u64, ${ERROR}>`
const WRITE = `(borrow<output-stream>, list<u8>) -> result<_, ${ERROR}>`
const FLUSH = `(borrow<output-stream>) -> result<_, ${ERROR}>`
const ZEROES = `(borrow<output-stream>, u64) -> result<_, ${ERROR}>`
const SPLICE = `(borrow<output-stream>, borrow<input-stream>, u64) -> result<u64, ${ERROR}>`

type Call = (host: WasiHost, args: Args) => VariantValue

const read: Call = (_host, args) => transfer(args, 0, 1, (part) => ok(part))
const skip: Call = (_host, args) => transfer(args, 0, 1, (part) => ok(BigInt(part.length)))
const splice: Call = (_host, args) => transfer(args, 1, 2, (part) => {
  args.resource(0, OutputStream).write(part)
  return ok(BigInt(part.length))
})
const write: Call = (_host, args) => streamResult(() => {
  args.resource(0, OutputStream).write(args.bytes(1))
  return ok()
})
const flush: Call = (_host, args) => {
  args.resource(0, OutputStream)
  return ok()
}
const zeroes: Call = (_host, args) => streamResult(() => {
  const count = args.u64(1)
  if (count > BigInt(STREAM_CHUNK_BYTES)) throw trap('a component writes more bytes than it was allowed')
  args.resource(0, OutputStream).write(new Uint8Array(Number(count)))
  return ok()
})

/** Takes bytes from an input stream; at its end it is closed. */
function transfer (args: Args, source: number, length: number, use: (part: Uint8Array) => VariantValue): VariantValue {
  return streamResult(() => {
    const wanted = atMost(args.u64(length), STREAM_CHUNK_BYTES)
    const part = args.resource(source, InputStream).read(wanted)
    return part.length === 0 && wanted > 0 ? closed : use(part)
  })
}

export const ioStreams: HostInterface = {
  '[method]input-stream.read': { type: READ, call: read },
  '[method]input-stream.blocking-read': { type: READ, call: read },
  '[method]input-stream.skip': { type: SKIP, call: skip },
  '[method]input-stream.blocking-skip': { type: SKIP, call: skip },
  '[method]input-stream.subscribe': { type: '(borrow<input-stream>) -> pollable', call: () => new Pollable() },
  '[method]output-stream.check-write': { type: `(borrow<output-stream>) -> result<u64, ${ERROR}>`, call: () => ok(BigInt(STREAM_CHUNK_BYTES)) },
  '[method]output-stream.write': { type: WRITE, call: write },
  '[method]output-stream.blocking-write-and-flush': { type: WRITE, call: write },
  '[method]output-stream.flush': { type: FLUSH, call: flush },
  '[method]output-stream.blocking-flush': { type: FLUSH, call: flush },
  '[method]output-stream.subscribe': { type: '(borrow<output-stream>) -> pollable', call: () => new Pollable() },
  '[method]output-stream.write-zeroes': { type: ZEROES, call: zeroes },
  '[method]output-stream.blocking-write-zeroes-and-flush': { type: ZEROES, call: zeroes },
  '[method]output-stream.splice': { type: SPLICE, call: splice },
  '[method]output-stream.blocking-splice': { type: SPLICE, call: splice },
}
