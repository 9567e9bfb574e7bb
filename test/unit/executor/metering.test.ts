import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { meterModule, FUEL_EXPORT, START_EXPORT } from '../../../src/executor/binary/fuel.ts'
import { InstructionReader } from '../../../src/executor/binary/instruction-reader.ts'
import { FORMS, Form, prefixedForm } from '../../../src/executor/binary/opcodes.ts'
import { parseModule } from '../../../src/executor/binary/parse.ts'
import { leb } from '../../../src/executor/binary/reader.ts'
import { changeSections } from '../../../src/executor/binary/sections.ts'
import { CorebrumError, type ErrorCode } from '../../../src/errors.ts'
import { wat } from '../../support/wat.ts'

const root = new URL('../../../', import.meta.url)
const BUDGET = 10n ** 15n

function meter (bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(changeSections(bytes, parseModule(bytes), meterModule(bytes, parseModule(bytes))))
}

const section = (id: number, ...body: number[]): number[] => [id, ...leb(body.length), ...body]

/** A module with one of everything that an instruction can name, and a function `() -> ()` with this code before its end. */
function withCode (code: number[], locals: number[] = [0]): Uint8Array<ArrayBuffer> {
  const body = [...locals, ...code, 0x0b]
  return Uint8Array.from([
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, 1, 0x60, 0, 0), ...section(3, 1, 0), ...section(4, 1, 0x70, 0, 1), ...section(5, 1, 0, 1), ...section(13, 1, 0, 0),
    ...section(6, 1, 0x7f, 1, 0x41, 0, 0x0b), ...section(9, 1, 1, 0, 1, 0), ...section(12, 1),
    ...section(10, 1, ...leb(body.length), ...body), ...section(11, 1, 1, 0),
  ])
}

function codeOf (run: () => unknown): ErrorCode | undefined {
  try {
    run()
    return undefined
  } catch (thrown) {
    assert(thrown instanceof CorebrumError, String(thrown))
    return thrown.code
  }
}

/** Ways to fill in an instruction of this form, of which V8 takes one. */
function immediates (form: number): number[][] {
  const aligned = [0, 1, 2, 3, 4].map((align) => [align, 0])
  switch (form) {
    case Form.NONE: return [[]]
    case Form.LEB: return [[0], [0x70]]
    case Form.LEB_LEB: return [[0, 0]]
    case Form.BYTE: return [[0]]
    case Form.BYTES_4: return [[0, 0, 0, 0]]
    case Form.BYTES_8: return [Array<number>(8).fill(0)]
    case Form.BYTES_16: return [Array<number>(16).fill(0)]
    case Form.MEMARG: return aligned
    case Form.MEMARG_LANE: return aligned.map((memarg) => [...memarg, 0])
    case Form.BLOCK_TYPE: return [[0x40]]
    case Form.BR_TABLE: return [[1, 0, 0]]
    case Form.SELECT: return [[1, 0x7f]]
    case Form.TRY_TABLE: return [[0x40, 1, 2, 0]]
    default: return []
  }
}

/** What stands around instructions that are not complete alone. */
function completed (code: number, instruction: number[]): number[] {
  switch (code) {
    case 0x02: case 0x03: case 0x04: case 0x1f: return [...instruction, 0x0b]
    case 0x06: return [...instruction, 0x19, 0x0b]
    case 0x05: return [0x04, 0x40, 0x05, 0x0b]
    case 0x07: return [0x06, 0x40, 0x07, 0, 0x0b]
    case 0x09: return [0x06, 0x40, 0x19, 0x09, 0, 0x0b]
    case 0x18: return [0x06, 0x40, 0x18, 0]
    case 0x19: return [0x06, 0x40, 0x19, 0x0b]
    case 0x0b: return [0x02, 0x40, 0x0b]
    case 0x20: case 0x21: case 0x22: return instruction
    default: return instruction
  }
}

