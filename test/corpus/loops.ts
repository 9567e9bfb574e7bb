/** Modules that never end, each in another way: most of them cannot be interrupted from within. */
import { type Attack, DEADLINE_MS, command, wasi } from './attack.ts'

const main = (body: string, fields = ''): string => `(module ${fields} (func (export "main") ${body}))`

const LOOPS: Record<string, string> = {
  'an empty loop': main('(loop (br 0))'),
  'a loop with arithmetic': main('(local i64) (loop (local.set 0 (i64.rem_u (i64.const 7) (i64.add (local.get 0) (i64.const 3)))) (br 0))'),
  'a loop with a branch table': main('(loop (loop (br_table 0 1 0 1 (i32.const 1))))'),
  'a loop of vectors': main('(local v128) (loop (local.set 0 (i32x4.mul (local.get 0) (v128.const i32x4 1 2 3 4))) (br 0))'),
  'bulk copies of 4 MB': main('(loop (memory.copy (i32.const 0) (i32.const 1) (i32.const 4000000)) (br 0))', '(memory 64)'),
  'bulk fills of 64 MB': main('(loop (memory.fill (i32.const 0) (i32.const 1) (i32.const 67108864)) (br 0))', '(memory 1024)'),
  'bulk copies of 512 MB': main('(loop (memory.copy (i32.const 0) (i32.const 1) (i32.const 536870000)) (br 0))', '(memory 8192)'),
  'copies from a data segment': main('(loop (memory.init 0 (i32.const 0) (i32.const 0) (i32.const 4)) (br 0))', '(memory 1) (data "evil")'),
  'growth by nothing': main('(loop (drop (memory.grow (i32.const 0))) (br 0))', '(memory 1)'),
  'growth that is refused': main('(loop (drop (memory.grow (i32.const 1))) (br 0))', '(memory 1)'),
  'growth of a table that is refused': main('(loop (drop (table.grow 0 (ref.null func) (i32.const 50000))) (br 0))', '(table 1 funcref)'),
  'fills of a table': main('(loop (table.fill 0 (i32.const 0) (ref.null func) (i32.const 100000)) (br 0))', '(table 100000 funcref)'),
  'copies of a table': main('(loop (table.copy (i32.const 0) (i32.const 1) (i32.const 99999)) (br 0))', '(table 100000 funcref)'),
  'tail calls in a circle': '(module (func $a (return_call $b)) (func $b (return_call $a)) (func (export "main") (call $a)))',
  'indirect calls in a loop': main('(loop (call_indirect (i32.const 0)) (br 0))', '(table 1 funcref) (elem (i32.const 0) $f) (func $f)'),
  'exceptions thrown and caught': '(module (tag $t) (func (export "main") (loop (try (do (throw $t)) (catch_all)) (br 0))))',
  'a start function': '(module (func $s (loop (br 0))) (start $s) (func (export "main")))',
  'an initialiser': '(module (func (export "_initialize") (loop (br 0))) (func (export "main")))',
  'constructors': '(module (func (export "__wasm_call_ctors") (loop (br 0))) (func (export "main")))',
  'exits that are caught': `(module (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32))) (memory (export "memory") 1)
    (func (export "_start") (loop (try (do (call $exit (i32.const 1))) (catch_all)) (br 0))))`,
  'questions for the time': command(wasi('clock_time_get', 'i32 i64 i32'), '(loop (drop (call $clock_time_get (i32.const 0) (i64.const 0) (i32.const 8))) (br 0))'),
  'megabytes of random numbers': command(wasi('random_get', 'i32 i32'), '(loop (drop (call $random_get (i32.const 0) (i32.const 60000000))) (br 0))', 1000),
  'a long sleep': command(wasi('poll_oneoff', 'i32 i32 i32 i32'), '(i64.store (i32.const 24) (i64.const 1000000000000000)) (drop (call $poll_oneoff (i32.const 0) (i32.const 100) (i32.const 1) (i32.const 200)))'),
  'writes of nothing': command(wasi('fd_write', 'i32 i32 i32 i32'), '(loop (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 8))) (br 0))'),
  'a flood of log lines': command(wasi('fd_write', 'i32 i32 i32 i32'), '(i32.store (i32.const 4) (i32.const 65536)) (loop (drop (call $fd_write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8))) (br 0))', 2),
  'a flood of log bytes, one by one': command(wasi('fd_write', 'i32 i32 i32 i32'), '(i32.store (i32.const 4) (i32.const 1)) (loop (drop (call $fd_write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8))) (br 0))'),
  'descriptors that are opened again and again': command(wasi('path_open', 'i32 i32 i32 i32 i32 i64 i64 i32 i32'), `(i32.store8 (i32.const 0) (i32.const 97))
    (loop (drop (call $path_open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 1) (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 16))) (br 0))`),
}

export const loops: Attack[] = [
  ...Object.entries(LOOPS).map(([name, module]): Attack => ({ name, module, timeLimitMs: DEADLINE_MS, memoryLimitBytes: 512 * 1048576, ends: 'ERR_TIME_LIMIT' })),
  {
    name: 'an allocator that does not return', takes: { text: 'string' }, gives: { result: 'integer' }, values: ['x'], timeLimitMs: DEADLINE_MS, ends: 'ERR_TIME_LIMIT',
    module: '(module (memory (export "memory") 1) (func (export "alloc") (param i32) (result i32) (loop (br 0)) (i32.const 0)) (func (export "main") (param i32 i32) (result i32) (i32.const 1)))',
  },
]
