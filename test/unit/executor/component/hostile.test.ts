import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { CorebrumError, type ErrorCode } from '../../../../src/errors.ts'
import { compileBinary } from '../../../../src/executor/compile-binary.ts'
import { inspectModule } from '../../../../src/executor/inspect.ts'
import {
  type Bytes, ComponentBuilder, Extern, Primitive, UTF16, concat, exportDecl, func, instanceType, listOf, memoryOption, oneFunction, record, reallocOption, tuple, typeDecl, variant,
} from '../../../support/component-builder.ts'
import { useExecutor } from '../../../support/executor-fixture.ts'
import { rejectsWith } from '../../../support/rejects.ts'
import { wat } from '../../../support/wat.ts'

const PAGES = 1024
const fixture = (file: string): Uint8Array => readFileSync(new URL(`../../../fixtures/components/${file}.wasm`, import.meta.url))

function refuses (bytes: Uint8Array, code: ErrorCode): void {
  assert.throws(() => compileBinary(bytes, PAGES, {}), (error) => error instanceof CorebrumError && error.code === code)
}

/** Reading it ends by itself, in a report or with an error that has a code of its own. */
function survives (bytes: Uint8Array): void {
  for (const read of [() => inspectModule(bytes), () => compileBinary(bytes, PAGES, {})]) {
    try {
      read()
    } catch (error) {
      assert(error instanceof CorebrumError && error.code !== 'ERR_INTERNAL', String(error))
    }
  }
}

