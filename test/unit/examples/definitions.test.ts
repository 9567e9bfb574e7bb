/** Definitions, modules, sources, READMEs and the build list agree with each other; nothing is built here. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { load } from 'js-yaml'
import { CONVENTIONS } from '../../../src/task/conventions.ts'
import { isPipeline } from '../../../src/task/definition.ts'
import { parseDefinition } from '../../../src/task/parse.ts'
import { parseTask } from '../../support/parse-task.ts'
import { BUILDS, EXAMPLES, SAMPLES, SHIPPED, builtFile, shippedFile } from '../../support/shipped.ts'

type Fields = Record<string, unknown>

function fields (value: unknown, what: string): Fields {
  assert.ok(typeof value === 'object' && value !== null && !Array.isArray(value), `${what} is an object`)
  return Object.fromEntries(Object.entries(value))
}

function text (value: unknown, what: string): string {
  assert.equal(typeof value, 'string', what)
  return String(value)
}

const names = readdirSync(SHIPPED)
/** Made of the tasks of others, or without an end. */
const JOBS = ['headline.yaml', 'heartbeat.yaml']
const files = names.filter((name) => /\.(yaml|json)$/.test(name))
const definitions = files.filter((name) => !JOBS.includes(name))
/** What they print is up to the server that they ask. */
const UNFORESEEN = ['fetch.yaml']
const modules = names.filter((name) => name.endsWith('.wasm'))
const readmes = readdirSync(EXAMPLES, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('README.md')).map((path) => readFileSync(new URL(path, EXAMPLES), 'utf8'))
const list = fields(JSON.parse(readFileSync(new URL('modules.json', EXAMPLES), 'utf8')), 'modules.json')

/** The definition without its wrapper, whichever it has. */
function definition (name: string): Fields {
  const root = fields(load(shippedFile(name).toString()), name)
  return 'task_definition' in root ? fields(root['task_definition'], name) : root
}

/** The file that a definition runs, and the hash that it pins it to, if any. */
function moduleOf (name: string): { file: string, sha256?: string } {
  const task = definition(name)
  if (typeof task['wasm_module'] === 'string') return { file: `${task['wasm_module']}.wasm` }
  if (task['source'] !== undefined) {
    return { file: text(fields(fields(task['source'], 'source')['wasm'], 'source.wasm')['file'], 'source.wasm.file') }
  }
  const logic = fields(task['compute_logic'], 'compute_logic')
  if (typeof logic['wasm_binary'] === 'string') {
    const bytes = Buffer.from(logic['wasm_binary'], 'base64')
    assert.equal(bytes.toString('base64'), logic['wasm_binary'], 'the base64 is in its one normal form')
    return { file: 'factorial.wasm', sha256: createHash('sha256').update(bytes).digest('hex') }
  }
  const source = fields(logic['wasm_source'], 'wasm_source')
  if (source['type'] === 'file') return { file: text(source['path'], 'path') }
  assert.equal(source['type'], 'url')
  return { file: new URL(text(source['url'], 'url')).pathname.slice(1), sha256: text(source['sha256'], 'sha256') }
}

