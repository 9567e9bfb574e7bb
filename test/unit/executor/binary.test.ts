import assert from 'node:assert/strict'
import fc from 'fast-check'
import { checkModule, moduleProblems } from '../../../src/executor/binary/check.ts'
import { ModuleParser, parseModule } from '../../../src/executor/binary/parse.ts'
import { leb } from '../../../src/executor/binary/reader.ts'
import { confineModule, HOSTED_MEMORY } from '../../../src/executor/binary/rewrite.ts'
import { inspectModule } from '../../../src/executor/inspect.ts'
import { CorebrumError, type ErrorCode } from '../../../src/errors.ts'
import { wat } from '../../support/wat.ts'

const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
const RICH = `(module
  (import "env" "f" (func (param i32) (result i64)))
  (import "env" "memory" (memory 1 60000))
  (import "env" "t" (table 2 funcref))
  (import "env" "g" (global (mut i32)))
  (table $own 3 externref)
  (global i32 (i32.const 7))
  (func $helper (param f32 v128) (result i32 i32) (local i64 i64 f32) i32.const 1 i32.const 2)
  (func $begin)
  (start $begin)
  (export "pair" (func $helper))
  (export "f" (func 0))
  (export "memory" (memory 0))
  (data (i32.const 8) "hello"))`

/** What it gives, or the code of the error. */
function outcomeOf (run: () => unknown): unknown {
  let outcome: unknown
  return codeOf(() => { outcome = run() }) ?? outcome
}

/** A module of hand-made sections. */
const module = (...sections: Array<[number, number[]]>): Uint8Array =>
  Uint8Array.from([...HEADER, ...sections.flatMap(([id, body]) => [id, ...leb(body.length), ...body])])

function codeOf (run: () => unknown): ErrorCode | undefined {
  try {
    run()
    return undefined
  } catch (thrown) {
    assert(thrown instanceof CorebrumError, String(thrown))
    return thrown.code
  }
}

