import assert from 'node:assert/strict'
import { CorebrumError } from '../../../src/errors.ts'
import { majority, withAgreement } from '../../../src/task/agreement.ts'
import type { AgreementSpec } from '../../../src/task/definition.ts'
import { parseDefinition } from '../../../src/task/parse.ts'
import { parseTask } from '../../support/parse-task.ts'

const TASK = 'name: t\ncompute_logic: {type: wasm, wasm_binary: AGFzbQEAAAA=}\n'

async function read (more: string): Promise<AgreementSpec | undefined> {
  return (await parseTask(`${TASK}${more}\n`, { fileName: 't.yaml' })).definition.agreement
}

async function mistakes (more: string): Promise<readonly string[]> {
  try {
    await read(more)
  } catch (error) {
    if (error instanceof CorebrumError && error.code === 'ERR_DEFINITION') return error.problems
    throw error
  }
  return assert.fail(`${more} was taken`)
}

describe('the agreement of a definition', () => {
  it('stands at its root or in a mapping of its own, and its quorum is more than half', async () => {
    assert.equal(await read(''), undefined)
    assert.deepEqual(await read('replicas: 3'), { replicas: 3, quorum: 2, ignore: [] })
    assert.deepEqual(await read('replicas: 4\nquorum: 2\nignore: [stats.elapsed]'), { replicas: 4, quorum: 2, ignore: ['stats.elapsed'] })
    assert.deepEqual(await read('agreement: {replicas: 5, ignore: "a[*].b"}'), { replicas: 5, quorum: 3, ignore: ['a[*].b'] })
    assert.deepEqual(await read('agreement: {replicas: 5}\nquorum: 4'), { replicas: 5, quorum: 4, ignore: [] })
    assert.deepEqual([1, 2, 3, 4, 16].map(majority), [1, 2, 2, 3, 9])
  })

  it('is refused with one clear mistake for each', async () => {
    const cases: Array<[string, RegExp]> = [
      ['replicas: 0', /t\.yaml:3:1: replicas: found 0, allowed: a whole number from 1 to 16/], ['replicas: 17', /replicas: found 17/], ['replicas: 2.5', /replicas: found 2.5/],
      ['replicas: many', /replicas: found "many"/], ['replicas: 3\nquorum: 4', /t\.yaml:4:1: quorum: found 4, allowed: a whole number from 1 to 3/], ['replicas: 3\nquorum: 0', /quorum: found 0/],
      ['quorum: 2', /replicas: missing/], ['ignore: [a]', /replicas: missing/], ['agreement: {quorum: 2}', /agreement\.replicas: missing/], ['agreement: {}', /agreement\.replicas: missing/],
      ['agreement: 3', /agreement: found 3, allowed: a mapping/], ['replicas: 3\nagreement: {replicas: 3}', /agreement\.replicas: found it at the root of the definition too/],
      ['replicas: 3\nignore: 5', /ignore: found 5, allowed: a list of paths/], ['replicas: 3\nignore: ["a..b"]', /ignore\[0\]: found "a\.\.b", allowed: a path in the outputs/], ['replicas: 3\nignore: [1]', /ignore\[0\]: found 1/],
      [`replicas: 3\nignore: [${Array.from({ length: 65 }, (_, i) => `a${i}`).join(', ')}]`, /ignore: found .*, allowed: at most 64 paths/],
    ]
    for (const [more, expected] of cases) {
      const found = await mistakes(more)
      assert.equal(found.length, 1, `${more}: ${found.join(' | ')}`)
      assert.match(found[0] ?? '', expected)
    }
  })

  it('gives way to a command line', async () => {
    const { definition } = await parseTask(`${TASK}agreement: {replicas: 5, quorum: 5, ignore: [a]}`, { fileName: 't.yaml' })
    const spec = (given: { replicas?: number, quorum?: number }): AgreementSpec | undefined => {
      const changed = withAgreement(definition, given)
      return 'agreement' in changed ? changed.agreement : undefined
    }
    assert.deepEqual(spec({}), { replicas: 5, quorum: 5, ignore: ['a'] })
    assert.deepEqual(spec({ replicas: 3 }), { replicas: 3, quorum: 2, ignore: ['a'] })
    assert.deepEqual(spec({ quorum: 3 }), { replicas: 5, quorum: 3, ignore: ['a'] })
    assert.deepEqual(spec({ replicas: 1 }), { replicas: 1, quorum: 1, ignore: ['a'] })
    const refused = (action: () => unknown): void => { assert.throws(action, (error) => error instanceof CorebrumError && error.code === 'ERR_USAGE') }
    refused(() => spec({ quorum: 6 }))
    refused(() => spec({ replicas: 2, quorum: 3 }))
    const { definition: plain } = await parseTask(TASK, { fileName: 't.yaml' })
    refused(() => withAgreement(plain, { quorum: 2 }))
    const pipeline = await parseDefinition(`name: p\ntasks: [{name: a, compute_logic: {type: wasm, wasm_binary: AGFzbQEAAAA=}}]`, { fileName: 'p.yaml' })
    refused(() => withAgreement(pipeline.definition, { replicas: 2 }))
  })
})
