/** Starters do the same in every language, and what the pages "Write a module in …" show is what the starters have. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { parseTask } from '../../support/parse-task.ts'
import { BUILDS, EXAMPLES } from '../../support/shipped.ts'

const read = (path: string): string => readFileSync(new URL(path, EXAMPLES), 'utf8')
const STARTERS = readdirSync(EXAMPLES).filter((name) => existsSync(new URL(`${name}/starter`, EXAMPLES)))

/** Languages with a page of their own; WebAssembly text is for those who know it. */
const PAGES = new Map([
  ['assemblyscript', 'AssemblyScript'], ['c', 'C'], ['cpp', 'C++ with Emscripten'], ['go', 'Go'], ['rust', 'Rust'],
  ['rust-wasm-bindgen', 'Rust with wasm-bindgen'], ['zig', 'Zig'],
])

/** A project as `corebrum new LANGUAGE hello` makes it. */
const asHello = (text: string): string => text.replaceAll('starter', 'hello')

/** The indented lines of a text, without their indent. */
function codeLines (text: string): string[] {
  return text.split('\n').filter((line) => line.startsWith('    ')).map((line) => line.slice(4))
}

/** The part of a page under a heading that begins with `title`. */
function part (page: string, title: string): string {
  const parts = page.split(/^## /m).filter((text) => text.startsWith(title))
  assert.equal(parts.length, 1, `one part "${title}"`)
  return parts.join('')
}

describe('starters', () => {
  it('are there for WebAssembly text and for each language with a page', () => {
    assert.deepEqual(STARTERS, [...PAGES.keys(), 'wat'].sort())
  })

  for (const language of STARTERS) {
    it(`${language}: the definition is that of every starter`, async () => {
      const { definition, warnings } = await parseTask(read(`${language}/starter/starter.yaml`), { fileName: 'starter.yaml' })
      assert.deepEqual(warnings, [])
      assert.equal(definition.name, 'starter')
      assert.deepEqual(definition.module, { kind: 'file', path: 'starter.wasm' })
      assert.deepEqual(definition.inputs, [{ name: 'name', type: 'string', required: true }])
      assert.deepEqual(definition.outputs, [{ name: 'result', type: 'string' }])
      assert.deepEqual(definition.examples?.map(({ inputs, outputs, error }) => [inputs, outputs ?? error]), [
        [{ name: 'Ada' }, { result: 'Hello, Ada!' }], [{ name: 'Łukasz 🙂' }, { result: 'Hello, Łukasz 🙂!' }], [{}, 'ERR_INPUT'],
      ])
    })

    it(`${language}: a README tells how it is built, tested and run`, () => {
      const lines = codeLines(read(`${language}/starter/README.md`))
      for (const line of ['corebrum test starter.yaml', 'corebrum submit --file starter.yaml --input \'{"name": "Ada"}\'']) assert.ok(lines.includes(line), line)
      assert.ok(lines.some((line) => line.includes('starter.wasm') || /^zig build/.test(line)), 'a command that builds it')
      const built = BUILDS.some(({ folder }) => folder === `${language}/starter`)
      assert.equal(/no built module/.test(read(`${language}/starter/README.md`)), !built)
    })
  }
})

describe('language pages', () => {
  it('are all listed in the README of the examples', () => {
    const list = read('README.md')
    for (const [language, title] of PAGES) assert.ok(list.includes(`[Write a module in ${title}](${language}/README.md)`), title)
  })

  for (const [language, title] of PAGES) {
    it(`${title}: from nothing to a result, with the commands of the starter`, () => {
      const page = read(`${language}/README.md`)
      assert.ok(page.startsWith(`# Write a module in ${title}\n`))
      assert.ok(codeLines(part(page, '2. Start')).includes(`corebrum new ${language} hello`))
      const commands = codeLines(asHello(read(`${language}/starter/README.md`)))
      const builds = codeLines(part(page, '4. Build'))
      assert.ok(commands.filter((line) => !line.startsWith('corebrum')).every((line) => builds.includes(line)), builds.join('\n'))
      const runs = codeLines(part(page, '5. Test, run, look'))
      assert.deepEqual(runs, [...commands.filter((line) => line.startsWith('corebrum')), '{"result":"Hello, Ada!"}', 'corebrum inspect hello.wasm'])
      assert.ok(page.includes('## Limits and traps\n'))
    })

    it(`${title}: the source that it explains is that of the starter`, () => {
      const file = readdirSync(new URL(`${language}/starter/`, EXAMPLES), { recursive: true, encoding: 'utf8' }).find((name) => /\.(rs|c|cpp|go|ts|zig)$/.test(name))
      const source = asHello(read(`${language}/starter/${file ?? ''}`)).replaceAll('\t', '    ').split('\n')
      const shown = codeLines(part(read(`${language}/README.md`), '3. The source'))
      assert.ok(shown.length > 2)
      for (const line of shown) assert.ok(source.includes(line), line)
    })

    it(`${title}: its links lead somewhere`, () => {
      for (const [, target = ''] of read(`${language}/README.md`).matchAll(/\]\((?!https?:|#)([^)#]+)/g)) assert.ok(existsSync(new URL(`${language}/${target}`, EXAMPLES)), target)
    })
  }
})