/** Every instruction that is read, with its bytes. */
function allInstructions (): Array<{ name: string, variants: number[][] }> {
  const found: Array<{ name: string, variants: number[][] }> = []
  const add = (name: string, code: number, opcode: number[], form: number): void => {
    const variants = immediates(form).map((immediate) => [0x00, ...completed(code, [...opcode, ...immediate]), 0x00])
    if (variants.length > 0) found.push({ name, variants })
  }
  for (let code = 0; code < 0x100; code++) add(`0x${code.toString(16)}`, code, [code], FORMS[code] ?? 0)
  for (const prefix of [0xfc, 0xfd, 0xfe]) {
    for (let number = 0; number < 0x200; number++) add(`0x${prefix.toString(16)} ${number}`, -1, [prefix, ...leb(number)], prefixedForm(prefix, number))
  }
  return found
}

function wasmFiles (folder: string): string[] {
  const path = fileURLToPath(new URL(folder, root))
  return readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.wasm')).map((name) => `${path}/${name}`)
}

/** A module that declares one local more than it may use would otherwise see the fuel. */
async function run (source: string, name = 'f', ...args: number[]): Promise<{ used: bigint, left: bigint, result: unknown, trapped: boolean }> {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(meter(await wat(source))))
  const fuel = instance.exports[FUEL_EXPORT]
  const target = instance.exports[name]
  assert(fuel instanceof WebAssembly.Global && typeof target === 'function')
  const budget = source.includes('forever') ? 10_000n : BUDGET
  fuel.value = budget
  let result: unknown
  let trapped = false
  try {
    result = target(...args)
  } catch (thrown) {
    assert(thrown instanceof WebAssembly.RuntimeError, String(thrown))
    trapped = true
  }
  const left = typeof fuel.value === 'bigint' ? fuel.value : 0n
  return { used: budget - left, left, result, trapped }
}

describe('reading instructions', () => {
  /** Known here, and not in every version of the engine. */
  const NEWER = new Set(['0xa', '0x1f', '0x14', '0x15', '0xd3', '0xd4', '0xd5', '0xd6'])

  it('takes what stands behind each opcode as the engine does, and meters it', () => {
    const refused: string[] = []
    for (const { name, variants } of allInstructions()) {
      const taken = variants.map((code) => withCode(code, [1, 1, 0x7f])).find((bytes) => WebAssembly.validate(bytes))
      if (taken === undefined) refused.push(name)
      else assert(WebAssembly.validate(meter(taken)), name)
    }
    // A fence, atomic accesses and lanes are read byte by byte, so a wrong form would be refused by the engine.
    assert.deepEqual(refused.filter((name) => !NEWER.has(name)), [])
  })

  it('ends every instruction where the next one begins', () => {
    const cases: Array<[string, number, number]> = [
      ['02 63 00', 0x02, 0], ['02 7f', 0x02, 0], ['06 80 7f', 0x06, 0], ['0c 85 00', 0x0c, 5], ['0e 02 01 07 03', 0x0e, 7], ['0e 00 02', 0x0e, 2],
      ['11 81 01 00', 0x11, 129], ['1c 01 63 70', 0x1c, 0], ['1f 40 00', 0x1f, -1], ['1f 40 03 00 05 01 01 00 04 02 09', 0x1f, 9], ['28 02 80 08', 0x28, 0],
      ['28 42 01 10', 0x28, 0], ['41 80 80 80 80 78', 0x41, 0x80000000], ['42 80 80 80 80 80 80 80 80 80 7f', 0x42, 0],
      ['43 00 00 00 80', 0x43, 0], ['44 00 00 00 00 00 00 00 80', 0x44, 0], ['d0 83 00', 0xd0, 3], ['fc 0a 00 00', 0xfc000a, 0], ['fc 8a 00 00 00', 0xfc000a, 0],
      ['fd 0c 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f', 0xfd000c, 0], ['fd 54 00 00 03', 0xfd0054, 0], ['fd 5c 02 04', 0xfd005c, 0], ['fd e3 01', 0xfd00e3, 0],
      ['fe 03 00', 0xfe0003, 0], ['fe 10 02 00', 0xfe0010, 0], ['14 00', 0x14, 0], ['d5 02', 0xd5, 2],
    ]
    for (const [hex, code, operand] of cases) {
      const bytes = Buffer.from(hex.replaceAll(' ', ''), 'hex')
      const reader = new InstructionReader(bytes)
      reader.enter(0, bytes.length)
      assert.equal(reader.next(), code, hex)
      assert(reader.done, hex)
      if (operand !== 0) assert.equal(reader.operand, operand, hex)
      for (let cut = 1; cut < bytes.length; cut++) {
        const short = new InstructionReader(bytes.subarray(0, cut))
        short.enter(0, cut)
        assert.equal(codeOf(() => short.next()), 'ERR_MODULE_INVALID', `${hex} cut to ${cut}`)
      }
    }
  })

  it('tells what cannot be counted from what is no instruction', () => {
    for (const code of [[0xfb, 0], [0xfd, 0x80, 0x02], [0xfc, 19], [0xe0]]) assert.equal(codeOf(() => meter(withCode(code))), 'ERR_MODULE_UNSUPPORTED', String(code))
    for (const code of [[0x27], [0xff], [0xc5], [0xfc, 18], [0xfd, 0xff, 0x7f], [0xfe, 0x60], [0xfc, 0xff, 0xff, 0xff, 0xff, 0x0f]]) assert.equal(codeOf(() => meter(withCode(code))), 'ERR_MODULE_INVALID', String(code))
  })
})

