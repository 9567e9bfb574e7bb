import assert from 'node:assert/strict'
import { lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { InvalidArgumentError } from 'commander'
import { namedPath, type NamedPath } from '../../../src/cli/named-paths.ts'
import { checkOutputFiles, isPrinted, writeOutputFiles } from '../../../src/cli/output-files.ts'
import { CorebrumError } from '../../../src/errors.ts'
import { rejectsWith } from '../../support/rejects.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

describe('--output-file', () => {
  const tempDir = useTempDirs()
  let dir: string

  beforeEach(async () => { dir = await tempDir() })

  const to = (name: string, path: string): NamedPath => ({ name, path: join(dir, path) })
  async function * outputs (name: string): AsyncGenerator<Uint8Array> {
    yield Buffer.from(`${name} `)
    yield Buffer.from('whole')
  }

  it('reads name=path, once for each name', () => {
    assert.deepEqual(namedPath('a=b=c', [{ name: 'x', path: 'y' }]), [{ name: 'x', path: 'y' }, { name: 'a', path: 'b=c' }])
    for (const text of ['', 'a', '=b', 'a=']) assert.throws(() => namedPath(text), InvalidArgumentError)
    assert.throws(() => namedPath('a=c', [{ name: 'a', path: 'b' }]), InvalidArgumentError)
  })

  it('writes whole files, over old ones too', async () => {
    await writeFile(join(dir, 'old'), 'a longer text that was there')
    await writeOutputFiles([to('one', 'new'), to('two', 'old')], outputs)
    assert.deepEqual([await readFile(join(dir, 'new'), 'utf8'), await readFile(join(dir, 'old'), 'utf8')], ['one whole', 'two whole'])
    assert.deepEqual((await readdir(dir)).sort(), ['new', 'old'])
  })

  it('writes through a symbolic link, and keeps who may read a file', async () => {
    await writeFile(join(dir, 'old'), 'secret', { mode: 0o600 })
    await symlink('old', join(dir, 'link'))
    await writeOutputFiles([to('one', 'link'), to('two', `${'long'.repeat(60)}`)], outputs)
    assert.equal(await readFile(join(dir, 'old'), 'utf8'), 'one whole')
    assert.equal((await stat(join(dir, 'old'))).mode & 0o777, 0o600)
    assert((await lstat(join(dir, 'link'))).isSymbolicLink())
  })

  it('leaves what was there, and nothing else, when an output breaks off', async () => {
    await writeFile(join(dir, 'old'), 'as it was')
    const broken = async function * (): AsyncGenerator<Uint8Array> {
      yield Buffer.from('half')
      throw new CorebrumError('ERR_NO_DAEMON', 'gone')
    }
    await rejectsWith('ERR_NO_DAEMON', writeOutputFiles([to('one', 'old')], broken))
    assert.equal(await readFile(join(dir, 'old'), 'utf8'), 'as it was')
    assert.deepEqual(await readdir(dir), ['old'])
  })

  it('is refused before anything runs where it cannot be', async () => {
    await mkdir(join(dir, 'folder'))
    const refused: Array<[NamedPath[], boolean]> = [
      [[to('a', 'missing/out')], false], [[to('a', 'folder')], false], [[to('a', 'new/')], false], [[to('a', 'x'), to('b', './x')], false],
      [[{ name: 'a', path: '-' }, { name: 'b', path: '-' }], false], [[{ name: 'a', path: '-' }], true],
    ]
    for (const [files, json] of refused) assert.throws(() => { checkOutputFiles(files, { json }) }, { code: 'ERR_USAGE' })
    checkOutputFiles([to('a', 'x'), to('b', 'folder/x'), { name: 'c', path: '-' }], { json: false })
    await rejectsWith('ERR_USAGE', writeOutputFiles([to('a', 'missing/out')], outputs))
  })

  it('leaves the other outputs to be printed, unless one of them is standard output', () => {
    const task = { outputs: { rest: 1 } }
    assert.deepEqual([isPrinted(task, []), isPrinted(task, [to('a', 'x')]), isPrinted({ outputs: {} }, [to('a', 'x')]), isPrinted({ outputs: {} }, [])], [true, true, false, true])
    assert.equal(isPrinted(task, [{ name: 'a', path: '-' }]), false)
  })
})
