/** Modules that try to hurt the machine that runs them, and the code that each must end with. */

export interface HostileModule {
  name: string
  source: string
  code: string
  /** Lines of the definition's compute_logic; default: function `run`, 1 s, 16 MB. */
  fields?: string
}

export const HOSTILE: readonly HostileModule[] = [
  { name: 'an infinite loop', code: 'ERR_TIME_LIMIT', source: '(module (func (export "run") (loop $l (br $l))))' },
  { name: 'a start function that loops', code: 'ERR_TIME_LIMIT', source: '(module (func $s (loop $l (br $l))) (start $s) (func (export "run")))' },
  { name: 'a loop of bulk copies', code: 'ERR_TIME_LIMIT', source: '(module (memory 200) (func (export "run") (loop $l (memory.copy (i32.const 0) (i32.const 65536) (i32.const 10000000)) (br $l))))' },
  { name: 'more initial memory than allowed', code: 'ERR_MEMORY_LIMIT', source: '(module (memory 1024) (func (export "run")))' },
  {
    name: 'a memory bomb',
    code: 'ERR_MEMORY_LIMIT',
    source: '(module (memory (export "memory") 1) (func (export "run") (loop $l (br_if $l (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) unreachable))',
  },
  { name: 'a table bomb', code: 'ERR_TABLE_LIMIT', source: '(module (table 100000000 funcref) (func (export "run")))' },
  { name: 'endless recursion', code: 'ERR_STACK_OVERFLOW', source: '(module (func $f (export "run") (call $f)))' },
  {
    name: 'an output flood',
    code: 'ERR_OUTPUT_LIMIT',
    fields: '  timeout_seconds: 5\n',
    source: `(module (import "wasi_snapshot_preview1" "fd_write" (func $w (param i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 2)
      (func (export "_start")
        (i32.store (i32.const 0) (i32.const 16)) (i32.store (i32.const 4) (i32.const 65536))
        (loop $l (drop (call $w (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))) (br $l))))`,
  },
  { name: 'a trap', code: 'ERR_TRAP', source: '(module (func (export "run") unreachable))' },
  { name: 'a missing import', code: 'ERR_MISSING_IMPORT', source: '(module (import "host" "secret" (func $f)) (func (export "run") (call $f)))' },
]

/** One function of deeply nested loops over many locals: small to send, slow to compile. */
export function compileBomb (depth = 150_000, locals = 2_000): Uint8Array {
  const body = [0x01, ...leb(locals), 0x7f, ...Array<number[]>(depth).fill([0x03, 0x40]).flat(), ...Array<number>(depth).fill(0x0b), 0x0b]
  const code = section(10, [1, ...leb(body.length), ...body])
  return Uint8Array.from([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, [1, 0x60, 0, 0]), ...section(3, [1, 0]),
    ...section(7, [1, 3, ...new TextEncoder().encode('run'), 0, 0]), ...code,
  ])
}

function section (id: number, content: number[]): number[] {
  return [id, ...leb(content.length), ...content]
}

function leb (value: number): number[] {
  return value < 128 ? [value] : [value & 127 | 128, ...leb(value >> 7)]
}
