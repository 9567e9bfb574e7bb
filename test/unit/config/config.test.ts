import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { load } from 'js-yaml'
import { completeConfig, defaultConfig, loadConfig, type ConfigSources } from '../../../src/config.ts'
import { resolveDataDir } from '../../../src/config/data-dir.ts'
import { LOG_LEVELS, SETTINGS } from '../../../src/config/settings.ts'
import { configTemplate } from '../../../src/config/template.ts'
import { CorebrumError } from '../../../src/errors.ts'
import { MAX_CONFIG_BYTES, MAX_REMEMBERED_PEERS } from '../../../src/limits.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

describe('config', () => {
  const tempDir = useTempDirs()

  async function folderWith (text: string): Promise<string> {
    const dataDir = await tempDir()
    await writeFile(join(dataDir, 'config.yaml'), text)
    return dataDir
  }

  async function problems (sources: ConfigSources): Promise<readonly string[]> {
    const error = await loadConfig(sources).then(() => assert.fail('accepted'), (thrown: unknown) => thrown)
    assert.ok(error instanceof CorebrumError)
    assert.equal(error.code, 'ERR_CONFIG')
    return error.problems.length > 0 ? error.problems : [error.message]
  }

  it('has defaults for everything', async () => {
    const dataDir = await tempDir()
    const { config, warnings } = await loadConfig({ flags: { dataDir } })
    assert.deepEqual(config, defaultConfig(dataDir))
    assert.deepEqual(warnings, [])
    assert.ok(config.workerCount >= 1)
  })

  it('puts flags before the environment, that before the file, that before defaults', async () => {
    const dataDir = await folderWith('worker_count: 1\nmemory_limit: 1GB\nlog_level: debug\n')
    const env = { COREBRUM_WORKER_COUNT: '2', COREBRUM_MEMORY_LIMIT: '2GB' }
    const { config } = await loadConfig({ env, flags: { dataDir, workerCount: '3' } })
    assert.equal(config.workerCount, 3)
    assert.equal(config.memoryLimitBytes, 2 * 1024 ** 3)
    assert.equal(config.logLevel, 'debug')
    assert.equal(config.mdns, true)
  })

  it('takes every setting from each source', async () => {
    const text = {
      listen: '/ip4/127.0.0.1/tcp/4001', peers: '/ip4/10.0.0.2/tcp/4001', mdns: 'false', workerCount: '0',
      memoryLimitBytes: '64MB', storeBytes: '3GB', mailboxBytes: '0', allowPrivateUrls: 'true', allowedHosts: 'a.org,*.b.org:8080', labels: 'gpu=yes,site=roof', trusted: '12D3KooWF8DH1Paun5zcaGjPjjywdFcdCAUSueGC1GrXnHRiTuTX', keepSeconds: '2d', keepTasks: '5', keepBytes: '3MB', logLevel: 'info',
    }
    const expected = {
      listen: [text.listen], peers: [text.peers], mdns: false, workerCount: 0,
      memoryLimitBytes: 64 * 1024 ** 2, storeBytes: 3 * 1024 ** 3, mailboxBytes: 0, allowPrivateUrls: true, allowedHosts: ['a.org', '*.b.org:8080'], labels: { gpu: 'yes', site: 'roof' }, trusted: ['12D3KooWF8DH1Paun5zcaGjPjjywdFcdCAUSueGC1GrXnHRiTuTX'], keepSeconds: 172_800, keepTasks: 5, keepBytes: 3 * 1024 ** 2, logLevel: 'info',
    }
    const dataDir = await tempDir()
    const env = Object.fromEntries(SETTINGS.map((setting) => [setting.env, text[setting.key]]))
    const fileDir = await folderWith(SETTINGS.map((setting) => `${setting.name}: ${text[setting.key]}\n`).join(''))
    for (const sources of [{ flags: { dataDir, ...text } }, { flags: { dataDir }, env }, { flags: { dataDir: fileDir } }]) {
      const { config } = await loadConfig(sources)
      assert.deepEqual(config, { ...defaultConfig(sources.flags.dataDir), ...expected })
    }
  })

  it('takes labels as a mapping too, whatever YAML makes of their values', async () => {
    const dataDir = await folderWith('labels: {gpu: yes, rack: 7, spare: true}\n')
    assert.deepEqual((await loadConfig({ flags: { dataDir } })).config.labels, { gpu: 'yes', rack: '7', spare: 'true' })
  })

  it('finds the data folder by flag, then variable, then in the home folder', () => {
    assert.equal(resolveDataDir('/a', { COREBRUM_DATA_DIR: '/b' }), '/a')
    assert.equal(resolveDataDir(undefined, { COREBRUM_DATA_DIR: '/b' }), '/b')
    assert.equal(resolveDataDir(undefined, { COREBRUM_DATA_DIR: '' }), join(homedir(), '.corebrum'))
  })

  it('reports all mistakes at once, each with its place', async () => {
    const dataDir = await folderWith('worker_count: -1\nwoker_count: 3\ndata_dir: /x\nlisten: [nowhere]\n')
    const found = await problems({ env: { COREBRUM_MDNS: 'maybe' }, flags: { dataDir, memoryLimitBytes: '5 parsecs' } })
    const file = join(dataDir, 'config.yaml')
    for (const place of [`${file}: worker_count`, `${file}: woker_count`, `${file}: data_dir`, `${file}: listen`, 'COREBRUM_MDNS', '--memory-limit']) {
      assert.ok(found.some((problem) => problem.startsWith(`${place}: `)), place)
    }
    assert.equal(found.length, 6)
  })

  const wrong: Array<[string, unknown]> = [
    ['workerCount', '1.5'], ['workerCount', ''], ['workerCount', '100000'], ['workerCount', 'NaN'], ['workerCount', {}],
    ['memoryLimitBytes', '1KB'], ['memoryLimitBytes', '9999GB'], ['memoryLimitBytes', '64XB'], ['memoryLimitBytes', -1], ['memoryLimitBytes', NaN],
    ['storeBytes', '0'], ['mailboxBytes', '-1'], ['mailboxBytes', '99TB'], ['mdns', 2], ['allowPrivateUrls', null], ['logLevel', 'loud'], ['logLevel', 3], ['allowedHosts', ['http://a.org']], ['allowedHosts', 'a.org:99999'], ['allowedHosts', [5]], ['keepSeconds', '0'], ['keepSeconds', '7 parsecs'], ['keepTasks', '0'], ['keepBytes', '1'],
    ['labels', 'gpu'], ['labels', ['gpu=']], ['labels', { gpu: [] }], ['labels', { '-x': 'y' }], ['labels', 'a=1,a=2'], ['labels', Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, 'v']))],
    ['listen', ['/ip4/300.0.0.1/tcp/1']], ['listen', ['/ip4/0.0.0.0/udp/1/quic-v1']], ['listen', [5]], ['listen', ['/ip4/0.0.0.0/tcp/1/ws']],
    ['peers', Array.from({ length: MAX_REMEMBERED_PEERS + 1 }, () => '/ip4/10.0.0.2/tcp/4001')],
  ]
  for (const [key, value] of wrong) {
    it(`refuses ${JSON.stringify(value)?.slice(0, 40)} for ${key}`, async () => {
      assert.equal((await problems({ flags: { dataDir: await tempDir(), [key]: value } })).length, 1)
    })
  }

  it('takes lists as arrays and as text', async () => {
    const [a, b] = ['/ip4/10.0.0.2/tcp/4001', '/dns4/node.example/tcp/4001']
    const dataDir = await tempDir()
    for (const peers of [[a, b], `${a},${b}`, ` ${a}  ${b} `, [`${a},${b}`]]) {
      assert.deepEqual((await loadConfig({ flags: { dataDir, peers } })).config.peers, [a, b])
    }
  })

  it('warns of variables that it does not know, and takes empty ones as not set', async () => {
    const { config, warnings } = await loadConfig({ flags: { dataDir: await tempDir() }, env: { COREBRUM_WORKERS: '3', COREBRUM_MDNS: '' } })
    assert.equal(warnings.length, 1)
    assert.match(warnings[0] ?? '', /COREBRUM_WORKERS/)
    assert.equal(config.mdns, true)
  })

  it('refuses a file that is missing, a folder, no mapping, broken or too large, by its name', async () => {
    const dataDir = await tempDir()
    const write = async (name: string, text: string): Promise<string> => {
      await writeFile(join(dataDir, name), text)
      return join(dataDir, name)
    }
    await mkdir(join(dataDir, 'folder'))
    const files = [
      join(dataDir, 'missing.yaml'), join(dataDir, 'folder'), await write('list.yaml', '- a\n'),
      await write('broken.yaml', 'a: [\n'), await write('large.yaml', `# ${'x'.repeat(MAX_CONFIG_BYTES)}`),
    ]
    for (const config of files) {
      const [problem = ''] = await problems({ flags: { dataDir, config } })
      assert.ok(problem.includes(config), problem)
      assert.deepEqual(await problems({ flags: { dataDir }, env: { COREBRUM_CONFIG: config } }), [problem])
    }
  })

  it('takes an empty file, and keys without a value, as saying nothing', async () => {
    for (const text of ['', '# nothing\n', 'mdns:\n']) {
      const dataDir = await folderWith(text)
      assert.deepEqual((await loadConfig({ flags: { dataDir } })).config, defaultConfig(dataDir))
    }
  })

  it('completes and checks what a program gives', async () => {
    const dataDir = await tempDir()
    assert.deepEqual(await completeConfig({ dataDir, workerCount: 7, ephemeral: true }), { ...defaultConfig(dataDir), workerCount: 7, ephemeral: true })
    await assert.rejects(completeConfig({ dataDir, workerCount: 1.5, listen: ['x'] }), (error: CorebrumError) => error.code === 'ERR_CONFIG' && error.problems.length === 2)
  })

  it('has a template that names every setting and holds valid examples', async () => {
    const text = configTemplate()
    assert.deepEqual(load(text) ?? {}, {})
    const commented = text.replace(/^# (\w+: )/gm, (line, key: string) => SETTINGS.some((setting) => `${setting.name}: ` === key) ? key : line)
    const dataDir = await folderWith(commented)
    const { config } = await loadConfig({ flags: { dataDir } })
    assert.deepEqual({ ...config, workerCount: 0 }, { ...defaultConfig(dataDir), workerCount: 0 })
  })

  it('describes the log levels that it takes', () => {
    const setting = SETTINGS.find(({ key }) => key === 'logLevel')
    for (const level of LOG_LEVELS) assert.ok(setting?.allowed.includes(level))
  })
})