describe('metered modules', () => {
  it('are valid where they were', () => {
    const files = ['node_modules', 'task_definitions', 'examples', 'test/fixtures'].flatMap(wasmFiles)
    let valid = 0
    for (const file of files) {
      const bytes = new Uint8Array(readFileSync(file))
      if (!WebAssembly.validate(bytes)) continue
      assert(WebAssembly.validate(meter(bytes)), file)
      valid++
    }
    assert(valid >= 30, `${valid} modules`)
  })

  it('keep every index, name and export, and export their fuel', async () => {
    const bytes = await wat(`(module (import "a" "f" (func)) (import "a" "g" (global i32)) (global $own (mut i32) (i32.const 1)) (memory (export "memory") 1)
      (func $begin (global.set $own (i32.const 2))) (func (export "f") (result i32) (global.get $own)) (start $begin))`)
    const before = parseModule(bytes)
    const after = parseModule(meter(bytes))
    assert.deepEqual(after.exports.slice(0, 2), before.exports)
    assert.deepEqual(after.exports.slice(2).map(({ name, kind, index }) => [name, kind, index]), [[FUEL_EXPORT, 'global', 2], [START_EXPORT, 'function', 1]])
    assert.deepEqual([after.hasStart, after.globals, after.imports.length, after.customs.length], [false, 3, 2, before.customs.length])
  })

  it('are valid where a branch out of a loop carries values to another loop, whatever its type is called', async () => {
    for (const types of [0, 70, 300]) {
      const others = Array.from({ length: types }, (_, index) => `(type (func (param ${'i64 '.repeat(index + 2)})))`).join('')
      const bytes = await wat(`(module ${others} (type $t (func (param i32))) (func (export "f") (param i32) (i32.const 5)
        (loop $outer (type $t) (param i32) (drop) (loop $inner (drop (br_if $outer (i32.sub (local.get 0) (i32.const 1)) (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (br_if $inner (local.get 0))))))`)
      assert(WebAssembly.validate(bytes.slice()) && WebAssembly.validate(meter(bytes)), `${types} types before`)
    }
  })

  it('are refused when counting makes a function larger than the engine takes', () => {
    const loops = 500_000
    const size = 3 * loops + 2
    const head = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, ...section(1, 1, 0x60, 0, 0), ...section(3, 1, 0), 10, ...leb(size + leb(size).length + 1), 1, ...leb(size), 0]
    const bytes = Buffer.concat([Buffer.from(head), Buffer.alloc(3 * loops, Uint8Array.of(0x03, 0x40, 0x0b)), Buffer.of(0x0b)])
    assert(WebAssembly.validate(new Uint8Array(bytes)))
    assert.equal(codeOf(() => meter(bytes)), 'ERR_MODULE_TOO_LARGE')
  })

  it('reach neither the fuel nor its local', () => {
    for (const code of [[0x23, 1, 0x1a], [0x42, 0, 0x24, 1], [0x20, 0, 0x1a], [0x42, 0, 0x21, 0]]) assert.equal(codeOf(() => meter(withCode(code))), 'ERR_MODULE_INVALID', String(code))
  })

  it('are refused when their code is damaged', () => {
    for (const code of [[0x41], [0x0b, 0x01], [0x02, 0x40], [0x0e, 0xff, 0xff, 0xff, 0xff, 0x0f], [0x43, 0], [0x28, 0x02], [0x04, 0x40, 0x0b, 0x0b]]) {
      const bytes = withCode(code)
      assert.equal(codeOf(() => meter(bytes)) ?? (WebAssembly.validate(meter(bytes)) ? undefined : 'ERR_MODULE_INVALID'), 'ERR_MODULE_INVALID', String(code))
    }
  })

  it('become valid by no damage, and never fail but with an error of their own', () => {
    const base = new Uint8Array(readFileSync(new URL('task_definitions/wasm/text.wasm', root)))
    const code = parseModule(base).sections.find(({ id }) => id === 10)
    assert(code !== undefined)
    fc.assert(fc.property(fc.array(fc.record({ at: fc.integer({ min: code.start, max: code.end - 1 }), byte: fc.nat({ max: 255 }) }), { minLength: 1, maxLength: 4 }), (edits) => {
      const bytes = base.slice()
      for (const { at, byte } of edits) bytes[at] = byte
      let metered: Uint8Array<ArrayBuffer> | undefined
      const refusal = codeOf(() => { metered = meter(bytes) })
      if (WebAssembly.validate(bytes)) assert(metered !== undefined && WebAssembly.validate(metered), `valid and refused with ${refusal}`)
    }), { numRuns: 60 })
  })
})