describe('module parser', () => {
  it('reads imports, exports with types, limits and sections', async () => {
    const info = parseModule(await wat(RICH))
    assert.deepEqual(info.imports.map(({ kind, name }) => [kind, name]), [['function', 'f'], ['memory', 'memory'], ['table', 't'], ['global', 'g']])
    assert.deepEqual(info.exports.map(({ name, type }) => [name, type]), [
      ['pair', { params: ['f32', 'v128'], results: ['i32', 'i32'] }],
      ['f', { params: ['i32'], results: ['i64'] }],
      ['memory', undefined],
    ])
    assert.deepEqual(info.memories.map(({ min, max }) => [min, max]), [[1n, 60000n]])
    assert.deepEqual(info.tables.map(({ min, max }) => [min, max]), [[2n, undefined], [3n, undefined]])
    assert.deepEqual([info.functions, info.globals, info.hasStart, info.mostLocals], [2, 2, true, 3])
    assert.deepEqual(info.features, ['multivalue', 'reference-types', 'simd'])
    assert(info.customs.some((section) => section.name === 'name'))
  })

  it('says what other bytes look like', () => {
    const cases: Array<[Uint8Array, ErrorCode]> = [
      [new Uint8Array(0), 'ERR_NOT_WASM'],
      [Uint8Array.of(0x1f, 0x8b, 8), 'ERR_NOT_WASM'],
      [Uint8Array.of(0x7f, 0x45, 0x4c, 0x46), 'ERR_NOT_WASM'],
      [new TextEncoder().encode('<html>'), 'ERR_NOT_WASM'],
      [new TextEncoder().encode('(module)'), 'ERR_NOT_WASM'],
      [new TextEncoder().encode('AGFzbQEAAAA='), 'ERR_NOT_WASM'],
      [Uint8Array.of(1, 2, 3), 'ERR_NOT_WASM'],
      [Uint8Array.from(HEADER.slice(0, 6)), 'ERR_MODULE_INVALID'],
      [Uint8Array.of(0, 0x61, 0x73, 0x6d, 2, 0, 0, 0), 'ERR_MODULE_INVALID'],
      [Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0), 'ERR_MODULE_INVALID'],
    ]
    for (const [bytes, code] of cases) assert.equal(codeOf(() => parseModule(bytes)), code)
  })

  it('refuses damaged sections', () => {
    const cases: Uint8Array[] = [
      Uint8Array.from([...HEADER, 1]),
      Uint8Array.from([...HEADER, 1, 5, 0]),
      Uint8Array.from([...HEADER, 1, 0x80, 0x80, 0x80, 0x80, 0x10]),
      module([1, [1, 0x77]]),
      module([1, [0xff, 0xff, 0xff, 0xff, 0x0f]]),
      module([2, [1, 1, 0xff, 0, 0]]),
      module([2, [1, 0, 0, 9]]),
      module([5, [1, 0x20, 1]]),
      module([7, [1, 0, 9, 0]]),
      module([10, [1, 1, 0x05]]),
      module([0, [5, 0x61]]),
    ]
    for (const bytes of cases) assert.equal(codeOf(() => parseModule(bytes)), 'ERR_MODULE_INVALID', Buffer.from(bytes).toString('hex'))
  })

  it('refuses a section that stands there twice: only the first one would be confined', () => {
    for (const id of [1, 2, 3, 4, 5, 6, 7, 9, 11]) assert.equal(codeOf(() => parseModule(module([id, [0]], [id, [0]]))), 'ERR_MODULE_INVALID', String(id))
    assert.equal(codeOf(() => parseModule(module([5, [0]], [5, [1, 0, 1]]))), 'ERR_MODULE_INVALID')
    parseModule(module([0, [1, 0x61]], [0, [1, 0x61]]))
  })

  it('reads a module alike however its bytes arrive, and none before it is there', async () => {
    const base = await wat(RICH)
    fc.assert(fc.property(
      fc.array(fc.record({ at: fc.nat({ max: base.length - 1 }), byte: fc.nat({ max: 255 }) }), { maxLength: 2 }),
      fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 10 }),
      fc.nat({ max: 255 }),
      (edits, steps, filler) => {
        const bytes = base.slice()
        for (const { at, byte } of edits) bytes[at] = byte
        const arriving = new Uint8Array(bytes.length).fill(filler)
        const found = outcomeOf(() => {
          let filled = 8
          arriving.set(bytes.subarray(0, filled))
          const parser = new ModuleParser(arriving)
          for (let turn = 0; filled < bytes.length; turn++) {
            const next = Math.min(bytes.length, filled + (steps[turn % steps.length] ?? 1))
            arriving.set(bytes.subarray(filled, next), filled)
            filled = next
            parser.advance(filled)
          }
          return parser.finish()
        })
        assert.deepEqual(found, outcomeOf(() => parseModule(bytes)))
      },
    ))
  })

  it('never throws anything but its own errors, whatever the bytes are', async () => {
    const base = await wat(RICH)
    fc.assert(fc.property(
      fc.array(fc.record({ at: fc.nat({ max: base.length - 1 }), byte: fc.nat({ max: 255 }) }), { minLength: 1, maxLength: 8 }),
      fc.nat({ max: base.length }),
      (edits, length) => {
        const bytes = base.slice(0, base.length - (length % 40))
        for (const { at, byte } of edits) if (at < bytes.length) bytes[at] = byte
        codeOf(() => {
          const info = parseModule(bytes)
          checkModule(info, 1000)
          parseModule(confineModule(bytes, info, 1000).bytes)
          inspectModule(bytes)
        })
      },
    ), { numRuns: 3000 })
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (tail) => {
      codeOf(() => inspectModule(Uint8Array.from([...HEADER, ...tail])))
    }), { numRuns: 2000 })
  })
})