describe('hostile components: reading', () => {
  it('ends for every cut', () => {
    for (const [file, step] of [['text', 7], ['composed', 2]] as const) {
      const bytes = fixture(file)
      for (let length = 0; length < bytes.length; length += step) survives(bytes.subarray(0, length))
    }
  })

  it('ends for every changed byte', () => {
    const bytes = fixture('composed')
    for (let at = 8; at < bytes.length; at++) {
      const changed = bytes.slice()
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8))
      survives(changed)
      changed[at] = 0xff
      survives(changed)
    }
  })

  it('refuses lists that claim more than there is', () => {
    for (const id of [2, 5, 6, 7, 8, 10, 11]) refuses(new ComponentBuilder().raw(id, [0xff, 0xff, 0xff, 0xff, 0x0f]).bytes(), 'ERR_MODULE_INVALID')
    refuses(new ComponentBuilder().type([0x72, 0xff, 0xff, 0xff, 0x7f]).bytes(), 'ERR_MODULE_INVALID')
    refuses(new ComponentBuilder().raw(99, []).bytes(), 'ERR_MODULE_INVALID')
  })

  it('refuses indices that lead nowhere', () => {
    const builders = [
      new ComponentBuilder().coreInstance(0), new ComponentBuilder().instance(3), new ComponentBuilder().lift(0, 0), new ComponentBuilder().lower(0),
      new ComponentBuilder().canon(0x02, 0x00), new ComponentBuilder().export('f', 7), new ComponentBuilder().aliasOuter(0x03, 1, 0), new ComponentBuilder().aliasOuter(0x03, 0, 0),
      new ComponentBuilder().aliasExport(0x01, 0, 'f'), new ComponentBuilder().type([0x69, 0x00]), new ComponentBuilder().type(listOf([0x05])),
      new ComponentBuilder().import('i', Extern.instance(0)), new ComponentBuilder().import('f', Extern.func(0)),
    ]
    for (const builder of builders) refuses(builder.bytes(), 'ERR_MODULE_INVALID')
  })

  it('refuses components that nest or instantiate without end', () => {
    let nested = new ComponentBuilder()
    for (let level = 0; level < 40; level++) nested = new ComponentBuilder().component(nested)
    refuses(nested.bytes(), 'ERR_MODULE_INVALID')
    // Instantiates, through an alias to what stands around it, itself.
    const itself = new ComponentBuilder().aliasOuter(0x04, 1, 0).instance(0)
    refuses(new ComponentBuilder().component(itself).instance(0).bytes(), 'ERR_MODULE_INVALID')
    const doubling = new ComponentBuilder().component(new ComponentBuilder())
    for (let level = 0; level < 25; level++) doubling.component(new ComponentBuilder().aliasOuter(0x04, 1, level).instance(0).instance(0))
    refuses(doubling.instance(25).bytes(), 'ERR_MODULE_TOO_LARGE')
  })

  it('refuses small types that describe very large ones', () => {
    const record = new ComponentBuilder().type([Primitive.u32])
    for (let level = 0; level < 29; level++) record.type(tuple([level], [level]))
    refuses(record.bytes(), 'ERR_MODULE_INVALID')
    const imported = new ComponentBuilder().type(instanceType())
    for (let level = 0; level < 25; level++) {
      const inner = concat([0x02, 0x03, 0x02, 0x01], [level])
      imported.type(instanceType(inner, exportDecl('a', Extern.instance(0)), exportDecl('b', Extern.instance(0))))
    }
    refuses(imported.import('all', Extern.instance(25)).bytes(), 'ERR_MODULE_TOO_LARGE')
    const deep = (level: number): Bytes => (level === 0 ? [0x42, 0x00] : instanceType(typeDecl(deep(level - 1))))
    refuses(new ComponentBuilder().type(deep(40)).bytes(), 'ERR_MODULE_INVALID')
  })

  it('shows types that fan out at once', () => {
    const builder = new ComponentBuilder().type([Primitive.u32])
    for (let level = 0; level < 30; level++) builder.type(variant({ a: [level], b: [level] }))
    builder.type(func({ x: [30] })).import('f', Extern.func(31))
    survives(builder.bytes())
  })

  it('shows long names cut short, and refuses too many functions', () => {
    const long = 'x'.repeat(100_000)
    const shown = inspectModule(new ComponentBuilder().type(func({ [long]: [Primitive.u8] })).import('f', Extern.func(0)).bytes())
    assert.ok((shown.imports[0]?.params?.join('').length ?? 0) < 10_000)
    const type = instanceType(typeDecl(func({})), ...Array.from({ length: 6_000 }, (_, index) => exportDecl(`f${index}`, Extern.func(0))))
    refuses(new ComponentBuilder().type(type).import('many', Extern.instance(0)).bytes(), 'ERR_MODULE_TOO_LARGE')
  })

  it('refuses by name what later versions have', () => {
    const unsupported = (builder: ComponentBuilder, word: string): void => {
      const bytes = builder.bytes()
      refuses(bytes, 'ERR_MODULE_UNSUPPORTED')
      assert.match(inspectModule(bytes).problems.map(({ message }) => message).join(), new RegExp(word))
    }
    unsupported(new ComponentBuilder().type([0x66, 0x01, Primitive.u8]), 'stream')
    unsupported(new ComponentBuilder().type([0x65, 0x00]), 'future')
    unsupported(new ComponentBuilder().type([0x64]), 'error-context')
    unsupported(new ComponentBuilder().canon(0x1f), 'waitable-set.new')
    unsupported(new ComponentBuilder().canon(0x26), 'thread.index')
    unsupported(new ComponentBuilder().canon(0x09, 0x01, 0x00, 0x00), 'task.return')
    unsupported(new ComponentBuilder().type([0x43, 0x00, 0x01, 0x00]).import('f', Extern.func(0)).lower(0), 'async')
  })

  it('refuses core functions of another type than they are used with', async () => {
    const core = await wat('(module (memory (export "mem") 1) (func (export "f") (param i64) (result i32) i32.const 0))')
    refuses(oneFunction(core, func({ a: [Primitive.u32] }, [Primitive.u32])), 'ERR_MODULE_INVALID')
    refuses(oneFunction(core, func({ a: [Primitive.s64] }, [Primitive.s64])), 'ERR_MODULE_INVALID')
    const takes = await wat('(module (import "" "f" (func (param i64))))')
    const lowered = new ComponentBuilder().type(func({ a: [Primitive.u32] })).import('f', Extern.func(0)).lower(0).coreModule(takes).coreFunctions({ f: 0 }).coreInstance(0, { '': 0 })
    refuses(lowered.bytes(), 'ERR_MODULE_INVALID')
    const missing = new ComponentBuilder().coreModule(takes).coreInstance(0)
    refuses(missing.bytes(), 'ERR_MODULE_INVALID')
  })

  it('refuses host functions declared with another type than they have', () => {
    const importing = (interfaceName: string, functionName: string, type: Bytes, ...types: Bytes[]): Uint8Array => new ComponentBuilder()
      .type(instanceType(...types, typeDecl(type), exportDecl(functionName, Extern.func(types.length)))).import(interfaceName, Extern.instance(0)).bytes()
    refuses(importing('wasi:cli/environment@0.2.0', 'get-arguments', func({}, [Primitive.string])), 'ERR_MODULE_INVALID')
    refuses(importing('wasi:random/random@0.2.3', 'get-random-bytes', func({ len: [Primitive.u32] }, [Primitive.u8])), 'ERR_MODULE_INVALID')
    compileBinary(importing('wasi:random/random@0.2.3', 'get-random-u64', func({}, [0x77])), PAGES, {})
    // A resource of the right name from the wrong interface.
    const fake = instanceType(exportDecl('input-stream', Extern.resource), typeDecl([0x69, 0x00]), typeDecl(func({}, [0x01])), exportDecl('get-stdin', Extern.func(2)))
    refuses(new ComponentBuilder().type(fake).import('wasi:cli/stdin@0.2.0', Extern.instance(0)).bytes(), 'ERR_MODULE_INVALID')
    const unknown = inspectModule(importing('wasi:cli/environment@0.3.0', 'get-arguments', func({}, [Primitive.string])))
    assert.deepEqual(unknown.imports.map(({ provided }) => provided), [false])
  })

  it('shares the memory of a task between all memories of a component', async () => {
    const big = await wat('(module (memory 600))')
    refuses(new ComponentBuilder().coreModule(big).coreInstance(0).coreInstance(0).bytes(), 'ERR_MEMORY_LIMIT')
    const small = await wat('(module (memory 1))')
    const capped = compileBinary(new ComponentBuilder().coreModule(small).coreInstance(0).coreInstance(0).coreInstance(0).bytes(), PAGES, {})
    assert('cores' in capped)
    assert.ok(capped.cores.reduce((sum, { maxPages }) => sum + maxPages, 0) <= PAGES)
    const tables = await wat(`(module ${'(table 1 funcref)'.repeat(10)})`)
    refuses(new ComponentBuilder().coreModule(tables).coreInstance(0).coreInstance(0).bytes(), 'ERR_TABLE_LIMIT')
    const many = new ComponentBuilder().coreModule(await wat('(module)'))
    for (let count = 0; count < 300; count++) many.coreInstance(0)
    refuses(many.bytes(), 'ERR_MODULE_TOO_LARGE')
  })

  it('refuses threads and 64-bit memories inside, like in modules', async () => {
    for (const memory of ['(memory 1 2 shared)', '(memory i64 1)', '(memory 1) (memory 1)']) {
      refuses(new ComponentBuilder().coreModule(await wat(`(module ${memory})`)).coreInstance(0).bytes(), 'ERR_MODULE_UNSUPPORTED')
    }
  })
})

