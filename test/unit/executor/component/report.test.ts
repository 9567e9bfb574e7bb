import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { moduleText, moduleView } from '../../../../src/cli/module-text.ts'
import { starterDefinition } from '../../../../src/cli/starter-definition.ts'
import { binaryKind } from '../../../../src/executor/binary/sniff.ts'
import { inspectModule } from '../../../../src/executor/inspect.ts'
import { formatJson } from '../../../../src/task/json.ts'
import { parseTask } from '../../../support/parse-task.ts'
import { ComponentBuilder, Extern, Primitive, func, instanceType, exportDecl, typeDecl } from '../../../support/component-builder.ts'

const fixture = (file: string): Uint8Array => readFileSync(new URL(`../../../fixtures/components/${file}.wasm`, import.meta.url))

describe('report on a component', () => {
  it('shows its functions in the words of WIT', () => {
    const report = inspectModule(fixture('text'))
    assert.equal(report.convention, 'component')
    assert.equal(report.runsHere, true)
    assert.equal(report.defaultFunction, undefined)
    assert.equal(report.initialMemoryBytes, 131_072)
    const text = moduleText(report, { file: 'text.wasm', cid: 'bafk' })
    for (const line of [
      'add  (a: u32, b: s32) -> s64',
      'corebrum:demo/text@1.0.0#area (shape: variant { circle(f32), named(string), empty }) -> option<f64>',
      'corebrum:demo/text@1.0.0#ends (items: list<string>, which: flags { head, tail }) -> list<string>',
      'corebrum:demo/text@1.0.0#parse-number (text: string) -> result<u32, string>',
      'record { words: u32, longest-word: string, average: f64, first: option<char> }',
    ]) assert.ok(text.replaceAll(/ +/g, ' ').includes(line.replaceAll(/ +/g, ' ')), line)
    assert.doesNotThrow(() => formatJson(moduleView(report, 'bafk')))
  })

  it('shows what a command imports, and that all of it is there', () => {
    const report = inspectModule(fixture('command'))
    assert.match(report.defaultFunction ?? '', /^wasi:cli\/run@0\.2\.\d+#run$/)
    assert.ok(report.imports.length > 20)
    assert.deepEqual(report.imports.filter(({ provided }) => !provided), [])
    const open = report.imports.find(({ name }) => name === '[method]descriptor.open-at')
    assert.deepEqual(open?.results, ['result<descriptor, error-code>'])
  })

  it('names imports that are not there', () => {
    const type = instanceType(typeDecl(func({ host: [Primitive.string] }, [Primitive.u32])), exportDecl('lookup', Extern.func(0)))
    const report = inspectModule(new ComponentBuilder().type(type).import('wasi:sockets/ip-name-lookup@0.2.0', Extern.instance(0)).bytes())
    assert.deepEqual(report.imports.map(({ module, name, provided }) => [module, name, provided]), [['wasi:sockets/ip-name-lookup@0.2.0', 'lookup', false]])
    assert.deepEqual(report.problems.map(({ code }) => code), ['ERR_NO_EXPORT'])
  })

  it('writes a definition to start from', async () => {
    for (const [file, functionName, types] of [['text', 'add', ['integer', 'integer']], ['command', undefined, ['json']], ['composed', 'reenter', []]] as const) {
      const source = starterDefinition(inspectModule(fixture(file)), { fileName: `${file}.wasm`, cid: 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy' })
      const { definition, warnings } = await parseTask(source, { fileName: `${file}.wasm` })
      assert.deepEqual(warnings, [])
      assert.equal(definition.functionName, functionName)
      assert.deepEqual(definition.inputs.map(({ type }) => type), types)
    }
  })

  it('is told from a module by its header', () => {
    assert.equal(binaryKind(fixture('text')), 'component')
    assert.equal(binaryKind(Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00)), 'module')
    assert.throws(() => binaryKind(Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x0e, 0x00, 0x01, 0x00)), { code: 'ERR_MODULE_INVALID' })
    assert.throws(() => binaryKind(Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00)), { code: 'ERR_MODULE_INVALID' })
  })
})
