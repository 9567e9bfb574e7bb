/** What a definition gives a program reaches it on another machine, and its files come back. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { printedTask, startDaemon, stopDaemons, type Daemon, type PrintedTask } from '../support/daemon.ts'
import { useTempDirs } from '../support/temp-dir.ts'
import { ARGS_AND_ENV, PREOPENED, SENSES, copies } from '../support/wasi-programs.ts'
import { wat } from '../support/wat.ts'

/** Over MAX_INLINE_FILE_BYTES: it travels by its hash. */
const LARGE_BYTES = 90_000

describe('what a definition gives a program, between two daemons', () => {
  const tempDir = useTempDirs()
  let submitter: Daemon
  let worker: Daemon

  before(async () => {
    worker = await startDaemon({ args: ['--worker-count', '1'] })
    submitter = await startDaemon({ args: ['--worker-count', '0', '--peer', worker.addresses[0] ?? ''] })
  })
  after(stopDaemons)

  async function submit (module: string, lines: string, { files = {}, inputs = {} }: { files?: Record<string, Uint8Array>, inputs?: object } = {}): Promise<PrintedTask> {
    const folder = await tempDir()
    for (const [name, bytes] of Object.entries({ ...files, 'program.wasm': await wat(module) })) await writeFile(join(folder, name), bytes)
    await writeFile(join(folder, 'task.yaml'), `name: setup\ncompute_logic: {type: wasm, wasm_source: {type: file, path: program.wasm}}\n${lines}`)
    const task = printedTask(await submitter.run(['submit', '--file', join(folder, 'task.yaml'), '--input', JSON.stringify(inputs), '--json']))
    assert.equal(task.worker, worker.peerId)
    return task
  }

  it('arguments and environment', async () => {
    const { outputs } = await submit(ARGS_AND_ENV, 'args: [-v, 1.10]\nenv: {B: c, A: ""}\noutputs: [{name: r, type: string}]')
    assert.deepEqual(outputs, { r: 'main\0-v\x001.10\0A=\0B=c\0' })
  })

  it('a root only where the definition asks for it', async () => {
    assert.deepEqual((await submit(PREOPENED, 'outputs: [{name: r, type: bytes}]')).outputs, { r: Buffer.of(8).toString('base64') })
    assert.deepEqual((await submit(PREOPENED, 'outputs: [{name: r, type: bytes}]\nwasm_config: {allow_file_system: true}')).outputs, { r: Buffer.of(0).toString('base64') })
  })

  it('files in the definition, beside it, and from inputs', async () => {
    const outputs = 'outputs: [{name: r, type: bytes, file: out}, {name: said, type: string}]'
    assert.deepEqual((await submit(copies('in/a', 'out'), `files: {in/a: inline}\n${outputs}`)).outputs, { r: Buffer.from('inline').toString('base64'), said: 'copied' })
    const large = randomBytes(LARGE_BYTES)
    const lines = `files: [{path: in/a, file: large.bin}]\n${outputs}`
    assert.deepEqual((await submit(copies('in/a', 'out'), lines, { files: { 'large.bin': large } })).outputs, { r: large.toString('base64'), said: 'copied' })
    const fromInput = `inputs: [{name: doc, type: string}]\nfiles: {in/a: {input: doc}}\n${outputs}`
    assert.deepEqual((await submit(copies('in/a', 'out'), fromInput, { inputs: { doc: 'ü' } })).outputs, { r: Buffer.from('ü').toString('base64'), said: 'copied' })
  })

  it('a file that it does not leave is an error that names it', async () => {
    const { error } = await submit(copies('a', 'b'), 'files: {a: b}\noutputs: [{name: r, type: bytes, file: plot.png}]')
    assert.equal(error?.code, 'ERR_RESULT_TYPE')
    assert.match(error?.message ?? '', /plot\.png/)
  })

  it('time and chance of its own', async () => {
    const lines = 'deterministic: true\noutputs: [{name: r, type: bytes}]'
    const other = `${lines}\ninputs: [{name: n, type: integer, default: 1}]`
    const [first, again, second] = await Promise.all([submit(SENSES, lines), submit(SENSES, lines), submit(SENSES, other)])
    const [one, two] = [first, second].map((task) => Buffer.from(String(task.outputs?.['r']), 'base64'))
    assert(one !== undefined && two !== undefined)
    // Clocks are the same for all, random numbers are those of the program and its inputs.
    assert.deepEqual(again.outputs, first.outputs)
    assert.deepEqual(one.subarray(0, 32), two.subarray(0, 32))
    assert.notDeepEqual(one.subarray(32), two.subarray(32))
    assert.equal(one.length, 100_032)
  })
})