describe('module rewriting', () => {
  it('lowers the maxima of memories and tables, imported ones too, and nothing else', async () => {
    const bytes = await wat(RICH)
    const before = parseModule(bytes)
    const after = parseModule(confineModule(bytes, before, 100).bytes)
    assert.deepEqual(after.memories.map(({ min, max }) => [min, max]), [[1n, 100n]])
    assert.deepEqual(after.tables.map(({ min, max }) => [min, max]), [[2n, 100_000n], [3n, 100_000n]])
    assert.deepEqual(after.exports, before.exports)
    assert.deepEqual(after.customs.map(({ name }) => name), before.customs.map(({ name }) => name))
    assert.doesNotThrow(() => new WebAssembly.Module(new Uint8Array(confineModule(bytes, before, 100).bytes)))
  })

  it('keeps the bytes when nothing is over', async () => {
    const bytes = await wat('(module (import "host" "memory" (memory 1 2)) (table 1 5 funcref))')
    assert.deepEqual(confineModule(bytes, parseModule(bytes), 2), { bytes })
  })

  it('makes a memory of its own one that the host gives, with and without other imports', async () => {
    for (const imports of ['', '(import "a" "f" (func)) (import "a" "g" (global i32))']) {
      const bytes = await wat(`(module ${imports} (memory (export "memory") 1) (data (i32.const 3) "x") (func (export "f") (result i32) (memory.grow (i32.const 1))))`)
      const { bytes: confined, hosted } = confineModule(bytes, parseModule(bytes), 9)
      assert.deepEqual(hosted, { initial: 1, maximum: 9 })
      const memory = new WebAssembly.Memory({ initial: 1, maximum: 9 })
      const instance = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(confined)), {
        a: { f: () => {}, g: new WebAssembly.Global({ value: 'i32' }, 0) },
        [HOSTED_MEMORY.module]: { [HOSTED_MEMORY.name]: memory },
      })
      assert.equal(instance.exports.memory, memory)
      assert.equal(new Uint8Array(memory.buffer)[3], 'x'.charCodeAt(0))
    }
  })

  it('gives the same where it may overwrite what stands before, and never more than that', async () => {
    for (const source of [RICH, '(module (memory 1) (func (export "f") (drop (i32.const 1))) (data (i32.const 0) "x"))', '(module (func (export "f")))']) {
      const bytes = await wat(source)
      const expected = Buffer.from(confineModule(bytes, parseModule(bytes), 50).bytes)
      for (const spare of [0, 1, 20, 35, 64, 1000]) {
        const buffer = new Uint8Array(2000 + bytes.length + 10).fill(0xee)
        const held = buffer.subarray(2000, 2000 + bytes.length)
        held.set(bytes)
        const { bytes: confined } = confineModule(held, parseModule(held), 50, undefined, spare)
        assert(expected.equals(confined), `${spare} bytes`)
        assert(buffer.subarray(0, 2000 - spare).every((byte) => byte === 0xee) && buffer.subarray(2000 + bytes.length).every((byte) => byte === 0xee))
      }
    }
  })

  it('keeps a module valid for every cap at or above its minimum', async () => {
    const bytes = await wat('(module (memory 1) (func (export "f") (result i32) (memory.grow (i32.const 1000))))')
    const info = parseModule(bytes)
    for (const pages of [1, 127, 128, 16_383, 16_384, 65_536]) {
      assert.equal(parseModule(confineModule(bytes, info, pages).bytes).memories[0]?.max, BigInt(pages))
    }
  })
})

