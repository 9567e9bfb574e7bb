/** Modules that return wild pointers and false lengths, and hand them to host functions. */
import { type Attack, command, wasi } from './attack.ts'
import type { ErrorCode } from '../../src/errors.ts'

const buffer = (allocated: string, result: string, body = ''): string => `(module (memory (export "memory") 1) (data (i32.const 0) "{}")
  (func (export "alloc") (param i32) (result i32) (i32.const ${allocated})) (func (export "main") (param i32 i32) (result i64) ${body} (i64.const ${result})))`

const passed = (name: string, allocated: string, result: string, ends: ErrorCode): Attack =>
  ({ name, module: buffer(allocated, result), takes: { text: 'string' }, gives: { result: 'string' }, values: ['hello'], ends })

/** A WASI call with a wild pointer must come back with an error number, and the program goes on: it exits with 7. */
const wild = (name: string, params: string, args: string): Attack => ({
  name: `${name} with a wild pointer`,
  module: command(`${wasi(name, params)} ${wasi('proc_exit', 'i32', '')}`, `(if (i32.eqz (call $${name} ${args})) (then unreachable)) (call $proc_exit (i32.const 7))`),
  grants: { networking: false, fileSystem: true },
  ends: 'ERR_EXIT_CODE',
})

const OUT = '(i32.const 0xfffffff0)'
const BIG = '(i32.const 0x7fffffff)'
const N = (value: number): string => `(i32.const ${value})`

export const pointers: Attack[] = [
  passed('an allocator that returns 0', '0', '0', 'ERR_MEMORY_LIMIT'),
  passed('an allocator that returns the end of memory', '65536', '0', 'ERR_POINTER'),
  passed('an allocator that returns -1', '-1', '0', 'ERR_POINTER'),
  passed('a result beyond the memory', '8', '0x0001000000000001', 'ERR_POINTER'),
  passed('a result that claims 4 GB', '8', '0x00000008ffffffff', 'ERR_POINTER'),
  passed('a pointer and a length whose sum wraps', '8', '0xfffffff000000020', 'ERR_POINTER'),
  passed('a result of -1', '8', '-1', 'ERR_POINTER'),
  { name: 'text without an end', ends: 'ERR_POINTER', gives: { result: 'string' },
    module: '(module (memory (export "memory") 1) (func (export "malloc") (param i32) (result i32) (i32.const 8)) (func (export "main") (result i32) (memory.fill (i32.const 0) (i32.const 97) (i32.const 65536)) (i32.const 100)))' },
  { name: 'text at a null pointer', ends: 'ERR_POINTER', gives: { result: 'string' },
    module: '(module (memory (export "memory") 1) (func (export "malloc") (param i32) (result i32) (i32.const 8)) (func (export "main") (result i32) (i32.const 0)))' },
  { name: 'an output area beyond the memory', ends: 'ERR_POINTER', gives: { result: 'string' },
    module: `(module (memory (export "memory") 1) (func (export "alloc") (param i32) (result i32) (i32.const 8)) (func (export "output_ptr") (result i32) (i32.const -8)) (func (export "output_len") (result i32) (i32.const 0x7fffffff))
      (func (export "main") (result i32) (i32.const 0)))` },
  { name: 'a memory that is shrunk by detaching', ends: { result: 'ok' }, gives: { result: 'string' },
    module: `(module (memory (export "memory") 1) (data (i32.const 8) "ok") (func (export "alloc") (param i32) (result i32) (drop (memory.grow (i32.const 1))) (i32.const 8))
      (func (export "main") (result i64) (drop (memory.grow (i32.const 1))) (i64.const 0x0000000800000002)))` },
  wild('fd_write', 'i32 i32 i32 i32', `${N(1)} ${OUT} ${N(1)} ${N(0)}`),
  wild('fd_read', 'i32 i32 i32 i32', `${N(0)} ${N(0)} ${BIG} ${N(0)}`),
  wild('random_get', 'i32 i32', `${N(8)} ${N(-1)}`),
  wild('args_sizes_get', 'i32 i32', `${OUT} ${OUT}`),
  wild('environ_sizes_get', 'i32 i32', `${N(65533)} ${OUT}`),
  wild('clock_time_get', 'i32 i64 i32', `${N(0)} (i64.const 0) ${N(65535)}`),
  wild('fd_prestat_dir_name', 'i32 i32 i32', `${N(3)} ${N(-1)} ${N(100)}`),
  wild('path_open', 'i32 i32 i32 i32 i32 i64 i64 i32 i32', `${N(3)} ${N(0)} ${N(-8)} ${N(4000)} ${N(1)} (i64.const -1) (i64.const -1) ${N(0)} ${N(16)}`),
  wild('path_filestat_get', 'i32 i32 i32 i32 i32', `${N(3)} ${N(0)} ${N(0)} ${BIG} ${N(16)}`),
  wild('fd_readdir', 'i32 i32 i32 i64 i32', `${N(3)} ${N(8)} ${BIG} (i64.const 0) ${N(0)}`),
  wild('poll_oneoff', 'i32 i32 i32 i32', `${OUT} ${N(0)} ${N(1)} ${N(0)}`),
]
