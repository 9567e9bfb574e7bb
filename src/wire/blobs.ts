/**
 * Values that travel beside their message, on `/corebrum/module/1.0.0`: what stands in the message for them.
 *
 *   value-refs  = [* [index: uint, cid: tstr, size: uint, form]]         ; of a lease: the value at this index is undefined
 *   output-refs = [* [name: tstr / null, cid: tstr, size: uint, form]]   ; of a result: its outputs lack this name;
 *                                                                        ; null, once: a map of outputs that are named nowhere else
 *   form        = 0 bytes / 1 text: UTF-8 / 2 value: CBOR
 *
 * They stand in a list of their own, so that no value of a user is ever taken for one.
 */
import { MAX_BLOB_BYTES, MAX_INPUT_BYTES, MAX_INPUTS, MAX_NAME_CHARS, MAX_OUTPUT_BYTES } from '../limits.ts'
import { BLOB_FORMS, type BlobRef } from '../task/blob.ts'
import { readCid } from '../task/module-cid.ts'
import type { Value } from '../task/values.ts'
import { asArray, asInteger, asText, broken } from './shape.ts'

/** A large input: the value at `index` of its lease. */
export interface ValueRef { index: number, blob: BlobRef }
/** A large output. Without a name: a map of outputs, each too small to travel alone. */
export interface OutputRef { name?: string, blob: BlobRef }

export function valueRefsToWire (refs: readonly ValueRef[]): unknown[] {
  return refs.map(({ index, blob }) => [index, ...blobToWire(blob)])
}

/** Throws ERR_PROTOCOL; so it does for a reference to a value that the lease holds already. */
export function valueRefsFromWire (raw: unknown = [], values: ReadonlyArray<Value | undefined>): ValueRef[] {
  const refs = asArray(raw, 'lease.refs', 0, MAX_INPUTS).map((entry) => {
    const fields = asArray(entry, 'lease.refs', 4)
    const index = asInteger(fields[0], 'lease.refs.index', 0, values.length - 1)
    if (values[index] !== undefined) throw broken('lease.refs.index')
    return { index, blob: blobFromWire(fields, 'lease.refs') }
  })
  requireDistinct(refs.map(({ index }) => index), 'lease.refs')
  requireTotal(refs, MAX_INPUT_BYTES, 'lease.refs')
  return refs
}

export function outputRefsToWire (refs: readonly OutputRef[]): unknown[] {
  return refs.map(({ name = null, blob }) => [name, ...blobToWire(blob)])
}

/** Throws ERR_PROTOCOL; so it does for a reference to an output that the result holds already. */
export function outputRefsFromWire (raw: unknown = [], outputs: Record<string, Value>): OutputRef[] {
  const refs = asArray(raw, 'result.refs', 0, MAX_INPUTS).map((entry): OutputRef => {
    const fields = asArray(entry, 'result.refs', 4)
    const blob = blobFromWire(fields, 'result.refs')
    if (fields[0] === null) {
      if (blob.form !== 'value') throw broken('result.refs.form')
      return { blob }
    }
    const name = asText(fields[0], 'result.refs.name', MAX_NAME_CHARS)
    if (name === '__proto__' || Object.hasOwn(outputs, name)) throw broken('result.refs.name')
    return { name, blob }
  })
  requireDistinct(refs.map(({ name }) => name), 'result.refs')
  requireTotal(refs, MAX_OUTPUT_BYTES, 'result.refs')
  return refs
}

function blobToWire ({ cid, size, form }: BlobRef): unknown[] {
  return [cid, size, BLOB_FORMS.indexOf(form)]
}

function blobFromWire (fields: unknown[], what: string): BlobRef {
  const reading = readCid(asText(fields[1], `${what}.cid`, 128))
  if (!reading.ok) throw broken(`${what}.cid`)
  const form = BLOB_FORMS[asInteger(fields[3], `${what}.form`, 0, BLOB_FORMS.length - 1)]
  if (form === undefined) throw broken(`${what}.form`)
  return { cid: reading.cid, size: asInteger(fields[2], `${what}.size`, 0, MAX_BLOB_BYTES), form }
}

function requireDistinct (keys: unknown[], what: string): void {
  if (new Set(keys).size < keys.length) throw broken(what)
}

function requireTotal (refs: ReadonlyArray<{ blob: BlobRef }>, maxBytes: number, what: string): void {
  if (refs.reduce((sum, { blob }) => sum + blob.size, 0) > maxBytes) throw broken(`${what}.size`)
}
