/** Modules that are small to send and large to hold: memory, tables, globals, locals, nesting, segments, time to compile. */
import { type Attack, DEADLINE_MS, MiB } from './attack.ts'
import { EXPORTS, FUNCTIONS, TYPES, code, leb, mainOf, moduleOf, repeated } from './binary.ts'

const main = '(func (export "main"))'
const BLOCK = 0x02
const EMPTY = 0x40
const END = 0x0b
const NOP = 0x01

/** Blocks in blocks. */
function nested (depth: number): Uint8Array {
  const bytes = new Uint8Array(depth * 3)
  for (let i = 0; i < depth; i++) bytes.set([BLOCK, EMPTY], i * 2)
  bytes.fill(END, depth * 2)
  return bytes
}

/** Loops nested in loops, each with its own branches: small to send, slow to compile. */
function nestedLoops (): string {
  const body = '(local.set 0 (i64.add (i64.mul (local.get 0) (i64.const 31)) (local.get 1)))'.repeat(6)
  const nest = (depth: number): string => (depth === 0 ? body : `(loop ${body} ${nest(depth - 1)} (br_if 0 (i64.eqz (local.get 0))))`)
  return `(module (func (export "main") (local i64 i64) ${Array.from({ length: 60 }, () => nest(24)).join('\n')} (loop (br 0))))`
}

/** A branch table of many targets. */
const branches = (count: number): Uint8Array => Buffer.concat([Uint8Array.of(BLOCK, EMPTY, 0x41, 0, 0x0e), repeated([0], count), Uint8Array.of(0, END)])

export const bombs: Attack[] = [
  { name: 'more memory than allowed, at once', module: `(module (memory 200) ${main})`, memoryLimitBytes: 8 * MiB, ends: 'ERR_MEMORY_LIMIT' },
  { name: '4 GiB of memory, at once', module: `(module (memory 65536) ${main})`, ends: 'ERR_MEMORY_LIMIT' },
  { name: 'memory until there is none', memoryLimitBytes: 8 * MiB, ends: 'ERR_MEMORY_LIMIT',
    module: '(module (memory 1) (func (export "main") (loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) unreachable))' },
  { name: 'several memories', module: `(module (memory 1) (memory 1) ${main})`, ends: 'ERR_MODULE_UNSUPPORTED' },
  { name: 'shared memory', module: `(module (memory 1 65536 shared) ${main})`, ends: 'ERR_MODULE_UNSUPPORTED' },
  { name: 'a memory of 64-bit addresses', module: `(module (memory i64 1 0xffffffffffff) ${main})`, ends: 'ERR_MODULE_UNSUPPORTED' },
  { name: 'a large table', module: `(module (table 10000000 funcref) ${main})`, ends: 'ERR_TABLE_LIMIT' },
  { name: 'many tables', module: `(module ${'(table 1 funcref)'.repeat(17)} ${main})`, ends: 'ERR_TABLE_LIMIT' },
  { name: 'large tables, as many as allowed', module: `(module ${'(table 100000 funcref)'.repeat(16)} ${main})`, ends: {} },
  { name: 'a table that grows until it cannot', ends: 'ERR_TRAP',
    module: '(module (table 1 funcref) (func (export "main") (loop (br_if 0 (i32.ne (table.grow 0 (ref.null func) (i32.const 10000)) (i32.const -1)))) unreachable))' },
  { name: 'an imported table of 4 billion entries', module: `(module (import "env" "t" (table 4000000000 funcref)) ${main})`, ends: 'ERR_TABLE_LIMIT' },
  { name: 'globals by the hundred thousand', module: moduleOf(TYPES, FUNCTIONS, { id: 6, body: repeated([0x7f, 1, 0x41, 0, END], 100_001) }, EXPORTS, code([])), ends: 'ERR_MODULE_TOO_LARGE' },
  { name: 'more locals than allowed', module: mainOf([], [1, ...leb(50_001), 0x7e]), ends: 'ERR_MODULE_TOO_LARGE' },
  { name: 'locals whose sum is over 4 billion', module: mainOf([], [2, ...leb(0xffffffff), 0x7e, ...leb(0xffffffff), 0x7e]), ends: 'ERR_MODULE_TOO_LARGE' },
  { name: 'recursion with a wide frame', module: `(module (func $r (export "main") (local ${'i64 '.repeat(2000)}) (call $r)))`, ends: 'ERR_STACK_OVERFLOW' },
  { name: 'recursion from a start function', module: `(module (func $r (call $r)) (start $r) ${main})`, ends: 'ERR_STACK_OVERFLOW' },
  { name: 'recursion through a table', module: '(module (table 1 funcref) (elem (i32.const 0) $r) (func $r (export "main") (call_indirect (i32.const 0))))', ends: 'ERR_STACK_OVERFLOW' },
  { name: 'recursion that is to be caught and begun again', module: '(module (func $r (call $r)) (func (export "main") (loop (try (do (call $r)) (catch_all)) (br 0))))', ends: 'ERR_STACK_OVERFLOW' },
  { name: 'blocks nested 100,000 deep', module: mainOf(nested(100_000)), ends: {} },
  { name: 'a branch table of a million targets', module: mainOf(branches(1_000_000)), ends: 'ERR_MODULE_INVALID' },
  { name: 'a function body of 9 MB', module: mainOf(new Uint8Array(9 * MiB).fill(NOP)), ends: 'ERR_MODULE_TOO_LARGE' },
  { name: 'loops that take long to compile', module: nestedLoops(), timeLimitMs: DEADLINE_MS, ends: 'ERR_TIME_LIMIT' },
  { name: 'a type section that claims 4 billion types', module: moduleOf({ id: 1, body: repeated([0x60, 0, 0], 1, 0xffffffff) }), ends: 'ERR_MODULE_INVALID' },
  { name: 'a million types', module: moduleOf({ id: 1, body: repeated([0x60, 0, 0], 1_000_001) }), ends: 'ERR_MODULE_INVALID' },
  { name: 'functions without code', module: moduleOf(TYPES, { id: 3, body: repeated([0], 1000) }, EXPORTS), ends: 'ERR_MODULE_INVALID' },
  { name: 'a section that claims 4 GB', module: moduleOf({ ...TYPES, claims: 0xffffffff }), ends: 'ERR_MODULE_INVALID' },
  { name: 'a million exports', module: moduleOf(TYPES, FUNCTIONS, { id: 7, body: repeated([1, 0x61, 0, 0], 1_000_000) }, code([])), ends: 'ERR_MODULE_INVALID' },
  { name: 'a hundred thousand data segments', ends: {},
    module: moduleOf(TYPES, FUNCTIONS, { id: 5, body: [1, 0, 1] }, EXPORTS, code([]), { id: 11, body: repeated([0, 0x41, 0, END, 1, 0x78], 100_000) }) },
  { name: 'a data segment outside of the memory', module: `(module (memory 1) (data (i32.const 65536) "x") ${main})`, ends: 'ERR_TRAP' },
  { name: 'elements outside of the table', module: `(module (table 1 funcref) (elem (i32.const 7) $f) (func $f) ${main})`, ends: 'ERR_TRAP' },
  { name: 'custom sections by the thousand', module: moduleOf(TYPES, FUNCTIONS, EXPORTS, code([]), ...Array.from({ length: 5000 }, () => ({ id: 0, body: [1, 0x78] }))), ends: {} },
]
