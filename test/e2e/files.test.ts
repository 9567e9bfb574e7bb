/** Files on the command line, through two daemons: what is read here runs on the other machine and is written here. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT, corebrum, startDaemon, stopDaemons, taskWhen, type Daemon, type Finished } from '../support/daemon.ts'
import { echoText } from '../support/echo-module.ts'

const SIZE = 5 * 1024 * 1024

describe('files on the command line', () => {
  let submitter: Daemon
  let worker: Daemon
  let dir: string
  let data: Buffer

  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'corebrum-files-'))
    data = randomBytes(SIZE)
    await writeFile(join(dir, 'in.bin'), data)
    await writeFile(join(dir, 'echo.yaml'), await echoText())
    worker = await startDaemon({ args: ['--worker-count', '1'] })
    submitter = await startDaemon({ args: ['--worker-count', '0', '--peer', worker.addresses[0] ?? ''] })
  })
  after(async () => {
    await stopDaemons()
    await rm(dir, { recursive: true, force: true })
  })

  const submit = (...args: string[]): Promise<Finished> => submitter.run(['submit', '--file', 'echo.yaml', ...args], { cwd: dir })
  const written = (name: string): Promise<Buffer> => readFile(join(dir, name))

  it('5 MiB go to the other daemon and come back into a file', async () => {
    const { code, stdout, stderr } = await submit('--file-input', 'data=in.bin', '--output-file', 'result=out.bin')
    assert.deepEqual([code, stdout], [0, ''], stderr)
    assert.ok(data.equals(await written('out.bin')))
    assert.deepEqual((await readdir(dir)).sort(), ['echo.yaml', 'in.bin', 'out.bin'])
  })

  it('the outputs of a task that has ended can be written later', async () => {
    const { stdout: id } = await submit('--file-input', 'data=in.bin', '--detach')
    await taskWhen(submitter, id.trim(), ({ state }) => state === 'COMPLETED')
    const { code, stdout, stderr } = await submitter.run(['results', id.trim(), '--output-file', 'result=later.bin'], { cwd: dir })
    assert.deepEqual([code, stdout], [0, ''], stderr)
    assert.ok(data.equals(await written('later.bin')))
  })

  it('without --output-file they are printed', async () => {
    const { code, stdout } = await submit('--file-input', 'data=in.bin')
    assert.equal(code, 0)
    assert.equal(stdout, `{"result":"${data.toString('base64')}"}\n`)
  })

  it('a file goes into the root of a program, and a file that this leaves comes back', async () => {
    await writeFile(join(dir, 'colours.txt'), `ff0000 0000ff\n${'#'.repeat(100_000)}`)
    const args = ['submit', '--file', join(ROOT, 'task_definitions/wasm/chart.yaml'), '--file-input', 'palette.txt=colours.txt', '--output-file', 'image=chart.bmp']
    const { code, stdout, stderr } = await submitter.run(args, { cwd: dir })
    assert.deepEqual([code, stdout], [0, '{"bars":3,"largest":3}\n'], stderr)
    const image = await written('chart.bmp')
    assert.deepEqual([image.toString('latin1', 0, 2), image.toString('hex', 54, 62)], ['BM', 'ff0000000000ff00'])
  })

  it('work without a daemon too, and with standard input and output', async () => {
    const small = 'just text'
    const args = ['submit', '--local', '--file', 'echo.yaml', '--data-dir', join(dir, 'none'), '--file-input', 'data=-', '--output-file', 'result=-']
    const { code, stdout, stderr } = await corebrum(args, { cwd: dir, input: small })
    assert.deepEqual([code, stdout], [0, small], stderr)
    const large = await corebrum(['submit', '--local', '--file', 'echo.yaml', '--data-dir', join(dir, 'none'), '--file-input', 'data=in.bin', '--output-file', 'result=local.bin'], { cwd: dir })
    assert.equal(large.code, 0, large.stderr)
    assert.ok(data.equals(await written('local.bin')))
  })

  const mistakes: Array<[string, string[]]> = [
    ['a file that is not there', ['--file-input', 'data=missing.bin']],
    ['a folder', ['--file-input', 'data=.']],
    ['no name', ['--file-input', '=in.bin']],
    ['one name twice', ['--file-input', 'data=in.bin', '--file-input', 'data=in.bin']],
    ['a name that the task does not know', ['--file-input', 'dat=in.bin']],
    ['an input that is given already', ['--file-input', 'data=in.bin', '--set', 'data=AQID']],
    ['an output that the task has not', ['--set', 'data=AQID', '--output-file', 'resul=out.bin']],
    ['a folder that is not there', ['--set', 'data=AQID', '--output-file', 'result=missing/out.bin']],
    ['standard output for two things', ['--set', 'data=AQID', '--output-file', 'result=-', '--json']],
    ['standard input for two things', ['--file-input', 'data=-', '--input', '-']],
  ]
  for (const [what, args] of mistakes) {
    it(`name ${what}: exit code 2, and nothing is run`, async () => {
      const { code, stdout, stderr } = await submit(...args)
      assert.deepEqual([code, stdout], [2, ''], stderr)
      assert.doesNotMatch(stderr, /^task /m)
    })
  }
})
