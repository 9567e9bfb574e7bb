/**
 * A program on the wire. It travels once per stream, before the first lease that names its digest.
 *
 *   program = { name: tstr, cid: tstr, size: uint, urls: [* tstr], ? fn: tstr, ? abi: tstr,
 *               in: [* [name: tstr, type: tstr]], out: [* [name: tstr, type: tstr]],
 *               ? memory: uint, time: uint, net: bool, fs: bool,        ; memory in bytes, time in milliseconds
 *               ? fuel: uint, ? det: true, ? hosts: [* tstr], ? setup: setup }     ; setup.ts has the last
 */
import {
  MAX_ALLOWED_HOSTS, MAX_FUEL, MAX_INPUTS, MAX_MEMORY_LIMIT_BYTES, MAX_MODULE_BYTES, MAX_MODULE_URLS, MAX_NAME_CHARS, MAX_TIME_LIMIT_MS, MAX_URL_CHARS,
} from '../limits.ts'
import type { Grants } from '../task/definition.ts'
import { isHost } from '../task/grants.ts'
import type { Program } from '../task/program.ts'
import type { ValueType } from '../task/values.ts'
import { asArray, asBoolean, asInteger, asRecord, asText, asTexts, asValueType, broken, uint } from './shape.ts'
import { setupFromWire, setupToWire } from './setup.ts'

interface Field { name: string, type: ValueType }

export function programToWire (program: Program): unknown {
  const fields = (list: Field[]): unknown[] => list.map(({ name, type }) => [name, type])
  return {
    name: program.name,
    cid: program.module.cid,
    size: program.module.size,
    urls: program.module.urls,
    ...(program.functionName === undefined ? {} : { fn: program.functionName }),
    ...(program.abi === undefined ? {} : { abi: program.abi }),
    in: fields(program.inputs),
    out: fields(program.outputs),
    ...(program.memoryLimitBytes === undefined ? {} : { memory: uint(program.memoryLimitBytes) }),
    time: program.timeLimitMs,
    net: program.grants.networking,
    fs: program.grants.fileSystem,
    ...(program.fuel === undefined ? {} : { fuel: uint(program.fuel) }),
    ...(program.deterministic === true ? { det: true } : {}),
    ...(program.grants.hosts === undefined ? {} : { hosts: program.grants.hosts }),
    ...(program.setup === undefined ? {} : { setup: setupToWire(program.setup) }),
  }
}

/** Throws ERR_PROTOCOL. */
export function programFromWire (raw: unknown): Program {
  const p = asRecord(raw, 'program')
  const shared = {
    inputs: fieldsFromWire(p.in, 'program.in'),
    outputs: fieldsFromWire(p.out, 'program.out'),
    grants: grantsFromWire(p),
  }
  return {
    name: asText(p.name, 'program.name', MAX_NAME_CHARS),
    module: {
      cid: asText(p.cid, 'program.cid', 128),
      size: asInteger(p.size, 'program.size', 0, MAX_MODULE_BYTES),
      urls: asTexts(p.urls, 'program.urls', MAX_MODULE_URLS, MAX_URL_CHARS),
    },
    ...(p.fn === undefined ? {} : { functionName: asText(p.fn, 'program.fn', MAX_NAME_CHARS) }),
    ...(p.abi === undefined ? {} : { abi: asText(p.abi, 'program.abi', 64) }),
    ...shared,
    ...(p.memory === undefined ? {} : { memoryLimitBytes: asInteger(p.memory, 'program.memory', 0, MAX_MEMORY_LIMIT_BYTES) }),
    timeLimitMs: asInteger(p.time, 'program.time', 1, MAX_TIME_LIMIT_MS),
    ...(p.fuel === undefined ? {} : { fuel: asInteger(p.fuel, 'program.fuel', 1, MAX_FUEL) }),
    ...(p.det === undefined || !asBoolean(p.det, 'program.det') ? {} : { deterministic: true }),
    ...(p.setup === undefined ? {} : { setup: setupFromWire(p.setup, shared) }),
  }
}

function grantsFromWire (p: Record<string, unknown>): Grants {
  const grants = { networking: asBoolean(p.net, 'program.net'), fileSystem: asBoolean(p.fs, 'program.fs') }
  if (p.hosts === undefined) return grants
  const hosts = asTexts(p.hosts, 'program.hosts', MAX_ALLOWED_HOSTS, MAX_NAME_CHARS)
  if (!grants.networking || !hosts.every(isHost)) throw broken('program.hosts')
  return { ...grants, hosts }
}

function fieldsFromWire (raw: unknown, what: string): Field[] {
  return asArray(raw, what, 0, MAX_INPUTS).map((entry) => {
    const pair = asArray(entry, what, 2)
    const name = asText(pair[0], what, MAX_NAME_CHARS)
    // No value can have a field of this name, so no task has such an input or output.
    if (name === '__proto__') throw broken(what)
    return { name, type: asValueType(pair[1], what) }
  })
}
