/** `Uint8Array` and `ArrayBuffer`: bytes on the host, and windows on the module's memory. */
import type { Catalogue } from './imports.ts'
import { type HostFunctionSpec, hostError, spec } from './host-function.ts'
import type { BindgenHost } from './host.ts'
import { ByteView, Collection, type HostValue, Token } from './host-values.ts'
import { asNumber } from './operators.ts'

/** The bytes of an array, a buffer, or memory itself; throws HostThrow for other values. */
function bytesBehind (host: BindgenHost, value: HostValue): ByteView {
  if (value instanceof ByteView) return value
  if (value instanceof Collection && value.announced > 0 && value.shape === 'blank') return value.view ??= host.newBytes(value.announced)
  if (value instanceof Token && value.name === 'memory') return new ByteView(undefined, 0, host.guest.memoryBytes)
  throw hostError('this is no byte array')
}

/** A part, its ends cut to what is there. */
function sliceOf (view: ByteView, from: HostValue, to: HostValue): ByteView {
  const start = Math.min(Number(from) >>> 0, view.length)
  const end = Math.min(Number(to) >>> 0, view.length)
  return new ByteView(view.own, view.offset + start, Math.max(0, end - start))
}

export function copyInto (host: BindgenHost, target: HostValue, source: HostValue, offset: number): undefined {
  const to = bytesBehind(host, target)
  const from = bytesBehind(host, source)
  if (offset + from.length > to.length) throw hostError('offset is out of bounds')
  host.bytesOf(to).set(host.bytesOf(from), offset)
}

/** A new array of a length, of the bytes of another, of a list, or over a buffer. */
function fromAnything (host: BindgenHost, value: HostValue): ByteView {
  if (value instanceof Token) return bytesBehind(host, value)
  if (value instanceof ByteView) return value.own === undefined ? value : copied(host, value)
  if (value instanceof Collection && value.isArray) {
    const made = host.newBytes(value.items.length)
    host.bytesOf(made).set(value.items.map(asNumber))
    return made
  }
  return host.newBytes(Math.min(Math.max(asNumber(value) || 0, 0), 0xffffffff))
}

function copied (host: BindgenHost, view: ByteView): ByteView {
  const made = host.newBytes(view.length)
  host.bytesOf(made).set(host.bytesOf(view))
  return made
}

const overBuffer: HostFunctionSpec[] = [spec('ref number number', 'ref', (host, [buffer, offset, length]) => {
  const start = Number(offset) >>> 0
  return sliceOf(bytesBehind(host, buffer), start, start + (Number(length) >>> 0))
})]

export const BYTE_ARRAYS: Catalogue = {
  newwithlength: [spec('number', 'ref', (_host, [length]) => new Collection('blank', Number(length) >>> 0))],
  newwithbyteoffsetandlength: overBuffer,
  newfromslice: [spec('bytes', 'ref', (host, [bytes]) => copied(host, bytesBehind(host, bytes)))],
  new: [spec('ref', 'ref', (host, [value]) => fromAnything(host, value))],
  buffer: [spec('ref', 'ref', (host, [value]) => bytesBehind(host, value))],
  byteLength: [spec('ref', 'number', (host, [value]) => bytesBehind(host, value).length)],
  byteOffset: [spec('ref', 'number', (host, [value]) => bytesBehind(host, value).offset)],
  subarray: [spec('ref number number', 'ref', (host, [value, from, to]) => sliceOf(bytesBehind(host, value), from, to))],
  slice: [spec('ref number number', 'ref', (host, [value, from, to]) => copied(host, sliceOf(bytesBehind(host, value), from, to)))],
  set: [spec('ref ref number', 'nothing', (host, [target, source, offset]) => copyInto(host, target, source, Number(offset) >>> 0))],
  getindex: [spec('ref number', 'number', (host, [value, index]) => host.bytesOf(bytesBehind(host, value))[Number(index) >>> 0])],
  prototypesetcall: [spec('bytes ref', 'nothing', (host, [target, source]) => copyInto(host, target, source, 0))],
  copytocontents: [spec('ref bytes', 'nothing', (host, [source, target]) => copyInto(host, target, source, 0))],
  instanceofUint8Array: [spec('ref', 'flag', (_host, [value]) => value instanceof ByteView)],
  instanceofArrayBuffer: [spec('ref', 'flag', () => false)],
}
