/** Programs call host functions with whatever they like: all that comes back is an error number, the program's end, or a limit. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { createSeededAmbient } from '../../../src/executor/abi/seeded-ambient.ts'
import { ProgramExit } from '../../../src/executor/abi/guest.ts'
import { CorebrumError } from '../../../src/errors.ts'
import { fileSystemOf } from '../../../src/executor/wasi/host.ts'
import { sizeOfFiles } from '../../../src/executor/wasi/files.ts'
import { MAX_WASI_FILE_BYTES } from '../../../src/limits.ts'
import { Wasi } from '../../support/wasi-host.ts'

/** Parameters of each function: `i` for i32, `l` for i64. */
const FUNCTIONS: Record<string, string> = {
  args_get: 'ii', args_sizes_get: 'ii', environ_get: 'ii', environ_sizes_get: 'ii', clock_res_get: 'ii', clock_time_get: 'ili', random_get: 'ii', sched_yield: '',
  poll_oneoff: 'iiii', sock_accept: 'iii', sock_recv: 'iiiiii', sock_send: 'iiiii', sock_shutdown: 'ii', proc_exit: 'i', proc_raise: 'i',
  fd_advise: 'illi', fd_allocate: 'ill', fd_close: 'i', fd_datasync: 'i', fd_sync: 'i', fd_fdstat_get: 'ii', fd_fdstat_set_flags: 'ii', fd_fdstat_set_rights: 'ill',
  fd_filestat_get: 'ii', fd_filestat_set_size: 'il', fd_filestat_set_times: 'illi', fd_pread: 'iiili', fd_pwrite: 'iiili', fd_prestat_get: 'ii', fd_prestat_dir_name: 'iii',
  fd_read: 'iiii', fd_write: 'iiii', fd_readdir: 'iiili', fd_renumber: 'ii', fd_seek: 'ilii', fd_tell: 'ii', path_create_directory: 'iii', path_filestat_get: 'iiiii',
  path_filestat_set_times: 'iiiilli', path_link: 'iiiiiii', path_open: 'iiiiillii', path_readlink: 'iiiiii', path_remove_directory: 'iii', path_rename: 'iiiiii',
  path_symlink: 'iiiii', path_unlink_file: 'iii',
}
const PATHS = ['a', 'b', 'a/b', '..', '../a', '.', '/', 'a/../../b', './a/', 'dir', 'dir/f', '']
const PATHS_AT = 2048
const SLOT = 16

const i32 = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 12 }) },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: PATHS.length - 1 }).map((index) => PATHS_AT + SLOT * index) },
  fc.integer({ min: 0, max: 140_000 }), fc.integer(), fc.constantFrom(-1, 0x7fffffff, -0x80000000, 131_072, 131_071))
const i64 = fc.oneof(fc.bigInt({ min: 0n, max: 100n }), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.constantFrom(0x1fffffffn, -1n, BigInt(MAX_WASI_FILE_BYTES)))
const call = fc.constantFrom(...Object.entries(FUNCTIONS)).chain(([name, types]) =>
  fc.tuple(fc.constant(name), ...[...types].map((type): fc.Arbitrary<number | bigint> => (type === 'i' ? i32 : i64))))

describe('WASI host, called with anything', () => {
  it('answers with a number, ends the program, or names a limit', () => {
    fc.assert(fc.property(fc.array(call, { minLength: 20, maxLength: 120 }), fc.uint8Array({ maxLength: 512 }), (calls, noise) => {
      const wasi = new Wasi({ stdin: 'input', ambient: createSeededAmbient('task'), files: [{ path: 'dir/f', bytes: new Uint8Array(100) }] })
      wasi.guest.bytes().set(noise)
      PATHS.forEach((path, index) => { wasi.text(PATHS_AT + SLOT * index, path) })
      for (const [name, ...args] of calls) {
        try {
          const answer = wasi.call(name, ...args)
          assert(typeof answer === 'number' && answer >= 0 && answer <= 76, name)
        } catch (thrown) {
          assert(thrown instanceof ProgramExit || thrown instanceof CorebrumError, `${name}: ${String(thrown)}`)
        }
      }
      const fs = fileSystemOf(wasi.guest)
      assert(fs !== undefined && sizeOfFiles(fs) <= MAX_WASI_FILE_BYTES)
    }), { numRuns: 150 })
  })

  it('has no function but those of the interface', () => {
    for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty', 'thread_spawn', 'fd_exec', '']) {
      assert.throws(() => new Wasi().call(name), assert.AssertionError, name)
    }
    for (const name of Object.keys(FUNCTIONS)) assert.equal(typeof (name === 'proc_exit' ? 0 : new Wasi().call(name, ...[...FUNCTIONS[name] ?? ''].map((type) => (type === 'i' ? 0 : 0n)))), 'number', name)
  })
})