describe('shipped definitions', () => {
  it('are the ones that documents name, and more', () => {
    for (const name of ['factorial_wasm.yaml', 'factorial_wasm_url.yaml', 'factorial_wasm_file.yaml']) assert.ok(definitions.includes(name))
  })

  for (const name of definitions) {
    it(`${name} loads without a mistake or a warning`, async () => {
      const { warnings, definition } = await parseTask(shippedFile(name).toString(), { fileName: name })
      assert.deepEqual(warnings, [])
      assert.ok(definition.inputs.every((input) => input.default !== undefined), 'it can be submitted without inputs')
    })

    it(`${name} runs a module that is there and that its hash or base64 agrees with`, () => {
      const { file, sha256 } = moduleOf(name)
      assert.ok(modules.includes(file), `${file} is beside it`)
      if (sha256 !== undefined) assert.equal(sha256, createHash('sha256').update(shippedFile(file)).digest('hex'))
    })

    it(`${name} is called like its file, has a sample without inputs and is named in a README`, () => {
      assert.equal(definition(name)['name'], name.replace(/\.\w+$/, ''))
      assert.equal(SAMPLES.some((sample) => sample.definition === name && sample.input === undefined), !UNFORESEEN.includes(name))
      assert.ok(readmes.some((readme) => readme.includes(`\`${name}\``)))
    })

    it(`${name} has examples, one of an error among them, or says why not`, async () => {
      const { definition: { examples = [] } } = await parseTask(shippedFile(name).toString(), { fileName: name })
      if (examples.length === 0) assert.match(shippedFile(name).toString(), /^# There are no examples here for `corebrum test`, as /m)
      else assert.ok(examples.some(({ error }) => error !== undefined) && examples.some(({ outputs }) => outputs !== undefined))
    })

    it(`${name} prints what its comments say`, () => {
      const shown = [...shippedFile(name).toString().matchAll(/--file task_definitions\/wasm\/(\S+) --input '(.*?)'\n?#?\s+prints (\{.*)$/gm)]
      for (const [, file, input, output] of shown) {
        assert.equal(file, name)
        assert.ok(SAMPLES.some((sample) => sample.definition === name && sample.input === input && sample.output === output), `${input} -> ${output}`)
      }
      assert.equal(shown.length, name.endsWith('.yaml') && !UNFORESEEN.includes(name) ? 1 : 0)
    })
  }

  it('have samples only for files that exist', () => {
    for (const { definition: name, output } of SAMPLES) {
      assert.ok(files.includes(name), name)
      assert.doesNotThrow(() => JSON.parse(output))
    }
  })
})

describe('shipped jobs', () => {
  for (const name of JOBS) {
    it(`${name} loads without a mistake or a warning, and runs modules that are there`, async () => {
      const { warnings, definition } = await parseDefinition(shippedFile(name).toString(), { fileName: name, readFile: async (path) => shippedFile(path).toString() })
      assert.deepEqual(warnings, [])
      assert.equal(definition.name, name.replace(/\.\w+$/, ''))
      assert.ok(definition.inputs.every((input) => input.default !== undefined), 'it can be submitted without inputs')
      for (const { module } of isPipeline(definition) ? definition.steps.map(({ task }) => task) : [definition]) {
        const file = module.kind === 'file' ? module.path : module.kind === 'name' ? `${module.name}.wasm` : ''
        assert.ok(modules.includes(file), `${file} is beside it`)
      }
    })
  }

  it('print what their comments say', () => {
    const [, input, output] = /--input '(.*?)'\n# +prints (\{.*)$/m.exec(shippedFile('headline.yaml').toString()) ?? []
    assert.ok(SAMPLES.some((sample) => sample.definition === 'headline.yaml' && sample.input === input && sample.output === output))
  })
})

describe('examples', () => {
  it('have exactly one source for each module that ships', () => {
    assert.deepEqual(BUILDS.filter(({ starter }) => !starter).map(({ module }) => module).sort(), [...modules].sort())
    const used = new Set(definitions.map((name) => moduleOf(name).file))
    assert.deepEqual([...used].sort(), [...modules].sort())
  })

  for (const { module, folder, source, toolchain, command, starter, shown: name } of BUILDS) {
    it(`${name}: its README shows the command that the build script runs and a run that is true`, () => {
      const readme = readFileSync(new URL(`${folder}/README.md`, EXAMPLES), 'utf8')
      assert.ok(readme.split('\n').includes(`    ${command}`))
      assert.match(command, new RegExp(`\\b${module.replace(/\.wasm$/, '')}\\b`))
      assert.ok(source !== '' && existsSync(new URL(`${folder}/${source}`, EXAMPLES)))
      assert.ok(fields(list['toolchains'], 'toolchains')[toolchain] !== undefined)
      if (starter) return
      if (UNFORESEEN.includes(module.replace(/wasm$/, 'yaml'))) return
      const shown = /wasm\/(\S+) --input '(.*)'\n {4}(.*)\n/.exec(readme)
      assert.ok(shown !== null)
      assert.ok(SAMPLES.some((sample) => sample.definition === shown[1] && sample.input === shown[2] && sample.output === shown[3]))
    })
  }

  it('keep no built module but those that projects start with, each beside its source', () => {
    const all = readdirSync(EXAMPLES, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.wasm') && !/(^|\/)(node_modules|target)\//.test(path))
    const starters = BUILDS.filter(({ starter }) => starter)
    assert.deepEqual(all.sort(), starters.map(({ shown }) => shown).sort())
    const shippedBytes = modules.map((name) => shippedFile(name).toString('hex'))
    for (const build of starters) assert.ok(!shippedBytes.includes(builtFile(build).toString('hex')), build.shown)
  })
})

describe('the README of the definitions', () => {
  const readme = shippedFile('README.md').toString()

  it('lists every definition that ships', () => {
    for (const name of files) assert.ok(readme.includes(`[${name}](${name})`), name)
  })

  it('describes every calling convention', () => {
    const rows = [...readme.matchAll(/^\| `([a-z-]+)` \| /gm)].map(([, name]) => name)
    for (const name of CONVENTIONS) assert.ok(rows.includes(name), name)
  })

  it('shows examples as they are written', async () => {
    const examples = /^ {4}examples:\n( {6}.*\n)+/m.exec(readme)?.[0].replaceAll(/^ {4}/gm, '') ?? ''
    const { definition: { examples: read } } = await parseTask(`${shippedFile('factorial_wasm_file.yaml').toString().split('\nexamples:')[0] ?? ''}\n${examples}`, { fileName: 'x.yaml' })
    assert.deepEqual(read?.map(({ name }) => name), ['example 1', '21! does not fit in 64 bits'])
  })
})
