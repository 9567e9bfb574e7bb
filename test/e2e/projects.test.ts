import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { ROOT } from '../support/daemon.ts'
import { EXAMPLES as SOURCES, SHIPPED } from '../support/shipped.ts'
import { runCli, type CliResult } from '../support/run-cli.ts'
import { useTempDirs } from '../support/temp-dir.ts'
import { wat } from '../support/wat.ts'

const EXAMPLES = fileURLToPath(SOURCES)
const LANGUAGES = readdirSync(EXAMPLES).filter((name) => existsSync(join(EXAMPLES, name, 'starter')))

describe('corebrum: new and test', () => {
  const tempDir = useTempDirs()
  let cwd: string

  beforeEach(async () => { cwd = await tempDir() })

  const run = (...args: string[]): Promise<CliResult> => runCli(args, { cwd, env: { COREBRUM_DATA_DIR: join(cwd, 'data') } })

  it('know the languages that the documents name', () => {
    for (const language of ['rust', 'rust-wasm-bindgen', 'c', 'cpp', 'go', 'assemblyscript']) assert(LANGUAGES.includes(language), language)
  })

  it('are in the package, with all of their files', async () => {
    const { stdout } = await promisify(execFile)('npm', ['pack', '--dry-run', '--json', '--ignore-scripts', '--offline'], { cwd: ROOT })
    const [{ files }]: [{ files: Array<{ path: string }> }] = JSON.parse(stdout)
    const packed = new Set(files.map(({ path }) => path))
    for (const language of LANGUAGES) {
      const folder = `examples/${language}/starter`
      for (const entry of readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })) {
        if (entry.isFile()) assert(packed.has(relative(ROOT, join(entry.parentPath, entry.name))), join(folder, entry.name))
      }
    }
  })

  for (const language of LANGUAGES) {
    it(`${language}: a new project has nothing left of the name of its pattern, and its examples pass`, async () => {
      const made = await run('new', language, 'hello_2')
      assert.equal(made.code, 0, made.stderr)
      const files = made.stdout.trim().split('\n')
      assert(files.includes('hello_2/README.md') && files.includes('hello_2/hello_2.yaml'), made.stdout)
      for (const file of files.filter((path) => !path.endsWith('.wasm'))) assert.doesNotMatch(file + await readFile(join(cwd, file), 'utf8'), /starter/)
      if (!files.includes('hello_2/hello_2.wasm')) {
        assert.match(await readFile(join(cwd, 'hello_2/README.md'), 'utf8'), /no built module/)
        return
      }
      const tested = await run('test', 'hello_2/hello_2.yaml')
      assert.equal(tested.code, 0, tested.stdout + tested.stderr)
      assert.match(tested.stdout, /\b3 passed, 0 failed\n$/)
    })
  }

  it('new refuses a language, a name and a folder that it cannot use', async () => {
    assert.match((await run('new', 'ruts', 'x')).stderr, /did you mean rust\?/)
    for (const name of ['Hello', 'a-b', '../x', '1st', '']) {
      const { code, stderr } = await run('new', 'c', name)
      assert.equal(code, 2)
      assert.match(stderr, /no name for a project/)
    }
    assert.equal((await run('new', 'c', 'hello')).code, 0)
    const again = await run('new', 'c', 'hello')
    assert.equal(again.code, 2)
    assert.match(again.stderr, /exists already/)
  })

  it('test passes all examples of the definitions that ship', async () => {
    const files = readdirSync(SHIPPED).filter((name) => /\.(yaml|json)$/.test(name)).map((name) => fileURLToPath(new URL(name, SHIPPED)))
    const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')))
    const tested = files.filter((_, i) => !texts[i]?.includes('# There are no examples here for `corebrum test`, as they would need that server.'))
    assert(tested.length >= files.length - 2)
    const { code, stdout, stderr } = await run('test', ...tested)
    assert.equal(code, 0, stdout + stderr)
    assert.match(stdout, /^[4-9]\d passed, 0 failed\n$/m)
  })

  it('test says which example differs, and how', async () => {
    await run('new', 'c', 'hello')
    const path = join(cwd, 'hello', 'hello.yaml')
    await writeFile(path, (await readFile(path, 'utf8')).replace('"Hello, Ada!"', '"Hello, Bob!"'))
    const { code, stdout } = await run('test', 'hello/hello.yaml')
    assert.equal(code, 1)
    assert.match(stdout, /✘ example 1 .*\n +"result": expected "Hello, Bob!", got "Hello, Ada!"\n/)
    assert.match(stdout, /\b2 passed, 1 failed\n$/)
    const json = await run('test', '--json', 'hello/hello.yaml')
    assert.equal(json.code, 1)
    assert.equal(JSON.parse(json.stdout).failed, 1)
  })

  it('test runs a pipeline, and says whether replicas would agree', async () => {
    const work = 'compute_logic: {type: wasm, wasm_source: {type: file, path: work.wasm}, function_name: '
    const random = `(module (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32))) (memory (export "memory") 1)
      (func (export "roll") (result i64) (drop (call $random (i32.const 0) (i32.const 8))) (i64.load (i32.const 0)))
      (func (export "half") (param i64) (result i64) (if (i64.ne (i64.and (local.get 0) (i64.const 1)) (i64.const 0)) (then unreachable)) (i64.div_s (local.get 0) (i64.const 2))))`
    await writeFile(join(cwd, 'work.wasm'), await wat(random))
    const step = (name: string, from: string): string => `  - {name: ${name}, ${work}half}, inputs: [{name: n, type: integer, source: ${from}}], outputs: [{name: n, type: integer}], replicas: 3, require: {gpu: 'yes'}}\n`
    await writeFile(join(cwd, 'quarter.yaml'), `name: quarter\ninputs: [{name: n, type: integer}]\ntasks:\n${step('first', 'input.n')}${step('second', 'first.n')}execution_mode: recurring\nstream_config: {time_interval: 5}\nexamples:\n  - {inputs: {n: 12}, outputs: {n: 3}}\n  - {inputs: {n: 6}, error: ERR_STEP}\n  - {inputs: {n: 8}, outputs: {n: 4}}\n`)
    const chain = await run('test', 'quarter.yaml')
    assert.equal(chain.code, 1, chain.stderr)
    assert.match(chain.stdout, /✔ example 1 .*\n +✔ example 2 .*\n +✘ example 3 .*\n +"n": expected 4, got 2\n2 passed, 1 failed\n$/)
    await writeFile(join(cwd, 'wrong.yaml'), `name: w\ntasks:\n${step('first', 'input.n')}examples: [{outputs: {m: 1}}, {outputs: {n: x}}]\n`)
    const wrong = await run('test', 'wrong.yaml')
    assert.equal(wrong.code, 2)
    for (const place of [/examples\[0\]\.outputs\.m/, /examples\[1\]\.outputs\.n/]) assert.match(wrong.stderr, place)
    const roll = (ignore: string): string => `name: roll\n${work}roll}\noutputs: [{name: result, type: integer}]\nreplicas: 3\n${ignore}examples: [{outputs: {}}]\n`
    await writeFile(join(cwd, 'roll.yaml'), roll(''))
    const rolled = await run('test', 'roll.yaml')
    assert.equal(rolled.code, 1, rolled.stdout + rolled.stderr)
    assert.match(rolled.stdout, /two runs differ.*"ignore"/)
    await writeFile(join(cwd, 'roll.yaml'), roll('ignore: [result]\n'))
    assert.equal((await run('test', 'roll.yaml')).code, 0)
  })

  it('test refuses a definition without examples, and mistakes in them', async () => {
    const path = join(cwd, 'task.yaml')
    const definition = 'name: t\ncompute_logic: {type: wasm, wasm_source: {type: file, path: t.wasm}, function_name: f}\n'
    await writeFile(path, definition)
    const none = await run('test', 'task.yaml')
    assert.equal(none.code, 2)
    assert.match(none.stderr, /no examples/)
    await writeFile(path, `${definition}examples: [{inputs: 5, outputs: {result: 1}}, {outputs: {reslut: 1}}, {error: ERR_TARP}, {inputs: {}}]\n`)
    const wrong = await run('test', 'task.yaml')
    assert.equal(wrong.code, 2)
    for (const place of [/examples\[0\]\.inputs/, /examples\[1\]\.outputs\.reslut/, /did you mean ERR_TRAP\?/, /examples\[3\]\.outputs/]) assert.match(wrong.stderr, place)
  })
})