describe('hostile components: running', () => {
  const { shelf, run } = useExecutor({ memoryLimitBytes: 16 * 1024 * 1024 })

  async function fails (bytes: Uint8Array, code: ErrorCode): Promise<void> {
    await rejectsWith(code, run(await shelf.program(bytes, { gives: { r: 'json' }, timeLimitMs: code === 'ERR_TIME_LIMIT' ? 300 : 10_000 })))
  }

  const returning = (body: string): Promise<Uint8Array> => wat(`(module (memory (export "mem") 1) (func (export "f") (result i32) ${body}))`)
  const pair = (pointer: number, length: number): string => `(i32.store (i32.const 0) (i32.const ${pointer})) (i32.store (i32.const 4) (i32.const ${length})) (i32.const 0)`

  it('checks every pointer that comes back', async () => {
    await fails(oneFunction(await returning('i32.const -4'), func({}, [Primitive.string])), 'ERR_POINTER')
    await fails(oneFunction(await returning('i32.const 2'), func({}, [Primitive.string])), 'ERR_POINTER')
    await fails(oneFunction(await returning(pair(65_530, 100)), func({}, [Primitive.string])), 'ERR_POINTER')
    await fails(oneFunction(await returning(pair(8, -1)), func({}, [Primitive.string])), 'ERR_POINTER')
    await fails(oneFunction(await returning(pair(8, -1)), func({}, [0x00]), { types: [listOf([Primitive.s64])] }), 'ERR_POINTER')
    await fails(oneFunction(await returning(pair(1, 3)), func({}, [Primitive.string]), { encoding: UTF16 }), 'ERR_POINTER')
  })

  it('traps for values that are none', async () => {
    await fails(oneFunction(await returning('(i32.store8 (i32.const 9) (i32.const 255)) ' + pair(9, 1)), func({}, [Primitive.string])), 'ERR_TRAP')
    await fails(oneFunction(await returning('i32.const 0xd800'), func({}, [Primitive.char])), 'ERR_TRAP')
    await fails(oneFunction(await returning('i32.const 5'), func({}, [0x00]), { types: [variant({ a: undefined, b: undefined })] }), 'ERR_TRAP')
  })

  it('bounds values of a few bytes that claim much', async () => {
    // 500 strings of the same 200,000 bytes.
    const strings = await wat(`(module (memory (export "mem") 4) (func (export "f") (result i32) (local $i i32)
      (loop $l
        (i32.store (i32.add (i32.const 200008) (i32.shl (local.get $i) (i32.const 3))) (i32.const 8))
        (i32.store (i32.add (i32.const 200012) (i32.shl (local.get $i) (i32.const 3))) (i32.const 200000))
        (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 500))))
      ${pair(200_008, 500)}))`)
    await fails(oneFunction(strings, func({}, [0x00]), { types: [listOf([Primitive.string])] }), 'ERR_OUTPUT_LIMIT')
  })

  it('keeps names of prototypes from the outputs', async () => {
    const bytes = oneFunction(await returning('i32.const 7'), func({}, [0x00]), { types: [record({ ['__proto__']: [Primitive.u32] })] })
    await fails(bytes, 'ERR_RESULT_TYPE')
  })

  it('ends loops, recursion and hunger in every place', async () => {
    await fails(oneFunction(await returning('(loop $l (br $l)) i32.const 0'), func({}, [Primitive.u32])), 'ERR_TIME_LIMIT')
    const starting = new ComponentBuilder().coreModule(await wat('(module (func $s (loop $l (br $l))) (start $s))')).coreInstance(0)
      .coreModule(await returning('i32.const 1')).coreInstance(1).aliasCore(0, 1, 'f').type(func({}, [Primitive.u32])).lift(0, 0).export('f', 0)
    await fails(starting.bytes(), 'ERR_TIME_LIMIT')
    const recursing = await wat('(module (memory (export "mem") 1) (func $f (export "f") (result i32) (call $f)))')
    await fails(oneFunction(recursing, func({}, [Primitive.u32])), 'ERR_STACK_OVERFLOW')
    const hungry = await returning('(loop $l (br_if $l (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) unreachable')
    await fails(oneFunction(hungry, func({}, [Primitive.u32])), 'ERR_MEMORY_LIMIT')
  })

  it('looks at what an allocator gives', async () => {
    const core = (body: string): Promise<Uint8Array> => wat(`(module (memory (export "mem") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) ${body}) (func (export "f") (param i32 i32) (result i32) i32.const 0))`)
    for (const [body, code] of [['i32.const -1', 'ERR_POINTER'], ['i32.const 65535', 'ERR_POINTER'], ['unreachable', 'ERR_TRAP']] as const) {
      const program = await shelf.program(oneFunction(await core(body), func({ text: [Primitive.string] }, [Primitive.u32]), { realloc: true }), { takes: { text: 'string' }, gives: { r: 'integer' } })
      await rejectsWith(code, run(program, 'some text'))
    }
  })

  /** A component whose core function `f` has an import `$g` that no host gives. */
  async function catching (body: string): Promise<Uint8Array> {
    const core = await wat(`(module (import "" "g" (func $g (result i32))) (func (export "f") (result i32) ${body}))`)
    return new ComponentBuilder().type(func({}, [Primitive.u32])).import('g', Extern.func(0)).lower(0).coreFunctions({ g: 0 })
      .coreModule(core).coreInstance(0, { '': 0 }).aliasCore(0, 1, 'f').lift(1, 0).export('f', 1).bytes()
  }

  it('does not let a module catch what ended it', async () => {
    await fails(await catching('(try (result i32) (do (call $g)) (catch_all (i32.const 7)))'), 'ERR_MISSING_IMPORT')
    await fails(await catching('(try (do (drop (call $g))) (catch_all (drop (call $g)))) (i32.const 7)'), 'ERR_MISSING_IMPORT')
  })

  it('does not let a component call out while it allocates', async () => {
    const core = await wat(`(module (import "" "g" (func $g)) (memory (export "mem") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (call $g) (i32.const 64)) (func (export "f") (param i32 i32) (result i32) (i32.const 1)))`)
    const bytes = new ComponentBuilder().type(func({})).import('g', Extern.func(0)).lower(0).coreFunctions({ g: 0 }).coreModule(core).coreInstance(0, { '': 0 })
      .aliasCore(0, 1, 'f').aliasCore(0, 1, 'realloc').aliasCore(2, 1, 'mem').type(func({ text: [Primitive.string] }, [Primitive.u32]))
      .lift(1, 1, memoryOption(), reallocOption(2)).export('f', 1).bytes()
    const program = await shelf.program(bytes, { takes: { text: 'string' }, gives: { r: 'integer' }, functionName: 'f' })
    const error = await rejectsWith('ERR_TRAP', run(program, 'text'))
    assert.match(error.message, /allocated/)
  })

  it('does not let a component be entered while it waits', async () => {
    const error = await rejectsWith('ERR_TRAP', run(await shelf.program(fixture('composed'), { functionName: 'reenter', gives: { r: 'integer' } })))
    assert.match(error.message, /while it waits/)
  })

  it('refuses forged handles and resources after their end', async () => {
    const bytes = fixture('composed')
    for (const handle of [0, 1, 7, 4_294_967_295]) {
      await rejectsWith('ERR_TRAP', run(await shelf.program(bytes, { functionName: 'forge', takes: { handle: 'integer' }, gives: { r: 'integer' } }), handle))
    }
    await rejectsWith('ERR_TRAP', run(await shelf.program(bytes, { functionName: 'use-after-drop', gives: { r: 'integer' } })))
    assert.deepEqual((await run(await shelf.program(bytes, { functionName: 'count', takes: { start: 'integer', steps: 'integer' }, gives: { r: 'integer' } }), 5, 3)).outputs, { r: 801 })
  })
})
