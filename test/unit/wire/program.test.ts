import assert from 'node:assert/strict'
import { decode, encode } from '../../../src/cbor.ts'
import {
  MAX_ALLOWED_HOSTS, MAX_FILE_PATH_BYTES, MAX_INLINE_FILE_BYTES, MAX_NAME_CHARS, MAX_PROGRAM_ARGS, MAX_PROGRAM_FILES, MAX_PROGRAM_VARIABLES, MAX_SETUP_BYTES, MAX_WASI_FILE_BYTES,
} from '../../../src/limits.ts'
import { programDigest } from '../../../src/task/program.ts'
import { programFromWire, programToWire } from '../../../src/wire/program.ts'
import { PROGRAM, SETUP_PROGRAM, SETUP_PROGRAM_HEX, SMALL_PROGRAM } from '../../support/wire-samples.ts'
import { refusesWire } from '../../support/rejects.ts'

describe('programs on the wire', () => {
  it('have the agreed bytes', () => {
    assert.equal(Buffer.from(encode(programToWire(SETUP_PROGRAM))).toString('hex'), SETUP_PROGRAM_HEX)
    assert.deepEqual(programFromWire(decode(Buffer.from(SETUP_PROGRAM_HEX, 'hex'))), SETUP_PROGRAM)
  })

  it('keep the digest of the program, which is always the same', () => {
    for (const [program, digest] of [
      [PROGRAM, 'ff9ad7b05ba2ddab8ab80503b79cbaf37fb967a4eba76fb571e42983ac2d8395'],
      [SMALL_PROGRAM, '412a048061dbba00a1c2dafe35e2bae78174a2901a69ea49b32d6e85d3aefbba'],
      [SETUP_PROGRAM, '8d4d69ff7de1ef43de584a3fb95a2dd70de1b83e748eefd93a6ff2d31bf0e8ac'],
    ] as const) {
      assert.equal(programDigest(program), digest)
      assert.equal(programDigest(programFromWire(decode(encode(programToWire(program))))), digest)
    }
  })

  it('leave out what there is none of', () => {
    const empty = { ...SMALL_PROGRAM, setup: { args: [], env: {}, stdin: { from: 'inputs' as const }, files: [], outputFiles: [] } }
    assert.deepEqual(programFromWire(decode(encode(programToWire(empty)))), empty)
    assert.deepEqual(programFromWire({ ...raw({}), det: false }), programFromWire(raw({})))
    const stdin = { ...empty, setup: { ...empty.setup, stdin: { from: 'bytes' as const, bytes: new Uint8Array(0) } } }
    assert.deepEqual(programFromWire(decode(encode(programToWire(stdin)))), stdin)
  })

  it('may have more fields than are known', () => {
    const { setup } = programFromWire(raw({ setup: { files: [['a', 0, new Uint8Array(1), 'later']], out: [['r', 'b', 1]], env: [['A', 'b', 2]], umask: 7 } }))
    assert.deepEqual(setup, { args: [], env: { A: 'b' }, stdin: { from: 'inputs' }, files: [{ path: 'a', bytes: new Uint8Array(1) }], outputFiles: [{ output: 'r', path: 'b' }] })
  })

  function raw (change: object): Record<string, unknown> {
    return { name: 'x', cid: 'c', size: 1, urls: [], in: [['doc', 'string']], out: [['r', 'bytes'], ['s', 'bytes']], time: 1, net: true, fs: true, ...change }
  }

  describe('are refused with', () => {
    const byte = new Uint8Array(1)
    const many = (count: number, of: (index: number) => unknown): unknown[] => Array.from({ length: count }, (_, index) => of(index))
    const programs: Array<[string, object]> = [
      ['no fuel', { fuel: 0 }], ['half of fuel', { fuel: 0.5 }], ['fuel that is not exact', { fuel: 2 ** 53 }], ['fuel of a bigint', { fuel: 2n ** 64n }],
      ['determinism of 1', { det: 1 }], ['a setup that is a list', { setup: [] }], ['a setup of null', { setup: null }],
      ['hosts without networking', { net: false, hosts: ['a'] }], ['a host that is a URL', { hosts: ['http://a'] }], ['a host in capitals', { hosts: ['A'] }],
      ['too many hosts', { hosts: many(MAX_ALLOWED_HOSTS + 1, (index) => `h${index}`) }],
      ['files without a root', { fs: false, setup: { files: [['a', 0, byte]] } }], ['output files without a root', { fs: false, setup: { out: [['r', 'a']] } }],
    ]
    const setups: Array<[string, object]> = [
      ['args that are text', { args: 'a' }], ['an argument of a number', { args: [1] }], ['an argument with NUL', { args: ['a\0b'] }], ['too many arguments', { args: many(MAX_PROGRAM_ARGS + 1, () => '') }],
      ['a long argument', { args: ['x'.repeat(MAX_SETUP_BYTES + 1)] }], ['args and stdin that are too much together', { args: ['x'.repeat(MAX_SETUP_BYTES)], stdin: byte }],
      ['arguments of wide characters that are too much', { args: ['ü'.repeat(MAX_SETUP_BYTES / 2 + 1)] }],
      ['env that is a mapping', { env: { A: 'b' } }], ['a variable without value', { env: [['A']] }], ['a variable without name', { env: [['', 'b']] }], ['a variable named with =', { env: [['A=', 'b']] }],
      ['a variable named __proto__', { env: [['__proto__', 'b']] }], ['two variables of one name', { env: [['A', 'b'], ['A', 'c']] }], ['a variable with NUL', { env: [['A', '\0']] }],
      ['a long name', { env: [['A'.repeat(MAX_NAME_CHARS + 1), 'b']] }], ['too many variables', { env: many(MAX_PROGRAM_VARIABLES + 1, (index) => [`v${index}`, '']) }],
      ['stdin of a number', { stdin: 1 }], ['stdin of null', { stdin: null }], ['stdin of an unknown input', { stdin: 'dok' }], ['too large a stdin', { stdin: new Uint8Array(MAX_SETUP_BYTES + 1) }],
      ['files that are a mapping', { files: { a: byte } }], ['too many files', { files: many(MAX_PROGRAM_FILES + 1, (index) => [`f${index}`, 0, new Uint8Array(0)]) }],
      ['a file without content', { files: [['a', 0]] }], ['a file of text', { files: [['a', 0, 'text']] }], ['a file of an unknown kind', { files: [['a', 3, byte]] }], ['a file of an unknown input', { files: [['a', 1, 'dok']] }],
      ['too large a file', { files: [['a', 0, new Uint8Array(MAX_INLINE_FILE_BYTES + 1)]] }], ['files that are too large together', { files: [['a', 0, new Uint8Array(MAX_INLINE_FILE_BYTES)], ['b', 0, byte]] }],
      ['a fetched file without size', { files: [['a', 2, 'c']] }], ['a fetched file of a negative size', { files: [['a', 2, 'c', -1]] }], ['too large a fetched file', { files: [['a', 2, 'c', MAX_WASI_FILE_BYTES + 1]] }], ['a long CID', { files: [['a', 2, 'c'.repeat(129), 1]] }],
      ...['', '/a', './a', '../a', 'a/../b', 'a//b', 'a/', 'a/./b', 'a\\b', 'a\0', 'a\n', 'x'.repeat(256), 'a/'.repeat(16) + 'b', 'a/'.repeat(MAX_FILE_PATH_BYTES), 5].flatMap((path): Array<[string, object]> => [
        [`a file at ${JSON.stringify(path).slice(0, 20)}`, { files: [[path, 0, byte]] }],
        [`an output at ${JSON.stringify(path).slice(0, 20)}`, { out: [['r', path]] }],
      ]),
      ['two files of one path', { files: [['a', 0, byte], ['a', 0, byte]] }], ['a file in a file', { files: [['a/b', 0, byte], ['a', 0, byte]] }],
      ['an output file of an unknown output', { out: [['t', 'a']] }], ['an output of two files', { out: [['r', 'a'], ['r', 'b']] }], ['two outputs of one file', { out: [['r', 'a'], ['s', 'a']] }],
      ['too many output files', { out: many(MAX_PROGRAM_FILES + 1, () => ['r', 'a']) }],
    ]
    for (const [what, change] of programs) it(what, () => { refusesWire(() => programFromWire(raw(change))) })
    for (const [what, setup] of setups) it(`a setup with ${what}`, () => { refusesWire(() => programFromWire(raw({ setup }))) })
  })
})