describe('module checks', () => {
  const problemsOf = (bytes: Uint8Array, pages = 100): ErrorCode[] => moduleProblems(parseModule(bytes), pages).map(({ code }) => code)

  it('refuses by name what is not supported', () => {
    assert.deepEqual(problemsOf(module([5, [1, 3, 1, 2]])), ['ERR_MODULE_UNSUPPORTED'])
    assert.deepEqual(problemsOf(module([5, [1, 4, 1]])), ['ERR_MODULE_UNSUPPORTED'])
    assert.deepEqual(problemsOf(module([5, [2, 0, 1, 0, 1]])), ['ERR_MODULE_UNSUPPORTED'])
    assert.deepEqual(problemsOf(module([5, [1, 8, 1, 0]])), ['ERR_MODULE_UNSUPPORTED'])
    assert.deepEqual(problemsOf(module([4, [1, 0x40, 0, 0x70, 0, 1, 0xd0, 0x70, 0x0b]])), ['ERR_MODULE_UNSUPPORTED'])
  })

  it('refuses what is over a limit', () => {
    assert.deepEqual(problemsOf(module([5, [1, 0, ...leb(101)]])), ['ERR_MEMORY_LIMIT'])
    assert.deepEqual(problemsOf(module([4, [1, 0x70, 0, ...leb(100_001)]])), ['ERR_TABLE_LIMIT'])
    assert.deepEqual(problemsOf(module([6, leb(100_001)])), ['ERR_MODULE_TOO_LARGE'])
    const manyLocals = [1, ...leb(50_001), 0x7f, 0x0b]
    assert.deepEqual(problemsOf(module([10, [1, ...leb(manyLocals.length), ...manyLocals]])), ['ERR_MODULE_TOO_LARGE'])
  })
})

describe('inspectModule', () => {
  it('tells what a module is and what stands in its way', async () => {
    const report = inspectModule(await wat(RICH))
    assert.equal(report.convention, 'numeric')
    assert.deepEqual(report.imports.map(({ name, provided }) => [name, provided]), [['f', false], ['memory', true], ['t', true], ['g', false]])
    assert.equal(report.initialMemoryBytes, 65_536)
    assert.deepEqual(report.problems.map(({ code }) => code), ['ERR_MISSING_IMPORT'])
    assert.equal(report.runsHere, false)
    assert.equal(report.hasFunctionNames, true)
  })

  it('names the default function', async () => {
    const command = inspectModule(await wat('(module (import "wasi_snapshot_preview1" "proc_exit" (func (param i32))) (memory (export "memory") 1) (func (export "_start")))'))
    assert.deepEqual([command.convention, command.defaultFunction, command.runsHere], ['wasi-command', '_start', true])
    const plain = inspectModule(await wat('(module (func (export "main")))'))
    assert.deepEqual([plain.convention, plain.defaultFunction], ['numeric', 'main'])
    assert.deepEqual(inspectModule(await wat('(module)')).problems.map(({ code }) => code), ['ERR_NO_EXPORT'])
  })

  it('recognises the conventions', async () => {
    const f = '(func (export "main"))'
    const cases: Array<[string, string]> = [
      ['extism', `(import "extism:host/env" "input_length" (func)) ${f}`],
      ['extism', `(import "env" "extism_input_length" (func)) ${f}`],
      ['go-js', '(import "gojs" "x" (func)) (func (export "run")) (func (export "resume")) (func (export "getsp"))'],
      ['wasm-bindgen', '(func (export "__wbindgen_malloc"))'],
      ['wasm-bindgen', `(import "./x_bg.js" "y" (func)) ${f}`],
      ['napi', `(import "env" "napi_create_int32" (func)) ${f}`],
      ['embind', `(import "env" "_embind_register_void" (func)) ${f}`],
      ['emscripten-minified', `(import "a" "b" (func)) ${f}`],
      ['assemblyscript', '(func (export "__new")) (func (export "__pin")) (func (export "__unpin"))'],
      ['assemblyscript', '(func (export "__alloc")) (func (export "__retain"))'],
      ['assemblyscript', `(import "env" "abort" (func (param i32 i32 i32 i32))) ${f}`],
      ['c-main', '(import "wasi_snapshot_preview1" "fd_write" (func)) (func (export "main") (param i32 i32) (result i32) i32.const 0)'],
    ]
    for (const [convention, body] of cases) {
      const report = inspectModule(await wat(`(module ${body})`))
      assert.equal(report.convention, convention)
    }
    assert.equal(inspectModule(module([0, [23, ...Buffer.from('__wasm_bindgen_unstable')]])).convention, 'wasm-bindgen-raw')
  })
})
