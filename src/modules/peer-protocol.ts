/**
 * The bytes of `/corebrum/module/1.0.0`: one module, or the rest of one, over one stream.
 *
 *   client to server:  frame(request), then the end of its direction
 *   server to client:  frame(response), then, when status is 0, the module's bytes from `offset` to its end, as they are
 *
 *   frame(x) = unsigned varint of the length of x in bytes, then x
 *   request  = [version: 1, cid: bstr .size 36, offset: uint]        ; cid in binary: CIDv1, raw, sha2-256
 *   response = [status, size: uint]                                  ; size of the whole module, 0 unless status is 0
 *   status   = 0 ok / 1 not-found / 2 busy / 3 bad-request
 *
 * Items behind those named here are ignored; a server answers an unknown version with bad-request. A server that serves
 * as many streams as it will answers busy without reading. The bytes are not framed: `size - offset` of them come, no
 * more and no fewer, and the client checks the whole module against the CID.
 */
import { varint } from 'multiformats'
import { decode, encode } from '../cbor.ts'
import { CorebrumError } from '../errors.ts'
import { asArray, asBytes, asInteger } from '../wire/shape.ts'
import { bytesOfCid, cidFromBytes } from './cid.ts'

export const MODULE_PROTOCOL = '/corebrum/module/1.0.0'
const VERSION = 1
/** A request has 42 to 50 bytes, a response fewer; room for items that later versions add. */
const MAX_FRAME_LENGTH = 512
const MAX_VARINT_BYTES = 2

export const STATUS = { ok: 0, notFound: 1, busy: 2, badRequest: 3 } as const
export type Status = typeof STATUS[keyof typeof STATUS]

export interface ModuleRequest { cid: string, offset: number }
export interface ModuleResponse { status: Status, size: number }

export function encodeRequest ({ cid, offset }: ModuleRequest): Uint8Array {
  return framed([VERSION, bytesOfCid(cid), offset])
}

/** Throws ERR_PROTOCOL, or ERR_CID for a CID of another kind. */
export function decodeRequest (body: Uint8Array): ModuleRequest {
  const fields = asArray(decode(body), 'module request', 1)
  if (fields[0] !== VERSION) throw new CorebrumError('ERR_PROTOCOL', `module request of version ${String(fields[0])}, only ${VERSION} is supported`)
  return {
    cid: cidFromBytes(asBytes(fields[1], 'module request.cid', 1, 128)),
    offset: asInteger(fields[2], 'module request.offset', 0, Number.MAX_SAFE_INTEGER),
  }
}

export function encodeResponse ({ status, size }: ModuleResponse): Uint8Array {
  return framed([status, size])
}

/** Throws ERR_PROTOCOL. */
export function decodeResponse (body: Uint8Array): ModuleResponse {
  const fields = asArray(decode(body), 'module response', 2)
  const status = Object.values(STATUS).find((known) => known === fields[0])
  if (status === undefined) throw new CorebrumError('ERR_PROTOCOL', `module response of status ${String(fields[0])}, which is not known`)
  return { status, size: asInteger(fields[1], 'module response.size', 0, Number.MAX_SAFE_INTEGER) }
}

/** Reads one frame; `rest` is what came behind it in the same chunk. Throws ERR_PROTOCOL, ERR_STREAM_CLOSED. */
export async function readFrame (source: AsyncIterator<Uint8Array>): Promise<{ body: Uint8Array, rest: Uint8Array }> {
  let held: Uint8Array = new Uint8Array()
  while (true) {
    const frame = frameAt(held)
    if (frame !== undefined) return frame
    const item = await source.next()
    if (item.done === true) throw new CorebrumError('ERR_STREAM_CLOSED', 'the stream ended before its first frame did')
    held = held.length === 0 ? item.value : Buffer.concat([held, item.value])
  }
}

function frameAt (held: Uint8Array): { body: Uint8Array, rest: Uint8Array } | undefined {
  const last = held.subarray(0, MAX_VARINT_BYTES).findIndex((byte) => byte < 0x80)
  if (last === -1) {
    if (held.length < MAX_VARINT_BYTES) return undefined
    throw new CorebrumError('ERR_PROTOCOL', 'the stream does not begin with the length of a frame')
  }
  const [length] = varint.decode(held.subarray(0, last + 1))
  if (length > MAX_FRAME_LENGTH) throw new CorebrumError('ERR_PROTOCOL', `a frame of ${length} bytes is over the limit of ${MAX_FRAME_LENGTH}`)
  const start = last + 1
  if (held.length < start + length) return undefined
  return { body: held.subarray(start, start + length), rest: held.subarray(start + length) }
}

function framed (value: unknown): Uint8Array {
  const body = encode(value)
  const start = varint.encodingLength(body.length)
  const frame = new Uint8Array(start + body.length)
  varint.encodeTo(body.length, frame, 0)
  frame.set(body, start)
  return frame
}