describe('fuel', () => {
  const LOOP = '(module (func (export "f") (param i32) (result i32) (local i32) (loop (local.set 1 (i32.add (local.get 1) (i32.const 3))) (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))) (local.get 1)))'

  it('is taken for each turn of a loop, and the same each time', async () => {
    const [ten, twenty, again] = [await run(LOOP, 'f', 10), await run(LOOP, 'f', 20), await run(LOOP, 'f', 10)]
    assert.deepEqual([ten.result, twenty.result], [30, 60])
    assert.equal(ten.used, again.used)
    assert.equal(twenty.used - ten.used, 10n * 9n)
  })

  it('is taken for what is run, not for the branches beside it', async () => {
    const big = '(drop (i32.const 1))'.repeat(100)
    const source = `(module (func (export "f") (param i32) (if (local.get 0) (then ${big}) (else (nop)))))`
    const [taken, not] = [await run(source, 'f', 1), await run(source, 'f', 0)]
    assert.equal(taken.used - not.used, 200n)
  })

  it('is not avoided by leaving blocks early, by values on the stack, by tables of branches or by tail calls', async () => {
    const sources = [
      '(block (loop (br_if 1 (i32.const 0)) (br 0)))',
      '(loop (block (block (br_table 0 1 2 (i32.const 2)))))',
      '(loop (if (i32.const 1) (then (br 1)) (else (nop))))',
      '(drop (loop (result i32) (drop (block (result i32) (br_if 0 (i32.const 1) (i32.const 0)))) (br 0)))',
      '(loop (loop (loop (br 2))))',
      '(loop (call $empty) (br 0))',
      '(call $itself)',
      '(call $ping)',
      '(call_indirect (i32.const 0))',
      '(loop (br_if 0 (i32.const 1)))',
      '(loop (try (do (throw $tag)) (catch $tag (br 1))))',
      '(loop (try (do (call $thrower)) (catch_all)) (br 0))',
    ]
    for (const code of sources) {
      const ended = await run(`(module (; forever ;) (tag $tag) (table funcref (elem $spin)) (func $empty) (func $itself (return_call $itself)) (func $ping (call $empty) (return_call $pong)) (func $pong (return_call $ping))
        (func $spin (return_call_indirect (i32.const 0))) (func $thrower (loop (throw $tag))) (func (export "f") ${code}))`)
      assert(ended.trapped && ended.left < 0n && ended.left > -500n, `${code}: ${ended.left}`)
    }
  })

  it('is taken for work by length, before it is done', async () => {
    const head = '(module (memory 16 20) (data $d "0123456789abcdef") (table $t 1000 2000 funcref) (elem $e func 0 0 0 0)'
    const cost = async (code: string): Promise<bigint> => (await run(`${head} (func (export "f") ${code}))`)).used
    const none = await cost('(memory.fill (i32.const 0) (i32.const 1) (i32.const 0))')
    assert.equal(await cost('(memory.fill (i32.const 0) (i32.const 1) (i32.const 80000))') - none, 10_000n)
    assert.equal(await cost('(memory.copy (i32.const 0) (i32.const 1) (i32.const 80000))') - none, 10_000n)
    assert.equal(await cost('(memory.init $d (i32.const 0) (i32.const 0) (i32.const 16))') - none, 2n)
    const table = await cost('(table.copy $t $t (i32.const 0) (i32.const 0) (i32.const 0))')
    assert.equal(await cost('(table.copy $t $t (i32.const 0) (i32.const 0) (i32.const 100))') - table, 1_600n)
    assert.equal(await cost('(table.init $t $e (i32.const 0) (i32.const 0) (i32.const 4))') - table, 64n)
    const grow = await cost('(drop (memory.grow (i32.const 0)))')
    assert.equal(await cost('(drop (memory.grow (i32.const 2)))') - grow, 2_048n)
    const tableGrow = await cost('(drop (table.grow $t (ref.null func) (i32.const 0)))')
    assert.equal(await cost('(drop (table.grow $t (ref.null func) (i32.const 7)))') - tableGrow, 112n)
    assert.equal(await cost('(table.fill $t (i32.const 0) (ref.null func) (i32.const 7))') - table, 112n)
    const huge = await run(`${head} (; forever ;) (func (export "f") (memory.fill (i32.const 0) (i32.const 1) (i32.const -1))))`)
    assert(huge.trapped && huge.left < 0n)
  })

  it('is counted right when a loop is left in every way', async () => {
    const source = (leave: string): string => `(module (func (export "f") (param i32) (result i32) (local i32)
      (block $out (block $values (result i32) (loop $again (local.set 1 (i32.add (local.get 1) (i32.const 1))) (br_if $again (i32.lt_u (local.get 1) (local.get 0))) ${leave}) (i32.const 7) ) (drop)) (local.get 1)))`
    const ways = ['(br $out)', '(return (local.get 1))', '(br_if $out (i32.const 1))', '(br_table $out $out (i32.const 0))', '(drop (br_if $values (i32.const 3) (i32.const 1)))', '(br $values (i32.const 2))']
    for (const way of ways) {
      const [one, two, three] = [await run(source(way), 'f', 1000), await run(source(way), 'f', 2000), await run(source(way), 'f', 3000)]
      assert.equal(one.result, 1000, way)
      assert(two.used - one.used === three.used - two.used && two.used - one.used >= 8_000n, `${way}: ${one.used}, ${two.used}, ${three.used}`)
    }
  })
})
