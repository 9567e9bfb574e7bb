/** Modules as packages ship them, through two daemons: one submits, the other one works. */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dump } from 'js-yaml'
import { inspectModule } from '../../src/executor/inspect.ts'
import { ROOT, printedTask, startDaemon, stopDaemons, type Daemon } from '../support/daemon.ts'
import { REFUSED, RUNS, moduleOf, pathOf, titleOf, type Packaged, type Runs } from '../support/packaged.ts'

const named = (types: Record<string, string>): Array<{ name: string, type: string }> => Object.entries(types).map(([name, type]) => ({ name, type }))

describe('modules of packages, on two daemons', () => {
  let submitter: Daemon
  let worker: Daemon
  let dir: string

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'corebrum-packages-'))
    worker = await startDaemon({ args: ['--worker-count', '1'] })
    submitter = await startDaemon({ args: ['--worker-count', '0', '--peer', worker.addresses[0] ?? ''] })
  })
  after(async () => {
    await stopDaemons()
    await rm(dir, { recursive: true, force: true })
  })

  /** Writes a definition of the package's module; a plain one stays where it is. */
  async function define (packaged: Packaged & Partial<Pick<Runs, 'inputs' | 'outputs' | 'fields'>>): Promise<string> {
    const name = (packaged.package ?? packaged.convention).replaceAll(/[^a-z0-9]+/g, '-')
    const path = pathOf(packaged) ?? join(dir, `${name}.wasm`)
    if (pathOf(packaged) === undefined) await writeFile(path, await moduleOf(packaged))
    const { functionName, inputs = {}, outputs = { result: 'json' }, fields = {} } = packaged
    const file = join(dir, `${name}.yaml`)
    await writeFile(file, dump({
      name,
      compute_logic: { type: 'wasm', wasm_source: { type: 'file', path }, ...(functionName === undefined ? {} : { function_name: functionName }) },
      inputs: named(inputs),
      outputs: named(outputs),
      ...fields,
    }))
    return file
  }

  for (const packaged of RUNS) {
    it(`runs ${packaged.package ?? packaged.file}: ${packaged.convention}, ${packaged.toolchain}`, async () => {
      assert.equal(inspectModule(await moduleOf(packaged)).convention, packaged.convention)
      const file = await define(packaged)
      const task = printedTask(await submitter.run(['submit', '--file', file, '--input', JSON.stringify(packaged.values), '--json']))
      assert.deepEqual(task.error, undefined)
      assert.deepEqual(task.outputs, await packaged.expected())
      assert.equal(task.worker, worker.peerId)
    })
  }

  for (const packaged of REFUSED) {
    it(`refuses ${packaged.package}: ${packaged.convention}`, async () => {
      const { code, stderr } = await submitter.run(['submit', '--file', await define({ functionName: 'main', ...packaged })])
      assert.equal(code, 1, stderr)
      assert.match(stderr, /ERR_MODULE_UNSUPPORTED/)
      assert.match(stderr, packaged.message)
    })
  }

  it('are those of the README, in these versions', async () => {
    const markdown = await readFile(join(ROOT, 'README.md'), 'utf8')
    const table = markdown.split('\n| convention | package | built with | call |\n')[1]?.split('\n\n')[0] ?? ''
    const rows = table.split('\n').slice(1).map((row) => row.split(' | ').slice(1, 3).join(': '))
    assert.deepEqual(rows, [...RUNS, ...REFUSED].map((packaged) => `${titleOf(packaged)}: ${packaged.toolchain}`))
  })
})
