import assert from 'node:assert/strict'
import { Errno } from '../../../src/executor/wasi/errno.ts'
import { MAX_WASI_FILE_BYTES } from '../../../src/limits.ts'
import { failsWith, outputsOf, tryCall } from '../../support/in-process.ts'
import { ARGS_AND_ENV, CAT, PREOPENED, copies, wasiProgram } from '../../support/wasi-programs.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const textIn = (path: string, text: string): { path: string, bytes: Uint8Array } => ({ path, bytes: bytes(text) })

describe('what a program finds when it starts', () => {
  it('is its name and nothing else, unless its setup says so', async () => {
    assert.deepEqual(await outputsOf(ARGS_AND_ENV, { gives: { r: 'string' } }), { r: 'main\0' })
    const setup = { args: ['', '-n', 'ü "x"\n'], env: { Z: '', A: '1=2', 10: 'ten' } }
    assert.deepEqual(await outputsOf(ARGS_AND_ENV, { gives: { r: 'string' }, setup }), { r: 'main\0\0-n\0ü "x"\n\0' + '10=ten\0A=1=2\0Z=\0' })
  })

  it('is a root only where it may have one', async () => {
    const gives = { r: 'bytes' } as const
    assert.deepEqual(await outputsOf(PREOPENED, { gives }), { r: Uint8Array.of(Errno.BADF) })
    assert.deepEqual(await outputsOf(PREOPENED, { gives, setup: { args: ['x'] } }), { r: Uint8Array.of(Errno.BADF) })
    assert.deepEqual(await outputsOf(PREOPENED, { gives, fileSystem: true }), { r: Uint8Array.of(0) })
  })

  describe('standard input', () => {
    const gives = { r: 'string' } as const
    it('holds the inputs that are placed nowhere else', async () => {
      const takes = { a: 'integer', doc: 'string' } as const
      assert.deepEqual(await outputsOf(CAT, { takes, gives, setup: { args: ['x'] } }, 1, 'two'), { r: '{"a":1,"doc":"two"}' })
      assert.deepEqual(await outputsOf(CAT, { takes, gives, fileSystem: true, setup: { files: [{ path: 'd', input: 'doc' }] } }, 1, 'two'), { r: '{"a":1}' })
    })

    it('is text, bytes, or an input as it is', async () => {
      assert.deepEqual(await outputsOf(CAT, { gives, setup: { stdin: { from: 'bytes', bytes: bytes('plain') } } }), { r: 'plain' })
      const setup = { stdin: { from: 'input' as const, name: 'i' } }
      assert.deepEqual(await outputsOf(CAT, { takes: { i: 'string' }, gives, setup }, 'as it is'), { r: 'as it is' })
      assert.deepEqual(await outputsOf(CAT, { takes: { i: 'bytes' }, gives, setup }, bytes('bytes')), { r: 'bytes' })
      assert.deepEqual(await outputsOf(CAT, { takes: { i: 'object' }, gives, setup }, { n: 2n ** 63n }), { r: '{"n":9223372036854775808}' })
      assert.deepEqual(await outputsOf(CAT, { takes: { i: 'string' }, gives, setup }, undefined), { r: '' })
    })

    it('loses no input silently', async () => {
      const setup = { stdin: { from: 'bytes' as const, bytes: bytes('plain') } }
      await failsWith('ERR_SIGNATURE', CAT, { takes: { a: 'integer' }, gives, setup }, 1)
    })

    it('is there for functions of numbers too, whose standard output is log', async () => {
      const module = `(module (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32))) (memory (export "memory") 1)
        (func (export "add") (param i32) (result i32) (i32.store (i32.const 0) (i32.const 16)) (i32.store (i32.const 4) (i32.const 1))
          (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8))) (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
          (i32.add (local.get 0) (i32.load8_u (i32.const 16)))))`
      const call = { functionName: 'add', takes: { n: 'integer' }, gives: { r: 'integer' } } as const
      const { outputs, logs } = await tryCall(module, { ...call, setup: { stdin: { from: 'bytes', bytes: bytes('(') } } }, 2)
      assert.deepEqual([outputs, logs], [{ r: 42 }, '('])
    })
  })

  describe('files', () => {
    const call = { fileSystem: true, gives: { r: 'string' } } as const
    const output = { outputFiles: [{ output: 'r', path: 'out/b.txt' }] }

    it('are those of the definition, of inputs, and of the call', async () => {
      const run = copies('a.txt', 'b.txt')
      const leaves = { outputFiles: [{ output: 'r', path: 'b.txt' }] }
      assert.deepEqual(await outputsOf(run, { ...call, setup: { ...leaves, files: [textIn('a.txt', 'inline')] } }), { r: 'inline' })
      assert.deepEqual(await outputsOf(run, { ...call, takes: { i: 'string' }, setup: { ...leaves, files: [{ path: 'a.txt', input: 'i' }] } }, 'input'), { r: 'input' })
      assert.deepEqual(await outputsOf(run, { ...call, takes: { i: 'json' }, setup: { ...leaves, files: [{ path: 'a.txt', input: 'i' }] } }, [1, null]), { r: '[1,null]' })
      assert.deepEqual(await outputsOf(run, { ...call, setup: leaves, extras: { files: [textIn('a.txt', 'fetched')] } }), { r: 'fetched' })
    })

    it('of an input that was left out are not there', async () => {
      const { message } = await failsWith('ERR_EXIT_CODE', copies('a', 'b'), { ...call, takes: { i: 'string' }, setup: { files: [{ path: 'a', input: 'i' }] } }, undefined)
      assert.match(message, new RegExp(`code ${1000 + Errno.NOENT}`))
    })

    it('lie in folders, as deep as their paths say', async () => {
      const files = [textIn('in/deep/a.txt', 'deep'), textIn('in/b', 'b'), textIn('out/keep', '')]
      assert.deepEqual(await outputsOf(copies('in/deep/a.txt', 'out/b.txt'), { ...call, setup: { ...output, files } }), { r: 'deep' })
    })

    it('keep their bytes for the next call', async () => {
      const file = textIn('a.txt', 'before and after')
      const overwrite = copies('b.txt', 'a.txt')
      const setup = { files: [file, textIn('b.txt', 'AFTER')], outputFiles: [{ output: 'r', path: 'a.txt' }] }
      assert.deepEqual(await outputsOf(overwrite, { ...call, setup }), { r: 'AFTERe and after' })
      assert.deepEqual(file.bytes, bytes('before and after'))
    })

    it('fit, or the call does not begin', async () => {
      await failsWith('ERR_INPUT', CAT, { ...call, setup: { files: [textIn('a', ''), textIn('a/b', '')] } })
      await failsWith('ERR_INPUT', CAT, { ...call, setup: { files: [textIn('a', '')] }, extras: { files: [textIn('a', '')] } })
      await failsWith('ERR_INPUT', CAT, { ...call, extras: { files: [{ path: 'a', bytes: new Uint8Array(MAX_WASI_FILE_BYTES) }, textIn('b', 'x')] } })
    })

    it('and their bytes are counted', async () => {
      const { usage } = await tryCall(copies('a', 'b'), { ...call, setup: { files: [textIn('a', 'seven b')] } })
      assert.equal(usage.fileBytes, 14)
      assert.equal((await tryCall(CAT, { gives: { r: 'string' } })).usage.fileBytes, 0)
    })
  })

  describe('files that are outputs', () => {
    const setup = { files: [textIn('a', '{"x": [1, 9007199254740993]}')], outputFiles: [{ output: 'r', path: 'b' }] }
    const run = copies('a', 'b')

    it('come as their type says', async () => {
      assert.deepEqual(await outputsOf(run, { fileSystem: true, gives: { r: 'bytes' }, setup }), { r: bytes('{"x": [1, 9007199254740993]}') })
      assert.deepEqual(await outputsOf(run, { fileSystem: true, gives: { r: 'string' }, setup }), { r: '{"x": [1, 9007199254740993]}' })
      assert.deepEqual(await outputsOf(run, { fileSystem: true, gives: { r: 'object' }, setup }), { r: { x: [1, 9007199254740993n] } })
      await failsWith('ERR_RESULT_TYPE', run, { fileSystem: true, gives: { r: 'integer' }, setup })
      await failsWith('ERR_RESULT_TYPE', run, { fileSystem: true, gives: { r: 'json' }, setup: { ...setup, files: [textIn('a', 'no json')] } })
    })

    it('leave standard output to the others, and else to the log', async () => {
      assert.deepEqual(await outputsOf(run, { fileSystem: true, gives: { r: 'bytes', said: 'string' }, setup }), { r: bytes('{"x": [1, 9007199254740993]}'), said: 'copied' })
      const { outputs, logs } = await tryCall(run, { fileSystem: true, gives: { r: 'json' }, setup })
      assert.deepEqual([Object.keys(outputs ?? {}), logs], [['r'], 'copied'])
    })

    it('must be there', async () => {
      const missing = { ...setup, outputFiles: [{ output: 'r', path: 'out.png' }] }
      const { message } = await failsWith('ERR_RESULT_TYPE', run, { fileSystem: true, gives: { r: 'bytes' }, setup: missing })
      assert.match(message, /"out\.png".*there are a, b/)
      await failsWith('ERR_RESULT_TYPE', '(module (func (export "main")))', { fileSystem: true, gives: { r: 'bytes' }, setup: missing })
      await failsWith('ERR_RESULT_TYPE', wasiProgram(''), { fileSystem: true, gives: { r: 'bytes' }, setup: { outputFiles: missing.outputFiles } })
    })

    it('and inputs that are files must be declared', async () => {
      await failsWith('ERR_SIGNATURE', run, { fileSystem: true, setup })
      await failsWith('ERR_SIGNATURE', run, { fileSystem: true, setup: { files: [{ path: 'a', input: 'none' }] } })
    })
  })
})
