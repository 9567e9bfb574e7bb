import assert from 'node:assert/strict'
import { MemoryPool } from '../../../src/executor/memory-pool.ts'
import { bindProgram, runCall } from '../../../src/executor/call.ts'
import { compileModule } from '../../../src/executor/compile.ts'
import { wat } from '../../support/wat.ts'

describe('memories of calls', () => {
  it('are cleared before they serve another call', () => {
    const pool = new MemoryPool({ initial: 1, maximum: 4 })
    const memory = pool.take()
    new Uint8Array(memory.buffer).fill(7)
    assert.ok(pool.reusable(memory))
    pool.give(memory)
    const again = pool.take()
    assert.equal(again, memory)
    assert.ok(new Uint8Array(again.buffer).every((byte) => byte === 0))
  })

  it('are not kept when they grew', () => {
    const pool = new MemoryPool({ initial: 1, maximum: 4 })
    const memory = pool.take()
    memory.grow(1)
    assert.equal(pool.reusable(memory), false)
  })

  it('are kept from the second call on when they are large, at once when they are small', () => {
    for (const [pages, first, second] of [[4, true, true], [5, false, true], [32, false, true], [33, false, false]] as const) {
      const pool = new MemoryPool({ initial: pages, maximum: 100 })
      assert.equal(pool.reusable(pool.take()), first, `${pages} pages, first call`)
      assert.equal(pool.reusable(pool.take()), second, `${pages} pages, second call`)
    }
  })

  it('never show one call what another wrote, and data segments are there each time', async () => {
    const compiled = compileModule(await wat(`(module (memory 1) (data (i32.const 0) "\\05")
      (func (export "bump") (result i32)
        (i32.store8 (i32.const 0) (i32.add (i32.load8_u (i32.const 0)) (i32.const 1)))
        (i32.store (i32.const 1000) (i32.add (i32.load (i32.const 1000)) (i32.const 1)))
        (i32.add (i32.load8_u (i32.const 0)) (i32.load (i32.const 1000)))))`), 16)
    const program = bindProgram(compiled, { functionName: 'bump', inputs: [], outputs: [{ name: 'result', type: 'integer' }] })
    for (let i = 0; i < 3; i++) {
      const { outputs, recycle } = runCall(program, [])
      assert.deepEqual(outputs, { result: 7 })
      assert.ok(recycle)
      recycle()
    }
  })
})
