import assert from 'node:assert/strict'
import { ProgramExit } from '../../../src/executor/abi/guest.ts'
import { Errno } from '../../../src/executor/wasi/errno.ts'
import { FILE_RIGHTS } from '../../../src/executor/wasi/rights.ts'
import { MAX_WASI_FILE_BYTES, MAX_WASI_PATH_BYTES } from '../../../src/limits.ts'
import { MAX_WASI_DESCRIPTORS, MAX_WASI_FILES } from '../../../src/executor/limits.ts'
import { failsWith, outputsOf, tryCall } from '../../support/in-process.ts'
import { DATA, OTHER, PATH, RESULT, ROOT, Wasi } from '../../support/wasi-host.ts'

describe('WASI host', () => {
  it('reads standard input to its end, writes standard output and error', () => {
    const wasi = new Wasi({ stdin: 'some input' })
    assert.equal(wasi.read(0, 4), 'some')
    assert.equal(wasi.read(0), ' input')
    assert.equal(wasi.read(0), '')
    assert.equal(wasi.write(1, 'out'), 0)
    assert.equal(wasi.write(2, 'log'), 0)
    assert.equal(new TextDecoder().decode(wasi.guest.stdout.bytes()), 'out')
    assert.equal(wasi.guest.logs.text(), 'log')
    assert.equal(wasi.call('fd_read', 1, ...wasi.vector(DATA, 1), RESULT), Errno.NOTCAPABLE)
    assert.equal(wasi.call('fd_write', 9, ...wasi.vector(DATA, 1), RESULT), Errno.BADF)
    assert.equal(wasi.call('fd_seek', 0, 0n, 0, RESULT), Errno.SPIPE)
  })

  it('keeps files: create, write, seek, read, append, truncate, stat', () => {
    const wasi = new Wasi()
    const fd = wasi.opened('a.txt', { create: true, exclusive: true })
    assert.equal(wasi.write(fd, 'hello world'), 0)
    assert.equal(wasi.call('fd_seek', fd, 6n, 0, RESULT), 0)
    assert.equal(wasi.read(fd), 'world')
    assert.equal(wasi.call('fd_seek', fd, -5n, 2, RESULT), 0)
    assert.equal(wasi.u32(), 6)
    assert.equal(wasi.call('fd_seek', fd, -50n, 1, RESULT), Errno.INVAL)
    assert.equal(wasi.call('fd_tell', fd, RESULT), 0)
    assert.equal(wasi.u32(), 6)
    assert.equal(wasi.open('a.txt', { create: true, exclusive: true }), Errno.EXIST)
    const appending = wasi.opened('a.txt', { append: true })
    wasi.write(appending, '!')
    assert.equal(wasi.read(wasi.opened('a.txt')), 'hello world!')
    assert.equal(wasi.call('fd_filestat_set_size', fd, 5n), 0)
    assert.equal(wasi.read(wasi.opened('a.txt')), 'hello')
    assert.equal(wasi.call('fd_filestat_get', fd, 128), 0)
    assert.equal(wasi.guest.view().getBigUint64(128 + 32, true), 5n)
    assert.equal(wasi.guest.view().getUint8(128 + 16), 4)
    assert.equal(wasi.call('fd_pwrite', fd, ...wasi.vector(...wasi.text(DATA, 'J')), 0n, RESULT), 0)
    assert.equal(wasi.call('fd_pread', fd, ...wasi.vector(DATA, 3), 0n, RESULT), 0)
    assert.equal(new TextDecoder().decode(wasi.guest.bytes().slice(DATA, DATA + 3)), 'Jel')
    wasi.opened('a.txt', { truncate: true })
    assert.equal(wasi.read(wasi.opened('a.txt')), '')
    assert.equal(wasi.call('fd_close', fd), 0)
    assert.equal(wasi.call('fd_close', fd), Errno.BADF)
  })

  it('keeps directories', () => {
    const wasi = new Wasi()
    assert.equal(wasi.make('d'), 0)
    assert.equal(wasi.make('d'), Errno.EXIST)
    assert.equal(wasi.make('none/d'), Errno.NOENT)
    wasi.opened('d/f', { create: true })
    assert.equal(wasi.make('d/f/g'), Errno.NOTDIR)
    assert.equal(wasi.open('d', { create: true }), Errno.ISDIR)
    assert.equal(wasi.open('d/f', { directory: true }), Errno.NOTDIR)
    const fd = wasi.opened('d', { directory: true })
    assert.equal(wasi.call('fd_readdir', fd, DATA, 1000, 0n, RESULT), 0)
    assert.equal(wasi.u32(), 24 * 3 + 1 + 2 + 1)
    assert.equal(wasi.call('path_remove_directory', ROOT, ...wasi.text(PATH, 'd')), Errno.NOTEMPTY)
    assert.equal(wasi.call('path_unlink_file', ROOT, ...wasi.text(PATH, 'd')), Errno.ISDIR)
    assert.equal(wasi.call('path_unlink_file', ROOT, ...wasi.text(PATH, 'd/f')), 0)
    assert.equal(wasi.call('path_remove_directory', ROOT, ...wasi.text(PATH, 'd')), 0)
    assert.equal(wasi.open('d/f'), Errno.NOENT)
  })

  it('lets nothing out of its root', () => {
    const wasi = new Wasi()
    for (const path of ['/etc/passwd', '..', '../x', 'd/../../x']) {
      wasi.make('d')
      assert.equal(wasi.open(path, { create: true }), Errno.PERM, path)
    }
    assert.equal(wasi.link('/etc', 'abs'), Errno.PERM)
    assert.equal(wasi.link('../..', 'up'), 0)
    assert.equal(wasi.open('up/x'), Errno.PERM)
    assert.equal(wasi.link('self', 'self'), 0)
    assert.equal(wasi.open('self'), Errno.LOOP)
    assert.equal(wasi.link('a', 'b'), 0)
    assert.equal(wasi.link('b', 'a'), 0)
    assert.equal(wasi.open('a/x'), Errno.LOOP)
  })

  it('follows links below its root', () => {
    const wasi = new Wasi()
    wasi.make('d')
    wasi.write(wasi.opened('d/f', { create: true }), 'x')
    wasi.link('d', 'to-d')
    assert.equal(wasi.read(wasi.opened('to-d/f')), 'x')
    assert.equal(wasi.open('to-d', { follow: false }), Errno.LOOP)
    assert.equal(wasi.call('path_readlink', ROOT, ...wasi.text(PATH, 'to-d'), DATA, 10, RESULT), 0)
    assert.equal(wasi.u32(), 1)
    assert.equal(wasi.call('path_link', ROOT, 0, ...wasi.text(PATH, 'd/f'), ROOT, ...wasi.text(OTHER, 'hard')), 0)
    assert.equal(wasi.read(wasi.opened('hard')), 'x')
  })

  it('renames, and never into itself', () => {
    const wasi = new Wasi()
    wasi.make('d')
    wasi.make('e')
    wasi.opened('f', { create: true })
    assert.equal(wasi.rename('d', 'd/x'), Errno.INVAL)
    assert.equal(wasi.rename('f', 'd'), Errno.ISDIR)
    assert.equal(wasi.rename('d', 'f'), Errno.NOTDIR)
    assert.equal(wasi.rename('f', 'e/g'), 0)
    assert.equal(wasi.rename('d', 'e'), Errno.NOTEMPTY)
    assert.equal(wasi.rename('none', 'x'), Errno.NOENT)
    assert.equal(wasi.rename('d', 'e/d'), 0)
    assert.equal(wasi.open('e/d', { directory: true }), 0)
    assert.equal(wasi.rename('.', 'x'), Errno.INVAL)
  })

  it('checks every pointer and every path', () => {
    const wasi = new Wasi()
    for (const at of [-1, 131_070, 2 ** 31]) {
      assert.equal(wasi.call('clock_time_get', 0, 0n, at), Errno.FAULT)
      assert.equal(wasi.call('random_get', at, 10), Errno.FAULT)
      assert.equal(wasi.call('fd_write', 1, at, 1, RESULT), Errno.FAULT)
    }
    assert.equal(wasi.call('fd_write', 1, 0, -1, RESULT), Errno.FAULT)
    assert.equal(wasi.call('random_get', 0, -1), Errno.FAULT)
    wasi.guest.bytes().set([0xff, 0xfe], PATH)
    assert.equal(wasi.call('path_create_directory', ROOT, PATH, 2), Errno.ILSEQ)
    assert.equal(wasi.make('a\0b'), Errno.INVAL)
    assert.equal(wasi.make('x'.repeat(300)), Errno.NAMETOOLONG)
    assert.equal(wasi.call('path_create_directory', ROOT, PATH, MAX_WASI_PATH_BYTES + 1), Errno.NAMETOOLONG)
    assert.equal(wasi.call('path_create_directory', 0, ...wasi.text(PATH, 'x')), Errno.NOTCAPABLE)
  })

  it('ends at its limits: descriptors, files, bytes', () => {
    const wasi = new Wasi()
    wasi.opened('f', { create: true })
    for (let fd = 5; fd < MAX_WASI_DESCRIPTORS; fd++) wasi.opened('f')
    assert.equal(wasi.open('f'), Errno.MFILE)
    let made = 0
    while (wasi.make(`d${made}`) === 0) made++
    assert.equal(made, MAX_WASI_FILES - 2)
    assert.equal(wasi.call('fd_filestat_set_size', 4, BigInt(MAX_WASI_FILE_BYTES) + 1n), Errno.NOSPC)
    assert.equal(wasi.call('fd_allocate', 4, 0n, 2n ** 60n), Errno.FBIG)
    assert.equal(wasi.call('fd_filestat_set_size', 4, -1n), Errno.INVAL)
  })

  it('gives clocks, random numbers and polls', () => {
    const wasi = new Wasi({ stdin: 'in' })
    assert.equal(wasi.call('clock_time_get', 0, 0n, RESULT), 0)
    assert(wasi.guest.view().getBigUint64(RESULT, true) > 1_600_000_000_000_000_000n)
    assert.equal(wasi.call('clock_time_get', 4, 0n, RESULT), Errno.INVAL)
    assert.equal(wasi.call('random_get', DATA, 64), 0)
    assert(wasi.guest.bytes().subarray(DATA, DATA + 64).some((byte) => byte !== 0))
    assert.equal(wasi.call('poll_oneoff', 0, 0, 0, RESULT), Errno.INVAL)
    const view = wasi.guest.view()
    view.setBigUint64(512, 77n, true)
    view.setUint8(520, 1)
    view.setUint32(528, 0, true)
    assert.equal(wasi.call('poll_oneoff', 512, DATA, 1, RESULT), 0)
    assert.equal(wasi.u32(), 1)
    assert.equal(view.getBigUint64(DATA, true), 77n)
    assert.equal(view.getBigUint64(DATA + 16, true), 2n)
    assert.throws(() => wasi.call('proc_exit', 5), (thrown: unknown) => thrown instanceof ProgramExit && thrown.exitCode === 5)
    assert.equal(wasi.call('proc_raise', 1), Errno.NOSYS)
    assert.equal(wasi.call('sock_shutdown', 0, 0), Errno.NOTSOCK)
  })

  it('rights can be given up and not taken back', () => {
    const wasi = new Wasi()
    const fd = wasi.opened('f', { create: true })
    assert.equal(wasi.call('fd_fdstat_set_rights', fd, 2n, 0n), 0)
    assert.equal(wasi.write(fd, 'x'), Errno.NOTCAPABLE)
    assert.equal(wasi.call('fd_fdstat_set_rights', fd, FILE_RIGHTS, 0n), Errno.NOTCAPABLE)
    assert.equal(wasi.call('fd_renumber', fd, 0), 0)
    assert.equal(wasi.read(0), '')
  })
})

