/** What the shipped modules compute, instantiated directly: a failure elsewhere is then not the module's. */
import assert from 'node:assert/strict'
import {
  callBuffer, customSections, exported, importsOf, instantiate, isUnreachable, isValid, memoryOf, runCommand,
} from '../../support/instance.ts'
import { BUILDS, builtFile, shippedFile } from '../../support/shipped.ts'

/** Go's runtime comes with every module; the others bring what they use. */
const MOST_BYTES = (toolchain: string): number => (toolchain === 'go' ? 2_600_000 : 200_000)

/** 0! to 20!, exact. */
const factorials = Array.from({ length: 20 }, (_, i) => BigInt(i + 1)).reduce<bigint[]>(
  (known, n) => [...known, n * (known.at(-1) ?? 1n)], [1n])

function callText (instance: ReturnType<typeof instantiate>, name: string, text: string): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(callBuffer(instance, name, new TextEncoder().encode(text)))
}

describe('built modules', () => {
  for (const build of BUILDS) {
    it(`${build.shown} validates and is stripped of debug information`, () => {
      const bytes = builtFile(build)
      assert.ok(isValid(bytes))
      assert.ok(bytes.length < MOST_BYTES(build.toolchain), `${bytes.length} bytes`)
      assert.equal(customSections(bytes, '.debug_info').length, 0)
      // A path of the machine that built it would make the bytes depend on that machine.
      assert.doesNotMatch(bytes.toString('latin1'), /\/(home|root|tmp|work)\//)
    })
  }

  it('are small where a project starts with them', () => {
    for (const build of BUILDS.filter(({ starter }) => starter)) assert.ok(builtFile(build).length < 20_000, build.shown)
  })
})

describe('shipped modules', () => {
  it('factorial.wasm is exact from 0 to 20 and traps elsewhere', () => {
    const factorial = exported(instantiate('factorial.wasm'), 'factorial')
    assert.deepEqual(factorials.map((_, n) => factorial(BigInt(n))), factorials)
    for (const number of [21n, 22n, 1n << 62n, -1n, -(1n << 63n)]) assert.throws(() => factorial(number), isUnreachable)
  })

  it('factorial.wasm is small enough to be embedded', () => {
    assert.ok(shippedFile('factorial.wasm').length <= 256)
  })

  it('factorial_c.wasm takes an i32, is exact from 0 to 20 and traps elsewhere', () => {
    const factorial = exported(instantiate('factorial_c.wasm'), 'factorial')
    assert.deepEqual(factorials.map((_, n) => factorial(n)), factorials)
    for (const number of [21, 2 ** 31 - 1, -1, -(2 ** 31)]) assert.throws(() => factorial(number), isUnreachable)
  })

  it('factorial_emscripten.wasm is exact from 0 to 22', () => {
    const instance = instantiate('factorial_emscripten.wasm')
    exported(instance, '_initialize')()
    const factorial = exported(instance, 'factorial')
    const exact = [...factorials, 51090942171709440000n, 1124000727777607680000n]
    assert.deepEqual(exact.map((_, n) => factorial(n)), exact.map(Number))
    assert.deepEqual(exact.map((value) => BigInt(Number(value))), exact)
  })

  it('factorial_emscripten_main.wasm imports env.main and runs without calling it', () => {
    assert.ok(importsOf('factorial_emscripten_main.wasm').some(({ module, name }) => module === 'env' && name === 'main'))
    const refuse = (): never => { throw new Error('an import was called') }
    const wasi = { args_sizes_get: refuse, args_get: refuse, proc_exit: refuse }
    const instance = instantiate('factorial_emscripten_main.wasm', { env: { main: refuse }, wasi_snapshot_preview1: wasi })
    assert.equal(exported(instance, 'factorial')(5), 120)
  })

  it('primes.wasm counts primes', () => {
    const primes = exported(instantiate('primes.wasm'), 'primes')
    const counts: Array<[bigint, bigint]> = [[0n, 0n], [2n, 0n], [3n, 1n], [4n, 2n], [10n, 4n], [100n, 25n], [100_000n, 9592n]]
    for (const [limit, count] of counts) assert.equal(primes(limit), count)
    for (const limit of [-1n, 1n << 32n]) assert.throws(() => primes(limit), isUnreachable)
  })

  it('gcd.wasm finds the greatest common divisor', () => {
    const gcd = exported(instantiate('gcd.wasm'), 'gcd')
    const lowest = -(1n << 63n)
    const cases: Array<[bigint, bigint, bigint]> = [
      [48n, 36n, 12n], [36n, 48n, 12n], [-48n, 36n, 12n], [48n, -36n, 12n], [17n, 5n, 1n], [0n, 9n, 9n], [9n, 0n, 9n], [0n, 0n, 0n],
      [lowest, -1n, 1n], [lowest, 6n, 2n],
    ]
    for (const [a, b, divisor] of cases) assert.equal(gcd(a, b), divisor)
    assert.throws(() => gcd(lowest, 0n), isUnreachable)
  })

  it('text.wasm maps strings, of any length and more than once', () => {
    const instance = instantiate('text.wasm')
    assert.equal(callText(instance, 'upper', 'straße'), 'STRASSE')
    assert.equal(callText(instance, 'upper', 'Hello, mesh!'), 'HELLO, MESH!')
    assert.equal(callText(instance, 'reverse', 'añ𝄞z'), 'z𝄞ña')
    assert.equal(callText(instance, 'upper', ''), '')
    const long = 'ünïcode '.repeat(20_000)
    for (let round = 0; round < 20; round++) assert.equal(callText(instance, 'upper', long), long.toUpperCase())
    assert.ok(memoryOf(instance).length < 4 * 1024 * 1024, 'buffers are given back')
  })

  it('text.wasm traps on bytes that are not UTF-8', () => {
    assert.throws(() => callBuffer(instantiate('text.wasm'), 'upper', Uint8Array.of(0xff, 0xfe)), isUnreachable)
  })

  it('stats.wasm reads one JSON object and prints one', () => {
    const { code, stdout, stderr } = runCommand('stats.wasm', '{"values": [2, 4, 4, 4, 5, 5, 7, 9]}')
    assert.equal(stdout, '{"count":8,"sum":40,"mean":5,"median":4.5,"min":2,"max":9,"stddev":2}\n')
    assert.equal(stderr, 'stats: 8 values\n')
    assert.equal(code, 0)
  })

  it('stats.wasm keeps the precision of its numbers', () => {
    // Plain addition in the order of size gives a sum of 0.
    const { stdout } = runCommand('stats.wasm', '{"values":[1e16,1,-1e16]}')
    assert.equal(JSON.parse(stdout).sum, 1)
    assert.equal(JSON.parse(stdout).min, -1e16)
    assert.equal(JSON.parse(runCommand('stats.wasm', '{"values":[1e-7]}').stdout).max, 1e-7)
    assert.equal(JSON.parse(runCommand('stats.wasm', '{"values":[0.1,5e-324]}').stdout).min, 5e-324)
  })

  it('stats.wasm skips other fields, whatever they hold', () => {
    const other = '"a":{"b":[1,null,true,"x\\"]}é"],"c":{}},"task_id":"t","values":[3],"z":[]'
    assert.equal(JSON.parse(runCommand('stats.wasm', `{${other}}`).stdout).sum, 3)
  })

  const mistakes = ['', '[1]', '{}', '{"values":[]}', '{"values":7}', '{"values":[1,]}', '{"values":["1"]}', '{"values":[1e999]}',
    '{"values":[1e308,1e308]}', '{"values":[1]} x', '{"values":[+1]}', '{"values":[1]', '{"a":"\\', `{"a":${'['.repeat(100_000)}`]
  for (const input of mistakes) {
    it(`stats.wasm refuses ${input.slice(0, 30) || 'an empty input'} with a sentence and exit code 1`, () => {
      const { code, stdout, stderr } = runCommand('stats.wasm', input)
      assert.equal(code, 1)
      assert.equal(stdout, '')
      assert.match(stderr.trimEnd().split('\n').at(-1) ?? '', /^stats: .{10,}/)
    })
  }
})
