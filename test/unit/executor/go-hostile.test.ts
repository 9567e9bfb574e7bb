import assert from 'node:assert/strict'
import type { ErrorCode } from '../../../src/errors.ts'
import { GLOBAL, goModule, probe, texts } from '../../support/go-module.ts'
import { failsWith, outputsOf, tryCall } from '../../support/in-process.ts'
import { useExecutor } from '../../support/executor-fixture.ts'
import { rejectsWith } from '../../support/rejects.ts'

const GIVES = { result: 'json' } as const

/** Ways to JavaScript itself that a program may try. */
const WAYS_OUT: string[][] = [
  ...['Function', 'eval', 'Reflect', 'Proxy', 'WebAssembly', 'require', 'module', 'import', 'fetch', 'Symbol', 'SharedArrayBuffer', 'Worker', '__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'].map((name) => [name]),
  ...['mainModule', 'binding', 'env', 'exit', 'kill', 'dlopen', '_linkedBinding', 'stdout', 'constructor', '__proto__'].map((name) => ['process', name]),
  ...['constructor', '__proto__', 'prototype', 'getPrototypeOf', 'defineProperty', 'assign', 'setPrototypeOf', 'create', 'call', 'apply', 'bind'].map((name) => ['Object', name]),
  ['Array', 'prototype'], ['Array', 'from'], ['Uint8Array', 'prototype'], ['Uint8Array', 'constructor'], ['Promise', 'constructor'],
  ['fs', 'constructor'], ['fs', 'readFileSync'], ['fs', 'writeSync', 'constructor'], ['console', 'log', 'constructor'], ['console', 'log', 'call'],
  ['JSON', 'parse', '__proto__'], ['Math', '__proto__'], ['globalThis', 'process', 'mainModule'], ['global', 'global', 'Function'], ['crypto', 'subtle'], ['crypto', 'webcrypto'],
]

/** Addresses that lie, each in the argument of an import that takes one. */
interface Attack { what: string, code: ErrorCode, run: string, imports?: string[] }

const frame = (writes: string, call: string): string => `${writes} (call ${call} (i32.const 4096))`
const word = (offset: number, value: string): string => `(i64.store (i32.const ${4096 + offset}) (i64.const ${value}))`

const ATTACKS: Attack[] = [
  { what: 'a stack beyond the memory', code: 'ERR_POINTER', run: '(call $valueGet (i32.const 131068))' },
  { what: 'a stack at the end of the address space', code: 'ERR_POINTER', run: '(call $valueGet (i32.const -8))' },
  { what: 'a name that ends beyond the memory', code: 'ERR_POINTER', run: frame(word(16, '131000') + word(24, '1000'), '$valueGet') },
  { what: 'a name of negative length', code: 'ERR_POINTER', run: frame(word(16, '64') + word(24, '-5'), '$valueGet') },
  { what: 'a name at 2^62', code: 'ERR_POINTER', run: frame(word(16, '0x4000000000000000') + word(24, '1'), '$valueGet') },
  { what: 'arguments without end', code: 'ERR_POINTER', run: frame(word(32, '0') + word(40, '0x10000000'), '$valueCall') },
  { what: 'a write of negative length', code: 'ERR_POINTER', run: frame(`${word(8, '1')} ${word(16, '64')} (i32.store (i32.const 4120) (i32.const -1))`, '$wasmWrite') },
  { what: 'a write to a descriptor that is not open', code: 'ERR_TRAP', run: frame(`${word(8, '77')} ${word(16, '64')} (i32.store (i32.const 4120) (i32.const 1))`, '$wasmWrite') },
  { what: 'random bytes for all addresses', code: 'ERR_POINTER', imports: ['runtime.getRandomData'], run: frame(word(8, '0') + word(16, '0x100000000'), '$getRandomData') },
  { what: 'timers without end', code: 'ERR_MEMORY_LIMIT', imports: ['runtime.scheduleTimeoutEvent'], run: `${word(8, '1000')} (loop (call $scheduleTimeoutEvent (i32.const 4096)) (br 0))` },
]

function attackOf ({ run, imports }: Attack): string {
  return goModule({ run, ...(imports === undefined ? {} : { imports }) })
}

/** Makes values of a class over and over; `keep` puts each into a field of the first one. */
function hoard (className: string, size: number, keep: boolean): string {
  const { fields, at } = texts([className, 'next'])
  return goModule({
    fields,
    imports: ['syscall/js.finalizeRef'],
    run: `(local $class i64) (local $made i64) (local $count i32)
      (local.set $class (call $get ${GLOBAL} ${at(className)}))
      (loop
        (local.set $made (call $new (local.get $class) (i64.reinterpret_f64 (f64.const ${size}))))
        ${keep ? '' : '(i64.store (i32.const 4104) (local.get $made)) (call $finalizeRef (i32.const 4096))'}
        (local.set $count (i32.add (local.get $count) (i32.const 1)))
        (br_if 0 (i32.lt_u (local.get $count) (i32.const 100))))
      (call $exit (i32.const 0))`,
  })
}