/** Writes `text` to standard output; `exit` ends it with a code. */
const says = (text: string, exit = ''): string => `(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 2) (data (i32.const 64) "${text}")
  (func (export "_start") (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const ${Buffer.byteLength(text.replaceAll('\\22', '"').replaceAll('\\n', '\n'))}))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))) ${exit}))`

/** Copies standard input to standard output. */
const CAT = `(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 4)
  (func (export "_start") (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (i32.const 100000))
    (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 4)))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))`

describe('WASI command convention', () => {
  it('gets the inputs as one JSON object, exactly', async () => {
    const takes = { big: 'integer', text: 'string', raw: 'bytes', gone: 'string' } as const
    const outputs = await outputsOf(CAT, { takes, gives: { result: 'string' } }, 2n ** 63n, 'ü"', Uint8Array.of(1, 2, 3), undefined)
    assert.deepEqual(outputs, { result: '{"big":9223372036854775808,"text":"ü\\"","raw":"AQID"}' })
    assert.deepEqual(await outputsOf(CAT, { takes: { big: 'integer', raw: 'bytes' }, gives: { big: 'integer', raw: 'bytes' } }, 2n ** 63n, Uint8Array.of(1, 2)), { big: 2n ** 63n, raw: Uint8Array.of(1, 2) })
  })

  it('reads standard output as JSON, text or bytes', async () => {
    assert.deepEqual(await outputsOf(says('[1, 2]\\n'), { gives: { result: 'array' } }), { result: [1, 2] })
    assert.deepEqual(await outputsOf(says('{\\22x\\22: 1}'), { gives: { result: 'json' } }), { result: { x: 1 } })
    assert.deepEqual(await outputsOf(says('{\\22result\\22: 1}'), { gives: { result: 'integer' } }), { result: 1 })
    assert.deepEqual(await outputsOf(says('{\\22result\\22: \\22x\\22}'), { gives: { result: 'string' } }), { result: 'x' })
    assert.deepEqual(await outputsOf(says('{ no json\\n'), { gives: { result: 'string' } }), { result: '{ no json' })
    assert.deepEqual(await outputsOf(says('42\\n'), { gives: { result: 'integer' } }), { result: 42 })
    assert.deepEqual(await outputsOf(says('42'), { gives: { result: 'bytes' } }), { result: new TextEncoder().encode('42') })
    assert.deepEqual(await outputsOf(says('whatever'), {}), {})
    await failsWith('ERR_RESULT_TYPE', says(''), { gives: { result: 'json' } })
    await failsWith('ERR_RESULT_TYPE', says('text'), { gives: { result: 'json' } })
    await failsWith('ERR_RESULT_TYPE', says('1.5'), { gives: { result: 'integer' } })
    await failsWith('ERR_RESULT_TYPE', says('{\\22a\\22: 1}'), { gives: { a: 'integer', b: 'integer' } })
  })

  it('ends with its exit code', async () => {
    assert.deepEqual(await outputsOf(says('1', '(call $exit (i32.const 0))'), { gives: { result: 'integer' } }), { result: 1 })
    await failsWith('ERR_EXIT_CODE', says('1', '(call $exit (i32.const 1))'), { gives: { result: 'integer' } })
  })

  it('is what runs for main, _start, no name, or a name that is not exported', async () => {
    for (const functionName of [undefined, '_start', 'main', 'other']) {
      const call = { gives: { result: 'integer' }, ...(functionName === undefined ? {} : { functionName }) } as const
      assert.deepEqual(await outputsOf(says('1'), call), { result: 1 })
    }
  })

  it('can be forced, and an unknown convention is refused', async () => {
    await failsWith('ERR_MODULE_UNSUPPORTED', says('1'), { abi: 'nonsense' })
    await failsWith('ERR_NO_EXPORT', '(module (func (export "main")))', { abi: 'wasi-command' })
    assert.equal((await tryCall(says('1'), { abi: 'numeric', functionName: '_start' })).error, undefined)
  })
})
