/** Results that are not what they are declared as: text that is not UTF-8, JSON that is deep, vast or forged. */
import { type Attack, command, wasi } from './attack.ts'

const WRITE = wasi('fd_write', 'i32 i32 i32 i32')

/** A WASI command that writes `text` (escaped as in the text format) to standard output. */
const writes = (text: string, length: number): string => `(module ${WRITE} (memory (export "memory") 2) (data (i32.const 16) "${text}")
  (func (export "_start") (i32.store (i32.const 0) (i32.const 16)) (i32.store (i32.const 4) (i32.const ${length})) (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))`

/** A WASI command that writes the byte `byte` `count` times. */
const fills = (byte: number, count: number): string => command(WRITE, `(memory.fill (i32.const 16) (i32.const ${byte}) (i32.const ${count}))
  (i32.store (i32.const 0) (i32.const 16)) (i32.store (i32.const 4) (i32.const ${count})) (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))`, 20)

const returns = (text: string, length: number): string => `(module (memory (export "memory") 1) (data (i32.const 16) "${text}") (func (export "alloc") (param i32) (result i32) (i32.const 64))
  (func (export "main") (result i64) (i64.const 0x${(16).toString(16)}${length.toString(16).padStart(8, '0')})))`

export const texts: Attack[] = [
  { name: 'standard output that is not UTF-8, as a string', module: writes('\\ff\\fe\\80', 3), gives: { result: 'string' }, ends: 'ERR_RESULT_TYPE' },
  { name: 'a string that is not UTF-8', module: returns('\\c3\\28', 2), gives: { result: 'string' }, ends: 'ERR_RESULT_TYPE' },
  { name: 'a string that ends in the middle of a character', module: returns('\\e2\\82', 2), gives: { result: 'string' }, ends: 'ERR_RESULT_TYPE' },
  { name: 'an encoded surrogate', module: returns('\\ed\\a0\\80', 3), gives: { result: 'string' }, ends: 'ERR_RESULT_TYPE' },
  { name: 'JSON nested a million deep', module: fills(0x5b, 1_000_000), gives: { result: 'json' }, ends: 'ERR_RESULT_TYPE' },
  { name: 'an integer of a million digits', module: fills(0x37, 1_000_000), gives: { result: 'json' }, ends: 'ERR_RESULT_TYPE' },
  { name: 'JSON that ends too soon', module: writes('{\\22a\\22:', 5), gives: { result: 'json' }, ends: 'ERR_RESULT_TYPE' },
  { name: 'JSON with a prototype', module: writes('{\\22__proto__\\22:{\\22x\\22:1}}', 21), gives: { result: 'json' }, ends: 'ERR_RESULT_TYPE' },
  { name: 'text for an integer', module: writes('five', 4), gives: { result: 'integer' }, ends: 'ERR_RESULT_TYPE' },
  { name: 'standard output without end', ends: 'ERR_OUTPUT_LIMIT',
    module: command(WRITE, '(i32.store (i32.const 4) (i32.const 65536)) (loop (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))) (br 0))', 2) },
]
