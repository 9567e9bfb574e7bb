/** What a module can sense of the world: `Date`, `Math`, `performance`, `crypto`, and the global object, which is empty. */
import { toIsoText } from './moments.ts'
import type { Catalogue } from './imports.ts'
import { hostError, spec } from './host-function.ts'
import type { HostFunctionSpec } from './host-function.ts'
import type { BindgenHost } from './host.ts'
import { ByteView, Failure, Moment, Token, describeHostValue, type HostValue } from './host-values.ts'

/** `crypto.getRandomValues` refuses more, so modules ask piece by piece. */
const MAX_RANDOM_BYTES = 65_536

const nowMs = ({ guest }: BindgenHost): number => Number(guest.ambient.wallClockNs() / 1_000_000n)
const monotonicMs = ({ guest }: BindgenHost): number => Number(guest.ambient.monotonicNs()) / 1e6
const dateMs = (value: HostValue): number => (value instanceof Moment ? value.ms : NaN)

const global = new Token('globalThis')
const crypto = new Token('crypto')
const performance = new Token('performance')

const globalObject: HostFunctionSpec[] = [spec('', 'ref', () => global)]
const absent: HostFunctionSpec[] = [spec('ref', 'ref', () => undefined), spec('', 'ref', () => undefined)]

function fillRandom (host: BindgenHost, target: HostValue): undefined {
  if (!(target instanceof ByteView)) throw hostError('the target of random values is no byte array')
  if (target.length > MAX_RANDOM_BYTES) throw hostError(`the requested length ${target.length} exceeds ${MAX_RANDOM_BYTES}`)
  host.guest.ambient.random(host.bytesOf(target))
}

const random: HostFunctionSpec[] = [
  spec('ref bytes', 'nothing', (host, [, target]) => fillRandom(host, target)),
  spec('ref ref', 'nothing', (host, [, target]) => fillRandom(host, target)),
  // getrandom 0.3 leaves the object to the generated code.
  spec('ref', 'nothing', (host, [target]) => fillRandom(host, target)),
  // The function itself: old releases of getrandom ask whether it is there.
  spec('ref', 'ref', () => crypto),
]

const part = (of: (moment: Date) => number): HostFunctionSpec[] => [spec('ref', 'number', (_host, [value]) => of(new Date(dateMs(value))))]

const rounding = (name: 'floor' | 'ceil' | 'round' | 'trunc' | 'abs' | 'sqrt' | 'cbrt' | 'exp' | 'log2' | 'log10' | 'sin' | 'cos' | 'tan' | 'asin' | 'acos' | 'atan' | 'sinh' | 'cosh' | 'tanh' | 'asinh' | 'acosh' | 'atanh' | 'expm1' | 'log1p' | 'fround' | 'sign'): [string, HostFunctionSpec[]] =>
  [name, [spec('number', 'number', (_host, [value]) => Math[name](Number(value)))]]

export const WORLD: Catalogue = {
  ...Object.fromEntries((['floor', 'ceil', 'round', 'trunc', 'abs', 'sqrt', 'cbrt', 'exp', 'log2', 'log10', 'sin', 'cos', 'tan', 'asin', 'acos', 'atan', 'sinh', 'cosh', 'tanh', 'asinh', 'acosh', 'atanh', 'expm1', 'log1p', 'fround', 'sign'] as const).map(rounding)),
  log: [spec('number', 'number', (_host, [value]) => Math.log(Number(value)))],
  pow: [spec('number number', 'number', (_host, [base, exponent]) => Number(base) ** Number(exponent))],
  atan2: [spec('number number', 'number', (_host, [y, x]) => Math.atan2(Number(y), Number(x)))],
  hypot: [spec('number number', 'number', (_host, [x, y]) => Math.hypot(Number(x), Number(y)))],
  max: [spec('number number', 'number', (_host, [a, b]) => Math.max(Number(a), Number(b)))],
  min: [spec('number number', 'number', (_host, [a, b]) => Math.min(Number(a), Number(b)))],
  random: [spec('', 'number', (host) => host.guest.ambient.randomUnit())],

  now: [spec('', 'number', nowMs), spec('ref', 'number', monotonicMs)],
  new0: [spec('', 'ref', (host) => new Moment(nowMs(host)))],
  getTime: [spec('ref', 'number', (_host, [value]) => dateMs(value))],
  valueOf: [spec('ref', 'number', (_host, [value]) => dateMs(value)), spec('ref', 'ref', (_host, [value]) => value)],
  // The sandbox is in UTC, so that a date is the same on every machine.
  getTimezoneOffset: [spec('ref', 'number', () => 0)],
  getFullYear: part((date) => date.getUTCFullYear()),
  getUTCFullYear: part((date) => date.getUTCFullYear()),
  getMonth: part((date) => date.getUTCMonth()),
  getUTCMonth: part((date) => date.getUTCMonth()),
  getDate: part((date) => date.getUTCDate()),
  getUTCDate: part((date) => date.getUTCDate()),
  getDay: part((date) => date.getUTCDay()),
  getUTCDay: part((date) => date.getUTCDay()),
  getHours: part((date) => date.getUTCHours()),
  getUTCHours: part((date) => date.getUTCHours()),
  getMinutes: part((date) => date.getUTCMinutes()),
  getUTCMinutes: part((date) => date.getUTCMinutes()),
  getSeconds: part((date) => date.getUTCSeconds()),
  getUTCSeconds: part((date) => date.getUTCSeconds()),
  getMilliseconds: part((date) => date.getUTCMilliseconds()),
  getUTCMilliseconds: part((date) => date.getUTCMilliseconds()),
  toISOString: [spec('ref', 'ref', (_host, [value]) => toIsoText(dateMs(value)))],

  performance: [spec('ref', 'ref', () => performance), spec('', 'ref', () => performance)],
  crypto: [spec('ref', 'ref', () => crypto), spec('', 'ref', () => crypto)],
  getRandomValues: random,
  randomFillSync: random,

  globalThis: globalObject,
  global: globalObject,
  self: globalObject,
  window: globalObject,
  staticaccessorGLOBALTHIS: globalObject,
  staticaccessorGLOBAL: globalObject,
  staticaccessorSELF: globalObject,
  staticaccessorWINDOW: globalObject,
  process: absent,
  versions: absent,
  node: absent,
  msCrypto: absent,
  require: absent,
  staticaccessorMODULE: absent,
  instanceofWindow: [spec('ref', 'flag', () => false)],
  instanceofError: [spec('ref', 'flag', (_host, [value]) => value instanceof Failure)],

  Error: [spec('text', 'ref', (_host, [text]) => new Failure(String(text)))],
  message: [spec('ref', 'ref', (_host, [value]) => (value instanceof Failure ? value.message : undefined))],
  name: [spec('ref', 'ref', () => 'Error')],
  toString: [spec('ref', 'ref', (_host, [value]) => describeHostValue(value))],
  setname: [spec('ref text', 'nothing', () => undefined), spec('ref ref', 'nothing', () => undefined)],
}
