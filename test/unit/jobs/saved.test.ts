/** What jobs keep in the journal comes back as it was, and what is damaged is refused. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import fc from 'fast-check'
import { decode, encode } from '../../../src/cbor.ts'
import { CorebrumError } from '../../../src/errors.ts'
import { definitionFromSaved, definitionToSaved } from '../../../src/jobs/saved-pipeline.ts'
import { policyFromSaved } from '../../../src/jobs/saved-definition.ts'
import { isPipeline, type AnyDefinition, type TaskDefinition } from '../../../src/task/definition.ts'
import { parseDefinition } from '../../../src/task/parse.ts'
import { refusesWire } from '../../support/rejects.ts'
import { SHIPPED, shippedFile } from '../../support/shipped.ts'

const RICH = `
name: rich
version: 1.10
description: all that a definition can say
priority: -3
retries: 2
deadline: 90d
require: {gpu: "yes"}
on: 12D3KooWabc
tags: [a, b]
metadata: {big: 123456789012345678901234567890, list: [1, null, {x: 1.5}]}
replicas: 3
quorum: 2
compute_logic:
  type: wasm
  wasm_source: {type: cid, cid: bafkreieturf3xfwhkeqy4taa2r46jqkdlajcuoe2zsqwebnr4tinyx4uoy}
  function_name: f
  abi: numeric
  wasm_config: {memory_limit: 4GB, timeout_ms: 5, fuel: 9007199254740991, deterministic: false, allow_networking: true, allowed_hosts: [example.org], allow_file_system: true}
inputs:
  - {name: a, type: integer, default: 9223372036854775807, description: a}
  - {name: b, type: bytes, default: AAEC}
  - {name: c, type: string, required: true}
outputs: [{name: o, type: bytes, file: out.bin, description: o}, {name: p, type: json}]
input_schema: {type: object, properties: {a: {type: integer}}}
output_schema: {type: object, properties: {p: {type: object}}}
validation: [{field: a, min: -5000000000, max: 1e300, allowed_values: [1, 9223372036854775807], message: m}]
args: [x]
env: {K: v}
stdin: {base64: AAEC}
files: [{path: a.txt, text: hello}, {path: b.txt, cid: bafkreieturf3xfwhkeqy4taa2r46jqkdlajcuoe2zsqwebnr4tinyx4uoy}, {path: c.txt, input: c}]
`

function without<T extends object, K extends keyof T> (whole: T, ...fields: K[]): Omit<T, K> {
  const rest = { ...whole }
  for (const field of fields) delete rest[field]
  return rest
}

/** As `pin` leaves it. */
function pinned (task: TaskDefinition): TaskDefinition {
  const rest = without(task, 'examples', 'schedule')
  return { ...rest, module: { kind: 'cid', cid: 'bafkreieturf3xfwhkeqy4taa2r46jqkdlajcuoe2zsqwebnr4tinyx4uoy' } }
}

function kept (definition: AnyDefinition): AnyDefinition {
  if (!isPipeline(definition)) return pinned(definition)
  const rest = without(definition, 'version', 'description', 'schedule', 'examples')
  return { ...rest, steps: rest.steps.map((step) => ({ ...step, task: pinned(step.task) })), tags: [], metadata: {} }
}

const read = async (text: string): Promise<AnyDefinition> => (await parseDefinition(text, { fileName: 'd.yaml', readFile: async (path) => shippedFile(path).toString() })).definition
const overDisk = (definition: AnyDefinition): AnyDefinition => definitionFromSaved(decode(encode(definitionToSaved(definition))))

describe('what jobs keep', () => {
  it('has every field of a definition', async () => {
    const definition = kept(await read(RICH))
    assert.deepEqual(overDisk(definition), definition)
  })

  for (const name of readdirSync(SHIPPED).filter((file) => /\.(yaml|json)$/.test(file))) {
    it(`comes back as it was: ${name}`, async () => {
      const definition = kept(await read(shippedFile(name).toString()))
      assert.deepEqual(overDisk(definition), definition)
    })
  }

  it('is refused where it is damaged, and never half taken', async () => {
    const bytes = encode(definitionToSaved(kept(await read(RICH))))
    fc.assert(fc.property(fc.array(fc.tuple(fc.nat({ max: bytes.length - 1 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 }), (changes) => {
      const damaged = bytes.slice()
      for (const [at, byte] of changes) damaged[at] = byte
      try {
        definitionFromSaved(decode(damaged))
      } catch (error) {
        assert.ok(error instanceof CorebrumError && error.code === 'ERR_PROTOCOL', String(error))
      }
    }), { numRuns: 400 })
  })

  it('is refused where it is something else', async () => {
    const definition = kept(await read(RICH))
    const saved = (): Record<string, unknown> => Object.fromEntries(Object.entries(definition))
    for (const [field, value] of Object.entries({ name: 5, module: { kind: 'file', path: '/etc/passwd' }, inputs: [{ name: 'x', type: 'odd', required: true }], outputs: {}, timeLimitMs: 0, grants: {}, priority: 1.5, tags: [1], metadata: [], setup: { files: [{ path: 'x', file: '/etc/passwd' }] }, agreement: { replicas: 0 }, validation: [{ field: 'a', min: 'x' }], deadlineMs: -1 })) {
      refusesWire(() => definitionFromSaved({ task: { ...saved(), [field]: value } }))
    }
    for (const raw of [undefined, null, [], 'x', {}, { pipeline: {} }, { pipeline: { ...saved(), steps: [] } }]) refusesWire(() => definitionFromSaved(raw))
  })

  it('has the policy of a command line', () => {
    const policy = { priority: -5, retries: 3, deadlineMs: 5_000_000_000, require: { a: 'b' }, on: 'x' }
    assert.deepEqual(policyFromSaved(decode(encode(policy))), policy)
    assert.deepEqual(policyFromSaved({}), {})
    refusesWire(() => policyFromSaved({ priority: 'high' }))
  })
})