describe('Go modules that mean harm', () => {
  for (const path of WAYS_OUT) {
    it(`finds no ${path.join('.')}`, async () => {
      assert.deepEqual(await outputsOf(probe(path), { gives: GIVES }), { result: true })
    })
  }

  it('finds what Go needs, so that the probe tells something', async () => {
    for (const path of [['fs', 'write'], ['process', 'pid'], ['Object'], ['Uint8Array'], ['crypto', 'getRandomValues']]) {
      assert.deepEqual(await outputsOf(probe(path), { gives: GIVES }), { result: false }, path.join('.'))
    }
  })

  for (const attack of ATTACKS) {
    it(`${attack.what}: ${attack.code}`, async () => {
      await failsWith(attack.code, attackOf(attack), { gives: GIVES })
    })
  }

  it('a field called __proto__ is a field and nothing else', async () => {
    const { fields, at } = texts(['__proto__', 'polluted', 'Object', 'fs', 'true', 'false'])
    const source = goModule({
      fields,
      run: `(call $set (call $get ${GLOBAL} ${at('fs')}) ${at('__proto__')} (call $get ${GLOBAL} ${at('Object')}))
        (call $set (call $get (call $get ${GLOBAL} ${at('fs')}) ${at('__proto__')}) ${at('polluted')} (i64.const 0x7ff8000000000003))
        (if (i64.eqz (call $get (call $get ${GLOBAL} ${at('fs')}) ${at('polluted')})) (then (call $print ${at('true')})) (else (call $print ${at('false')})))
        (call $exit (i32.const 0))`,
    })
    assert.deepEqual(await outputsOf(source, { gives: GIVES }), { result: true })
    assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false)
  })

  it('a call of what is no function fails for the program, which may go on', async () => {
    const { fields, at } = texts(['fs', 'nothing', 'true', 'false'])
    const source = goModule({
      fields,
      run: `(drop (call $call (call $get ${GLOBAL} ${at('fs')}) ${at('nothing')} (i64.const 0)))
        (if (call $ok) (then (call $print ${at('false')})) (else (call $print ${at('true')}))) (call $exit (i32.const 0))`,
    })
    assert.deepEqual(await outputsOf(source, { gives: GIVES }), { result: true })
  })

  it('an array of 2^40 bytes, or of 2^31 items, is refused before it is made', async () => {
    await failsWith('ERR_MEMORY_LIMIT', hoard('Uint8Array', 2 ** 40, true), { gives: GIVES })
    await failsWith('ERR_MEMORY_LIMIT', hoard('Array', 2 ** 31, true), { gives: GIVES })
  })

  it('an exit within a function of the host ends the program, whatever follows it', async () => {
    const error = await failsWith('ERR_EXIT_CODE', goModule({ run: '(call $exit (i32.const 9)) (loop (br 0))' }), { gives: GIVES })
    assert.match(error.message, /exit code 9/)
  })

  it('runs into no event: a deadlock', async () => {
    const error = await failsWith('ERR_EXIT_CODE', goModule({}), { gives: GIVES })
    assert.match(error.message, /asleep/)
  })

  it('a runtime of another shape is refused', async () => {
    const shape = (run: string, getsp: string): string => `(module (import "gojs" "x" (func)) (memory (export "mem") 1)
      (func (export "run") ${run}) (func (export "resume")) (func (export "getsp") ${getsp}))`
    await failsWith('ERR_SIGNATURE', shape('(param i64 i64)', '(result i32) i32.const 0'), {})
    await failsWith('ERR_SIGNATURE', shape('(param i32 i32)', '(result i64) i64.const 0'), {})
    await failsWith('ERR_SIGNATURE', '(module (import "gojs" "x" (func)) (func (export "run") (param i32 i32)) (func (export "resume")) (func (export "getsp") (result i32) i32.const 0))', {})
  })

  it('an import with another type, or of another name, is named when it is called', async () => {
    const source = (item: string, call: string): string => `(module (import "gojs" ${item}) (memory (export "mem") 1)
      (func (export "run") (param i32 i32) ${call}) (func (export "resume")) (func (export "getsp") (result i32) i32.const 0))`
    await failsWith('ERR_MISSING_IMPORT', source('"syscall/js.valueGet" (func $f (param i64))', '(call $f (i64.const 1))'), { gives: GIVES })
    const { error } = await tryCall(source('"runtime.escape" (func $f (param i32))', '(call $f (i32.const 1))'), { gives: GIVES })
    assert.match(error?.message ?? '', /gojs\.runtime\.escape/)
  })
})

describe('Go modules that mean harm, in a sandbox', () => {
  const { shelf, run } = useExecutor()

  it('byte arrays that a program keeps are bounded', async () => {
    await rejectsWith('ERR_MEMORY_LIMIT', run(await shelf.program(hoard('Uint8Array', 4_000_000, true), { gives: GIVES })))
  })

  it('arrays that a program keeps are bounded', async () => {
    await rejectsWith('ERR_MEMORY_LIMIT', run(await shelf.program(hoard('Array', 200_000, true), { gives: GIVES })))
  })

  it('what a program lets go does not count', async () => {
    assert.deepEqual((await run(await shelf.program(hoard('Uint8Array', 4_000_000, false)))).outputs, {})
  })

  it('a wait for an hour ends at the time limit', async () => {
    const source = goModule({ imports: ['runtime.scheduleTimeoutEvent'], run: `${word(8, '3600000')} (call $scheduleTimeoutEvent (i32.const 4096))` })
    await rejectsWith('ERR_TIME_LIMIT', run(await shelf.program(source, { gives: GIVES, timeLimitMs: 100 })))
  })
})
