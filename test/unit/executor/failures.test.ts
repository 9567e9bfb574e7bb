import assert from 'node:assert/strict'
import { CallError } from '../../../src/executor/call-error.ts'
import type { ErrorCode } from '../../../src/errors.ts'
import { type ProgramOptions, useExecutor } from '../../support/executor-fixture.ts'
import { rejectsWith } from '../../support/rejects.ts'

const WASI = (name: string, type: string): string => `(import "wasi_snapshot_preview1" "${name}" (func $${name} ${type}))`
const FD_WRITE = WASI('fd_write', '(param i32 i32 i32 i32) (result i32)')
const MiB = 1024 * 1024

/** Loops nested in loops, each with its own branches: small to send, slow to compile. */
const nestedLoops = (): string => {
  const body = '(local.set 0 (i64.add (i64.mul (local.get 0) (i64.const 31)) (local.get 1)))'.repeat(6)
  const nest = (depth: number): string => (depth === 0 ? body : `(loop ${body} ${nest(depth - 1)} (br_if 0 (i64.eqz (local.get 0))))`)
  return `(module (func (export "main") (local i64 i64) ${Array.from({ length: 60 }, () => nest(24)).join('\n')} (loop (br 0))))`
}

interface Hostile extends ProgramOptions { what: string, source: string | Uint8Array, code: ErrorCode, message?: RegExp }

const HOSTILE: Hostile[] = [
  { what: 'an infinite loop', source: '(module (func (export "main") (loop (br 0))))', code: 'ERR_TIME_LIMIT', timeLimitMs: 100 },
  { what: 'a start function that loops', source: '(module (func $s (loop (br 0))) (start $s) (func (export "main")))', code: 'ERR_TIME_LIMIT', timeLimitMs: 100 },
  { what: 'an initialiser that loops', source: '(module (func (export "_initialize") (loop (br 0))) (func (export "main")))', code: 'ERR_TIME_LIMIT', timeLimitMs: 100 },
  { what: 'endless bulk copies', source: '(module (memory 64) (func (export "main") (loop (memory.copy (i32.const 0) (i32.const 1) (i32.const 4000000)) (br 0))))', code: 'ERR_TIME_LIMIT', timeLimitMs: 100 },
  { what: 'a compile bomb', source: nestedLoops(), code: 'ERR_TIME_LIMIT', timeLimitMs: 200 },
  { what: 'a long sleep', source: `(module ${WASI('poll_oneoff', '(param i32 i32 i32 i32) (result i32)')} (memory (export "memory") 1) (func (export "_start")
      (i64.store (i32.const 24) (i64.const 1000000000000000)) (drop (call $poll_oneoff (i32.const 0) (i32.const 100) (i32.const 1) (i32.const 200)))))`, code: 'ERR_TIME_LIMIT', timeLimitMs: 100 },
  { what: 'a memory bomb that aborts', source: '(module (memory (export "memory") 1) (func (export "main") (loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) unreachable))', code: 'ERR_MEMORY_LIMIT', memoryLimitBytes: 8 * MiB },
  { what: 'a memory bomb that goes on', source: '(module (memory 1) (func (export "main") (loop (drop (memory.grow (i32.const 1))) (br 0))))', code: 'ERR_TIME_LIMIT', timeLimitMs: 100 },
  { what: 'too much memory to begin with', source: '(module (memory 200) (func (export "main")))', code: 'ERR_MEMORY_LIMIT', memoryLimitBytes: 8 * MiB, message: /12\.5 MiB.*8 MiB/ },
  { what: 'a table bomb', source: '(module (table 10000000 funcref) (func (export "main")))', code: 'ERR_TABLE_LIMIT', message: /10000000.*100000/ },
  { what: 'many tables', source: `(module ${'(table 1 funcref)'.repeat(17)} (func (export "main")))`, code: 'ERR_TABLE_LIMIT', message: /17.*16/ },
  { what: 'a table that grows', source: '(module (table $t 1 funcref) (func (export "main") (loop (br_if 0 (i32.ne (table.grow $t (ref.null func) (i32.const 10000)) (i32.const -1)))) unreachable))', code: 'ERR_TRAP' },
  { what: 'an output flood', source: `(module ${FD_WRITE} (memory (export "memory") 2) (func (export "_start")
      (i32.store (i32.const 4) (i32.const 65536)) (loop (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))) (br 0))))`, code: 'ERR_OUTPUT_LIMIT' },
  { what: 'a result above the limit', source: `(module (memory (export "memory") 1100) (func (export "alloc") (param i32) (result i32) i32.const 8)
      (func (export "main") (result i64) i64.const 68000000))`, code: 'ERR_OUTPUT_LIMIT', gives: { result: 'bytes' } },
  { what: 'a flood of log lines and no end', source: `(module ${FD_WRITE} (memory (export "memory") 2) (func (export "_start")
      (i32.store (i32.const 4) (i32.const 65536)) (loop (drop (call $fd_write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8))) (br 0))))`, code: 'ERR_TIME_LIMIT', timeLimitMs: 150 },
  { what: 'endless recursion', source: '(module (func $f (export "main") (call $f)))', code: 'ERR_STACK_OVERFLOW' },
  { what: 'unreachable', source: '(module (func $bad (unreachable)) (func (export "main") (call $bad)))', code: 'ERR_TRAP', message: /unreachable in bad/ },
  { what: 'a division by zero', source: '(module (func (export "main") (drop (i32.div_s (i32.const 1) (i32.const 0)))))', code: 'ERR_TRAP', message: /divide by zero/ },
  { what: 'an overflow', source: '(module (func (export "main") (drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))))', code: 'ERR_TRAP' },
  { what: 'memory out of bounds', source: '(module (memory 1) (func (export "main") (drop (i32.load (i32.const 65536)))))', code: 'ERR_TRAP', message: /out of bounds/ },
  { what: 'an indirect call of nothing', source: '(module (type $t (func)) (table 1 funcref) (func (export "main") (call_indirect (type $t) (i32.const 0))))', code: 'ERR_TRAP' },
  { what: 'a missing import that is called', source: '(module (import "env" "gone" (func $g (param i64))) (func (export "main") (call $g (i64.const 1))))', code: 'ERR_MISSING_IMPORT', message: /env\.gone/ },
  { what: 'a missing global', source: '(module (import "env" "gone" (global i32)) (func (export "main")))', code: 'ERR_MISSING_IMPORT', message: /env\.gone/ },
  { what: 'no such export', source: '(module (func (export "a")) (func (export "b")))', code: 'ERR_NO_EXPORT', message: /a, b/ },
  { what: 'an exit code', source: `(module ${FD_WRITE} ${WASI('proc_exit', '(param i32)')} (memory (export "memory") 1) (data (i32.const 16) "it broke\\n") (func (export "_start")
      (i32.store (i32.const 0) (i32.const 16)) (i32.store (i32.const 4) (i32.const 9))
      (drop (call $fd_write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8))) (call $proc_exit (i32.const 3))))`, code: 'ERR_EXIT_CODE', message: /3: it broke/ },
  { what: 'bytes that are no module', source: new TextEncoder().encode('<!DOCTYPE html><html></html>'), code: 'ERR_NOT_WASM', message: /HTML/ },
  { what: 'code that does not validate', source: Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10, 5, 1, 3, 0, 0x6a, 0x0b), code: 'ERR_MODULE_INVALID' },
]

