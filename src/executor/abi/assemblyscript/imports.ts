/** Imports of AssemblyScript programs: console text, the clock, chance, and JavaScript's Math where `--use Math=JSMath` asks for it. */
import type { HostFunction, ImportProvider } from '../adapter.ts'
import { type Guest, ProgramExit } from '../guest.ts'
import { utf16Text } from '../guest-text.ts'
import { takesNumbers } from '../host-table.ts'

type Maker = (guest: Guest) => HostFunction

function write (guest: Guest, text: string): void {
  guest.logs.writeText(`${text}\n`)
}

const say: Maker = (guest) => (text: number) => { write(guest, utf16Text(guest, text)) }
const silent: Maker = () => () => {}
const dateNow: Maker = ({ ambient }) => () => Number(ambient.wallClockNs() / 1_000_000n)

/** A message and up to five numbers, of which the second argument says how many count. */
const trace: Maker = (guest) => (message: number, count: number, ...numbers: number[]) => {
  write(guest, [utf16Text(guest, message), ...numbers.slice(0, Math.max(count, 0))].join(' '))
}

const MATH = [
  'abs', 'acos', 'acosh', 'asin', 'asinh', 'atan', 'atan2', 'atanh', 'cbrt', 'ceil', 'clz32', 'cos', 'cosh', 'exp', 'expm1', 'floor', 'fround', 'hypot',
  'imul', 'log', 'log10', 'log1p', 'log2', 'max', 'min', 'pow', 'round', 'sign', 'sin', 'sinh', 'sqrt', 'tan', 'tanh', 'trunc',
] as const

const FUNCTIONS: ReadonlyMap<string, Maker> = new Map<string, Maker>([
  ...MATH.map((name): [string, Maker] => [`Math.${name}`, () => Math[name]]),
  ['Math.random', ({ ambient }) => () => ambient.randomUnit()],
  ['seed', ({ ambient }) => () => ambient.randomUnit()],
  ['Date.now', dateNow],
  ['Date.getTimezoneOffset', () => () => 0],
  ['performance.now', ({ ambient }) => () => Number(ambient.monotonicNs()) / 1e6],
  ['trace', trace],
  ...['log', 'debug', 'info', 'warn', 'error'].map((name): [string, Maker] => [`console.${name}`, say]),
  ...['time', 'timeLog', 'timeEnd'].map((name): [string, Maker] => [`console.${name}`, silent]),
  ['console.assert', (guest) => (holds: number, text: number) => { if (holds === 0) write(guest, `assertion failed: ${utf16Text(guest, text)}`) }],
  ['process.exit', () => (code: number) => { throw new ProgramExit(code) }],
])

/** Older compilers import from a module called like the object, newer ones from `env` with the object in the name. */
const MODULES: ReadonlySet<string> = new Set(['Math', 'Date', 'console', 'performance'])

export const provideAssemblyScript: ImportProvider = (item) => {
  if (!takesNumbers(item)) return undefined
  if (item.module === 'env') return FUNCTIONS.get(item.name)
  return MODULES.has(item.module) ? FUNCTIONS.get(`${item.module}.${item.name}`) : undefined
}
