/** Strings that a function takes and a task does not declare: the host fills them, in sandbox processes as they are. */
import assert from 'node:assert/strict'
import { TASK_ID, WORKER_ID, useExecutor } from '../../../support/executor-fixture.ts'
import { shippedFile } from '../../../support/shipped.ts'

const METADATA = { functionName: 'compute_factorial_with_metadata', takes: { number: 'integer' } } as const

/** Two texts in, both out as one. */
const PAIR = `(module
  (import "wbg" "__wbindgen_throw" (func (param i32 i32)))
  (memory (export "memory") 1)
  (global $top (mut i32) (i32.const 1024))
  (func (export "__wbindgen_malloc") (param i32 i32) (result i32)
    (local $at i32)
    (local.set $at (global.get $top))
    (global.set $top (i32.add (local.get $at) (local.get 0)))
    (local.get $at))
  (func (export "main") (param i32 i32 i32 i32) (result i32 i32)
    (local.get 0) (i32.add (local.get 1) (local.get 3))))`

describe('names of worker and task for wasm-bindgen modules', () => {
  const { shelf, run } = useExecutor()

  it('come from the host, first and later', async () => {
    const program = await shelf.program(shippedFile('factorial_wasm_bindgen.wasm'), { ...METADATA, gives: { factorial: 'integer', worker_id: 'string' } })
    for (const number of [5, 6, 7]) {
      const { outputs } = await run(program, number)
      assert.deepEqual(outputs, { factorial: [120, 720, 5040][number - 5], worker_id: WORKER_ID })
    }
  })

  it('come to many calls at once', async () => {
    const program = await shelf.program(shippedFile('factorial_wasm_bindgen.wasm'), { ...METADATA, gives: { worker_id: 'string', digits: 'integer' } })
    const results = await Promise.all(Array.from({ length: 20 }, (_, number) => run(program, number)))
    assert.ok(results.every(({ outputs }) => outputs['worker_id'] === WORKER_ID))
  })

  it('are the worker\'s and then the task\'s', async () => {
    const { outputs } = await run(await shelf.program(PAIR, { functionName: 'main', gives: { r: 'string' } }))
    assert.deepEqual(outputs, { r: WORKER_ID + TASK_ID })
  })

  it('come to a function that returns by pointer, behind a number', async () => {
    const module = PAIR.replace(/\(func \(export "main"\)[^]*$/, `(func (export "__wbindgen_add_to_stack_pointer") (param i32) (result i32) (i32.const 64))
      (func (export "main") (param i32 i32 i32 i32) (i32.store (local.get 0) (local.get 2)) (i32.store offset=4 (local.get 0) (local.get 3))))`)
    const { outputs } = await run(await shelf.program(module, { functionName: 'main', takes: { n: 'integer' }, gives: { r: 'string' } }), 5)
    assert.deepEqual(outputs, { r: WORKER_ID })
  })

  it('are not given twice', async () => {
    const { outputs } = await run(await shelf.program(PAIR, { functionName: 'main', takes: { worker_id: 'string' }, gives: { r: 'string' } }), undefined)
    assert.deepEqual(outputs, { r: WORKER_ID + TASK_ID })
  })

  it('tell workers apart in no deterministic task', async () => {
    const { outputs } = await run(await shelf.program(PAIR, { functionName: 'main', gives: { r: 'string' }, deterministic: true }))
    assert.deepEqual(outputs, { r: `worker${TASK_ID}` })
  })
})
