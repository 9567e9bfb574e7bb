/** What wasm-bindgen itself imports: making, asking and dropping JavaScript values. */
import { GuestAbort } from '../guest.ts'
import type { Catalogue } from './imports.ts'
import { spec } from './host-function.ts'
import { Collection, Failure, type HostValue, Token, describeHostValue } from './host-values.ts'

const is = (test: (value: HostValue) => boolean): ReturnType<typeof spec>[] => [spec('ref', 'flag', (_host, [value]) => test(value))]

const isObject = (value: HostValue): boolean => typeof value === 'object' && value !== null && !isFunction(value)
const isFunction = (value: HostValue): boolean => value instanceof Token && value.isFunction

function typeName (value: HostValue): string {
  return isFunction(value) ? 'function' : value instanceof Token && value.name === 'iterator symbol' ? 'symbol' : typeof value
}

const thrown = (value: HostValue): never => {
  throw new GuestAbort('ERR_TRAP', `the module threw: ${describeHostValue(value).replace(/^Error: /, '').slice(0, 1000)}`)
}

export const INTRINSICS: Catalogue = {
  'bindgen:throw': [spec('text', 'nothing', (_host, [text]) => thrown(text))],
  'bindgen:rethrow': [spec('taken', 'nothing', (_host, [value]) => thrown(value))],
  'bindgen:stringnew': [spec('text', 'ref', (_host, [text]) => text)],
  'bindgen:numbernew': [spec('number', 'ref', (_host, [number]) => number)],
  'bindgen:bigintfromi64': [spec('i64', 'ref', (_host, [value]) => value)],
  'bindgen:bigintfromu64': [spec('i64', 'ref', (_host, [value]) => unsigned(value))],
  'bindgen:bigintfromi128': [spec('i64 i64', 'ref', (_host, [high, low]) => wide(high, low))],
  'bindgen:bigintfromu128': [spec('i64 i64', 'ref', (_host, [high, low]) => BigInt.asUintN(128, wide(high, low)))],
  'bindgen:errornew': [spec('text', 'ref', (_host, [text]) => new Failure(String(text)))],
  'bindgen:objectdropref': [spec('taken', 'nothing', () => undefined)],
  'bindgen:objectcloneref': [spec('ref', 'ref', (_host, [value]) => value)],
  'bindgen:cbdrop': [spec('taken', 'flag', () => true)],
  'bindgen:isundefined': is((value) => value === undefined),
  'bindgen:isnull': is((value) => value === null),
  'bindgen:isnullorundefined': is((value) => value === null || value === undefined),
  'bindgen:isobject': is(isObject),
  'bindgen:isarray': is((value) => value instanceof Collection && value.isArray),
  'bindgen:isstring': is((value) => typeof value === 'string'),
  'bindgen:isbigint': is((value) => typeof value === 'bigint'),
  'bindgen:issymbol': is((value) => typeName(value) === 'symbol'),
  'bindgen:isfunction': is(isFunction),
  'bindgen:typeof': [spec('ref', 'ref', (_host, [value]) => typeName(value))],
  'bindgen:stringget': [spec('ref', 'text', (_host, [value]) => value)],
  'bindgen:numberget': [spec('ref', 'number?', (_host, [value]) => value)],
  'bindgen:booleanget': [spec('ref', 'flag?', (_host, [value]) => value)],
  'bindgen:bigintgetasi64': [spec('ref', 'i64?', (_host, [value]) => value)],
  'bindgen:debugstring': [spec('ref', 'text', (_host, [value]) => (typeof value === 'string' ? JSON.stringify(value) : describeHostValue(value)))],
  'bindgen:in': [spec('ref ref', 'flag', (_host, [name, object]) => object instanceof Collection && object.fields.has(name))],
  'bindgen:memory': [spec('', 'ref', () => new Token('memory'))],
  'bindgen:initexternreftable': [spec('', 'nothing', (host) => {
    host.references.initialiseTable()
    return undefined
  })],
  // The table that a module keeps of its own before the CLI: it stays empty, as the host has one.
  'bindgen:externreftablegrow': [spec('number', 'number', () => -1)],
  'bindgen:externreftablesetnull': [spec('number', 'nothing', () => undefined)],
  'bindgen:externrefheaplivecount': [spec('', 'number', () => 0)],
}

function unsigned (value: HostValue): bigint {
  return typeof value === 'bigint' ? BigInt.asUintN(64, value) : 0n
}

function wide (high: HostValue, low: HostValue): bigint {
  return ((typeof high === 'bigint' ? high : 0n) << 64n) | unsigned(low)
}
