/** Takes large values out of a task's messages: keeps them as blobs, and names them by CID where they stood. */
import { CorebrumError } from '../errors.ts'
import { MAX_FRAME_ITEMS, MAX_NAME_CHARS, MAX_OUTPUT_BYTES } from '../limits.ts'
import type { Blobs, KeptBlob } from '../modules/blobs.ts'
import { areSmall, fromBytes, takeLarge, toBytes, type BlobRef, type ValueBytes } from '../task/blob.ts'
import { isMapping, itemsIn, type Value } from '../task/values.ts'
import type { OutputRef, ValueRef } from '../wire/blobs.ts'
import type { Outcome } from '../wire/messages.ts'

/** Something of which parts are kept as blobs until `release` is called. */
export interface Kept { release: () => void }

export interface PackedValues extends Partial<Kept> {
  values: Array<Value | undefined>
  refs?: ValueRef[]
}

type Completed = Extract<Outcome, { ok: true }>

/** Inputs as leases carry them; those of small tasks as they are. Rejects with ERR_INPUT where they hold too many values, and as `Blobs.put`. */
export async function packValues (values: Array<Value | undefined>, blobs: Pick<Blobs, 'put'>): Promise<PackedValues> {
  if (areSmall(values)) return { values }
  const items = values.reduce<number>((sum, value) => sum + itemsIn(value), 0)
  if (items > MAX_FRAME_ITEMS) throw new CorebrumError('ERR_INPUT', `the inputs hold ${items} values together; ${MAX_FRAME_ITEMS} are allowed: give lists of numbers as bytes or as a file`)
  const { large } = takeLarge([...values.entries()])
  if (large.length === 0) return { values }
  const { stored, release } = await keep(large, blobs)
  const left = [...values]
  for (const { key } of stored) left[key] = undefined
  return { values: left, refs: stored.map(({ key, blob }) => ({ index: key, blob })), release }
}

/** True when a result must go through `packOutcome` to another node. */
export function mustPack (outcome: Outcome): outcome is Completed {
  return outcome.ok && !areSmall(Object.values(outcome.outputs))
}

/** A result as its message carries it. Rejects with ERR_OUTPUT_LIMIT and as `Blobs.put`. */
export async function packOutcome (outcome: Completed, blobs: Pick<Blobs, 'put'>): Promise<{ outcome: Outcome } & Partial<Kept>> {
  const { large, rest } = takeLarge(Object.entries(outcome.outputs))
  if (large.length === 0 && rest === 0) return { outcome }
  // Many small outputs, or names that no reference can hold: all of them as one map.
  const whole = rest > 0 || large.some(({ key }) => key.length > MAX_NAME_CHARS)
  const parts: Array<ValueBytes<string | undefined>> = whole ? [{ key: undefined, ...toBytes(outcome.outputs) }] : large
  const bytes = parts.reduce((sum, part) => sum + part.bytes.length, 0)
  if (bytes > MAX_OUTPUT_BYTES) throw new CorebrumError('ERR_OUTPUT_LIMIT', `the outputs have ${bytes} bytes; ${MAX_OUTPUT_BYTES} are allowed`)
  const { stored, release } = await keep(parts, blobs)
  const taken = new Set(stored.map(({ key }) => key))
  const outputs = whole ? {} : Object.fromEntries(Object.entries(outcome.outputs).filter(([name]) => !taken.has(name)))
  const refs = stored.map(({ key, blob }): OutputRef => key === undefined ? { blob } : { name: key, blob })
  return { outcome: { ...outcome, outputs, refs }, release }
}

/** Bytes that references stand for. */
export function refBytes (refs: ReadonlyArray<{ blob: BlobRef }> = []): number {
  return refs.reduce((sum, { blob }) => sum + blob.size, 0)
}

/** The inputs of a lease, whose references `fetch` looks up one after the other. Rejects as `fetch`, and with ERR_PROTOCOL. */
export async function unpackValues (values: Array<Value | undefined>, refs: readonly ValueRef[], fetch: (blob: BlobRef) => Promise<Uint8Array>): Promise<Array<Value | undefined>> {
  const whole = [...values]
  const read = valueReader()
  for (const { index, blob } of refs) whole[index] = read(blob, await fetch(blob))
  return whole
}

/** The outputs of a result; as `unpackValues`. With one `read` for several results, what they hold counts together. */
export async function unpackOutputs (outputs: Record<string, Value>, refs: readonly OutputRef[], fetch: (blob: BlobRef) => Promise<Uint8Array>, read: ValueReader = valueReader()): Promise<Record<string, Value>> {
  let whole = outputs
  for (const { name, blob } of refs) {
    const value = read(blob, await fetch(blob))
    if (name !== undefined) whole = { ...whole, [name]: value }
    else if (isMapping(value)) whole = { ...value, ...whole }
    else throw new CorebrumError('ERR_PROTOCOL', 'the bytes of several outputs are not a map of them')
  }
  return whole
}

/** Makes a value of the bytes of a blob. Throws ERR_PROTOCOL. */
export type ValueReader = (blob: BlobRef, bytes: Uint8Array) => Value

/** Reads the values of one task: a byte may be an object, which takes many times as much memory, so that together they may hold no more values than a frame. */
export function valueReader (): ValueReader {
  let left = MAX_FRAME_ITEMS
  return ({ form }, bytes) => {
    const value = fromBytes(form, bytes, left)
    left -= itemsIn(value)
    return value
  }
}

async function keep<K> (parts: Array<ValueBytes<K>>, blobs: Pick<Blobs, 'put'>): Promise<{ stored: Array<{ key: K, blob: BlobRef }> } & Kept> {
  const kept: KeptBlob[] = []
  const release = (): void => { for (const blob of kept) blob.release() }
  const stored: Array<{ key: K, blob: BlobRef }> = []
  try {
    for (const { key, form, bytes } of parts) {
      const blob = await blobs.put(bytes)
      kept.push(blob)
      stored.push({ key, blob: { cid: blob.cid, size: blob.size, form } })
    }
    return { stored, release }
  } catch (error) {
    release()
    throw error
  }
}