describe('calls that fail', () => {
  const { shelf, run } = useExecutor()
  const healthy = '(module (func (export "main") (param i32) (result i32) local.get 0))'

  for (const { what, source, code, message, ...options } of HOSTILE) {
    it(`${what}: ${code}, and the next call works`, async () => {
      const error = await rejectsWith(code, run(await shelf.program(source, options)))
      if (message !== undefined) assert.match(error.message, message)
      const next = await run(await shelf.program(healthy, { takes: { n: 'integer' }, gives: { result: 'integer' } }), 7)
      assert.deepEqual(next.outputs, { result: 7 })
    })
  }

  it('fails the same way when it is asked again', async () => {
    const program = await shelf.program(new TextEncoder().encode('not a module'))
    for (let round = 0; round < 2; round++) await rejectsWith('ERR_NOT_WASM', run(program))
  })

  it('says what the module logged', async () => {
    const program = await shelf.program(`(module ${FD_WRITE} (memory (export "memory") 1) (data (i32.const 16) "step 1") (func (export "_start")
      (i32.store (i32.const 0) (i32.const 16)) (i32.store (i32.const 4) (i32.const 6))
      (drop (call $fd_write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8))) unreachable))`)
    const error = await rejectsWith('ERR_TRAP', run(program))
    assert(error instanceof CallError)
    assert.equal(error.logs, 'step 1')
  })

  it('passes on why a module could not be had', async () => {
    const program = await shelf.program(healthy)
    shelf.modules.clear()
    await rejectsWith('ERR_MODULE_NOT_FOUND', run({ ...program, module: { ...program.module, cid: 'absent' } }))
  })
})
