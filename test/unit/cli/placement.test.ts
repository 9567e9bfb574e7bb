import assert from 'node:assert/strict'
import { Command } from 'commander'
import { explanationText } from '../../../src/cli/commands/explain.ts'
import { addPolicyFlags, policyOf, type PolicyFlags } from '../../../src/cli/policy-flags.ts'
import type { TaskPolicy } from '../../../src/task/definition.ts'

describe('flags of placement', () => {
  const parse = (...args: string[]): Partial<TaskPolicy> | undefined => {
    const command = addPolicyFlags(new Command('x').exitOverride().configureOutput({ writeErr: () => {} }))
    return policyOf(command.parse(args, { from: 'user' }).opts<PolicyFlags>())
  }

  it('are a policy, with only what was given', () => {
    assert.equal(parse(), undefined)
    assert.deepEqual(parse('--priority', '-3'), { priority: -3 })
    assert.deepEqual(parse('--priority', '7', '--retries', '2', '--deadline', '10m', '--require', 'gpu=yes', '--require', 'site=roof', '--on', '…3VbQ9xzk'),
      { priority: 7, retries: 2, deadlineMs: 600_000, require: { gpu: 'yes', site: 'roof' }, on: '3VbQ9xzk' })
    assert.deepEqual(parse('--deadline', '90'), { deadlineMs: 90_000 })
    assert.deepEqual(parse('--require', 'a=1', '--require', 'a=1'), { require: { a: '1' } })
  })

  for (const args of [
    ['--priority', 'high'], ['--priority', '1.5'], ['--priority', '99999999999'], ['--retries', '-1'], ['--retries', '101'], ['--deadline', 'soon'], ['--deadline', '0'], ['--deadline', '400d'],
    ['--require', 'gpu'], ['--require', '=x'], ['--require', 'a=1', '--require', 'a=2'], ['--on', 'x'], ['--on', 'host.example'],
    Array.from({ length: 17 }, (_, i) => ['--require', `k${i}=v`]).flat(),
  ]) {
    it(`refuses ${args.slice(0, 4).join(' ')}`, () => { assert.throws(() => parse(...args), { code: 'commander.invalidArgument' }) })
  }
})

describe('the text of an explanation', () => {
  it('says what is known, one line for each peer, and leaves out what is not', () => {
    const lines = explanationText({
      id: 'i', state: 'PENDING', summary: 'nobody takes it', nextOfferAt: '2026-01-01T00:00:00.000Z',
      workers: [{ peer: '12D3KooWaaaaaaaaaaa1', verdict: 'no', reason: 'too small' }],
      peers: [{ peer: '12D3KooWaaaaaaaaaaa2', verdict: 'admits', load: 0, slots: 2 }, { peer: 'p3', verdict: 'silent', reason: 'evil \u001b[2J\nsecond line' }],
      declines: [{ peer: 'p4', code: 'ERR_MISSING_IMPORT', reason: 'no env.f', at: '2026-01-01T00:00:01.000Z' }],
    }).join('\n').split('\n')
    assert.equal(lines[0], 'task i is PENDING: nobody takes it')
    assert.equal(lines[1], 'the next offer goes out at 2026-01-01T00:00:00.000Z')
    assert(lines.some((line) => /^…aaaaaaa1\s+no\s+too small$/.test(line)), lines.join('\n'))
    assert(lines.some((line) => /^…aaaaaaa2\s+yes, when it hears the offer\s+-$/.test(line)))
    assert(lines.some((line) => /^p3\s+nothing\s+evil \\x1b\[2J second line$/.test(line)))
    assert.equal(lines.at(-1), '  2026-01-01T00:00:01.000Z  p4  ERR_MISSING_IMPORT: no env.f')
    assert.deepEqual(explanationText({ id: 'i', state: 'COMPLETED', summary: 'done', workers: [], peers: [], declines: [] }), ['task i is COMPLETED: done'])
  })
})
