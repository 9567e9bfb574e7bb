import { failsWith } from '../../support/in-process.ts'

/** Modules whose own types are not those that the host passes values by. */
const CASES: Array<[string, string]> = [
  ['a WASI function that takes other numbers', '(module (import "wasi_snapshot_preview1" "sched_yield" (func $f (result i64))) (func (export "main") (drop (call $f))))'],
  ['a WASI function that is given a 64-bit pointer', '(module (import "wasi_snapshot_preview1" "random_get" (func $f (param i64 i32) (result i32))) (memory (export "memory") 1) (func (export "main") (drop (call $f (i64.const 0) (i32.const 1)))))'],
  ['a WASI function that is given 32-bit rights', '(module (import "wasi_snapshot_preview1" "fd_fdstat_set_rights" (func $f (param i32 i32 i32) (result i32))) (func (export "main") (drop (call $f (i32.const 1) (i32.const 1) (i32.const 1)))))'],
]

describe('types that host and module do not agree on', () => {
  for (const [what, module] of CASES) {
    it(`${what}: ERR_TRAP`, async () => {
      await failsWith('ERR_TRAP', module, { functionName: 'main' })
    })
  }

  it('an allocator that takes 64-bit sizes: ERR_TRAP', async () => {
    const module = '(module (memory (export "memory") 1) (func (export "__new") (param i64 i64) (result i32) (i32.const 16)) (func (export "__pin") (param i32) (result i32) (local.get 0)) (func (export "main") (param i32) (result i32) (local.get 0)))'
    await failsWith('ERR_TRAP', module, { takes: { text: 'string' }, gives: { result: 'string' } }, 'abc')
  })

  for (const [from, name] of [['env', 'clock'], ['env', 'Math.abs'], ['env', 'getTempRet0'], ['wasi_snapshot_preview1', 'sched_yield']]) {
    it(`${from}.${name} with two results is not provided`, async () => {
      await failsWith('ERR_MISSING_IMPORT', `(module (import "${from}" "${name}" (func $f (result i32 i32))) (func (export "main") (drop (call $f)) drop))`, { functionName: 'main' })
    })
  }

  it('corebrum.http_request with a reference is not provided', async () => {
    await failsWith('ERR_MISSING_IMPORT', '(module (import "corebrum" "http_request" (func $f (param externref i32) (result i32))) (memory (export "memory") 1) (func (export "main") (drop (call $f (ref.null extern) (i32.const 1)))))', { functionName: 'main' })
  })
})
