import assert from 'node:assert/strict'
import fc from 'fast-check'
import { decode, encode } from '../../../src/cbor.ts'
import { ERRORS, type ErrorCode } from '../../../src/errors.ts'
import { MAX_BLOB_BYTES, MAX_CLAIM_WINDOW, MAX_INPUTS, MAX_LOG_BYTES, MAX_RECEIPTS_PER_MESSAGE, MAX_TIME_LIMIT_MS, MAX_VALUE_DEPTH } from '../../../src/limits.ts'
import type { Usage } from '../../../src/task/usage.ts'
import type { Value } from '../../../src/task/values.ts'
import {
  MAX_MESSAGE_LENGTH, submitterMessageFromWire, submitterMessageToWire, workerMessageFromWire, workerMessageToWire,
  type LeaseRef, type Outcome, type SubmitterMessage, type WorkerMessage,
} from '../../../src/wire/messages.ts'
import { CAPABILITY, PROGRAM, SETUP_PROGRAM, SMALL_PROGRAM, SUBMITTER_MESSAGES, WORKER_MESSAGES } from '../../support/wire-samples.ts'
import { record } from '../../support/arbitrary.ts'
import { refusesWire } from '../../support/rejects.ts'

const hexOf = (wire: unknown): string => Buffer.from(encode(wire)).toString('hex')
const overWire = (wire: unknown): unknown => decode(encode(wire))

describe('work messages', () => {
  describe('have the agreed bytes', () => {
    for (const [message, hex] of WORKER_MESSAGES) {
      it(`of the worker: ${message.kind}`, () => {
        assert.equal(hexOf(workerMessageToWire(message)), hex)
        assert.deepEqual(workerMessageFromWire(decode(Buffer.from(hex, 'hex'))), message)
      })
    }
    for (const [message, hex] of SUBMITTER_MESSAGES) {
      it(`of the submitter: ${message.kind}`, () => {
        assert.equal(hexOf(submitterMessageToWire(message)), hex)
        assert.deepEqual(submitterMessageFromWire(decode(Buffer.from(hex, 'hex'))), narrow(message))
      })
    }
  })

  const uuid = fc.uuid()
  const fence = fc.nat({ max: Number.MAX_SAFE_INTEGER })
  const refs: fc.Arbitrary<LeaseRef[]> = fc.array(record({ taskId: uuid, fence }), { minLength: 1, maxLength: 20 })
  const code = fc.constantFrom(...Object.keys(ERRORS) as ErrorCode[])
  const text = fc.string({ unit: 'grapheme', maxLength: 200 })
  const value: fc.Arbitrary<Value> = fc.oneof(fc.integer(), fc.boolean(), text, fc.constant(null), fc.uint8Array(), fc.array(fc.integer()), fc.bigInt({ min: 2n ** 53n }))
  const usage: fc.Arbitrary<Usage> = fc.record({ wallMs: fc.integer({ min: 0 }), memoryBytes: fence, cpuMs: fc.integer({ min: 0 }), moduleBytes: fence, fileBytes: fence, fuel: fence }, { requiredKeys: ['wallMs', 'moduleBytes'], noNullPrototype: true })
  const outcome: fc.Arbitrary<Outcome> = fc.oneof(
    record({ ok: fc.constant(true as const), outputs: fc.dictionary(fc.constantFrom('a', 'result', 'toString'), value, { noNullPrototype: true }), usage, logs: text }),
    record({ ok: fc.constant(false as const), code, message: text, usage, logs: text }))
  const workerMessage: fc.Arbitrary<WorkerMessage> = fc.oneof(
    record({ kind: fc.constant('claim' as const), slots: fc.nat({ max: MAX_CLAIM_WINDOW }) }),
    record({ kind: fc.constantFrom('running' as const, 'renew' as const), leases: refs }),
    record({ kind: fc.constant('result' as const), taskId: uuid, fence, outcome }),
    record({ kind: fc.constant('refuse' as const), taskId: uuid, fence, code, reason: text }),
    record({ kind: fc.constant('log' as const), taskId: uuid, fence, text }),
    record({
      kind: fc.constant('receipts' as const), signature: fc.uint8Array({ minLength: 64, maxLength: 64 }),
      entries: fc.array(record({ taskId: uuid, fence, startedAtMs: fence, endedAtMs: fence, leaf: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex')) }), { minLength: 1, maxLength: 20 }),
    }))
  const digest = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex'))
  const submitterMessage: fc.Arbitrary<SubmitterMessage> = fc.oneof(
    record({ kind: fc.constant('program' as const), digest, program: fc.constantFrom(PROGRAM, SMALL_PROGRAM, SETUP_PROGRAM) }),
    record({
      kind: fc.constant('lease' as const), taskId: uuid, fence, digest, leaseMs: fc.integer({ min: 1, max: MAX_TIME_LIMIT_MS }),
      values: fc.array(fc.oneof(value, fc.constant(undefined)), { maxLength: 20 }),
    }),
    record({ kind: fc.constant('ack' as const), leases: refs }),
    record({ kind: fc.constant('cancel' as const), taskId: uuid, fence }))

  it('come back as they were', () => {
    fc.assert(fc.property(workerMessage, (message) => { assert.deepEqual(workerMessageFromWire(overWire(workerMessageToWire(message))), message) }))
    fc.assert(fc.property(submitterMessage, (message) => { assert.deepEqual(submitterMessageFromWire(overWire(submitterMessageToWire(message))), message) }))
  })

  it('are ignored when their kind is not known', () => {
    for (const kind of [8, 15, 16, 99, -1, 1.5, '0', null, [], { kind: 0 }]) assert.equal(workerMessageFromWire([kind, 1, 2]), undefined)
    for (const kind of [0, 5, 15, 20, 99]) assert.equal(submitterMessageFromWire([kind, 1, 2]), undefined)
  })

  it('may have more fields behind those that are known', () => {
    for (const [message] of WORKER_MESSAGES) {
      const noRefs = message.kind === 'result' && message.outcome.ok && message.outcome.refs === undefined ? [[]] : []
      assert.deepEqual(workerMessageFromWire(overWire([...workerMessageToWire(message), ...noRefs, 'later', { x: 1 }])), message)
    }
    for (const [message] of SUBMITTER_MESSAGES) {
      const absent = message.kind !== 'lease' || message.placement !== undefined ? [] : message.refs === undefined ? [[], null] : [null]
      assert.deepEqual(submitterMessageFromWire(overWire([...submitterMessageToWire(message), ...absent, 'later', { x: 1 }])), narrow(message))
    }
    const [hello] = WORKER_MESSAGES
    assert.deepEqual(workerMessageFromWire([0, 1, { engine: 'v8', features: [], memory: 1, slots: 1, gpu: true }])?.kind, hello?.[0].kind)
    assert.equal(workerMessageFromWire([2, [[new Uint8Array(16), 1, 'later']]])?.kind, 'running')
  })

  it('cut texts that are too long, rather than being refused', () => {
    const long = '🙂'.repeat(MAX_MESSAGE_LENGTH)
    const taskId = '00112233-4455-6677-8899-aabbccddeeff'
    for (const message of [
      { kind: 'refuse', taskId, fence: 1, code: 'ERR_DECLINED', reason: `x${long}` },
      { kind: 'result', taskId, fence: 1, outcome: { ok: false, code: 'ERR_TRAP', message: `x${long}`, usage: { wallMs: 0, memoryBytes: 0, cpuMs: 0, moduleBytes: 0, fileBytes: 0 }, logs: '' } },
    ] as const) assert.equal(workerMessageFromWire(overWire(workerMessageToWire(message)))?.kind, message.kind)
  })

  it('take a status of a later version as ERR_INTERNAL', () => {
    const refuse = workerMessageFromWire([5, new Uint8Array(16), 1, 60_000, 'because'])
    assert(refuse?.kind === 'refuse')
    assert.equal(refuse.code, 'ERR_INTERNAL')
  })

  describe('of another version or form are refused', () => {
    const id = new Uint8Array(16)
    const capability = { engine: 'v8', features: [], memory: 1, slots: 1 }
    const usage = [1, 1]
    const entry: unknown[] = [id, 1, 1, 2, new Uint8Array(32)]
    const cid = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
    const inOutputs = (...refs: unknown[]): unknown[] => [3, id, 1, 0, { there: 1 }, [1, null, null, 1, null, null], '', refs]
    const inValues = (...refs: unknown[]): unknown[] => [17, id, 1, new Uint8Array(32), 1000, [undefined, 1, undefined], refs]
    const badBlobs: Array<[string, unknown[]]> = [
      ['no CID', [undefined, 1, 0]], ['a CID that is none', ['bafkrei', 1, 0]], ['a CID of another codec', ['bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi', 1, 0]],
      ['a negative size', [cid, -1, 0]], ['too large a size', [cid, MAX_BLOB_BYTES + 1, 0]], ['no form', [cid, 1]], ['an unknown form', [cid, 1, 3]],
    ]
    let deep: unknown = 1
    for (let i = 0; i <= MAX_VALUE_DEPTH; i++) deep = [deep]
    const worker: Array<[string, unknown]> = [
      ['no array', { 0: 1 }], ['an empty array', []], ['text', 'hello'], ['nothing', undefined], ['too many fields', new Array(65).fill(1)],
      ['hello of version 2', [0, 2, capability]], ['hello of no version', [0]], ['hello of version "1"', [0, '1', capability]],
      ['hello without capability', [0, 1]], ['hello with a list for a capability', [0, 1, []]], ['hello with a capability of null', [0, 1, null]],
      ...[
        ['no engine', { engine: undefined }], ['a long engine', { engine: 'x'.repeat(65) }], ['features that are text', { features: 'simd' }],
        ['too many features', { features: new Array(65).fill('x') }], ['a long feature', { features: ['x'.repeat(33)] }], ['a feature that is a number', { features: [1] }],
        ['negative memory', { memory: -1 }], ['too much memory', { memory: 2 ** 32 + 1 }], ['half a byte of memory', { memory: 0.5 }],
        ['NaN slots', { slots: NaN }], ['too many slots', { slots: 4097 }], ['big slots', { slots: 2n ** 64n }],
      ].map(([what, change]): [string, unknown] => [`hello with ${String(what)}`, [0, 1, { ...capability, ...change as object }]]),
      ['claim of nothing', [1]], ['claim of -1', [1, -1]], ['claim of NaN', [1, NaN]], ['claim of too many', [1, MAX_CLAIM_WINDOW + 1]], ['claim of 1.5', [1, 1.5]], ['claim of "1"', [1, '1']],
      ['running of nothing', [2]], ['running of no lease', [2, []]], ['running of one that is no pair', [2, [[id]]]], ['running of a short id', [2, [[new Uint8Array(15), 1]]]],
      ['running of a text id', [2, [['x'.repeat(16), 1]]]], ['running with a negative fence', [2, [[id, -1]]]], ['running with a fence beyond 2^53', [2, [[id, 2 ** 53]]]],
      ['renew of too many', [4, new Array(MAX_CLAIM_WINDOW + 1).fill([id, 1])]],
      ['result with a status that is text', [3, id, 1, 'ok', {}, usage, '']], ['result with a negative status', [3, id, 1, -1, '', usage, '']],
      ['result without usage', [3, id, 1, 0, {}]], ['result with half a usage', [3, id, 1, 0, {}, [1], '']], ['result with NaN usage', [3, id, 1, 0, {}, [NaN, 1], '']],
      ['result with infinite usage', [3, id, 1, 0, {}, [1, Infinity], '']], ['result with negative usage', [3, id, 1, 0, {}, [1, -1], '']],
      ['result without logs', [3, id, 1, 0, {}, usage]], ['result with too long logs', [3, id, 1, 0, {}, usage, 'x'.repeat(MAX_LOG_BYTES + 1)]],
      ['result with a list of outputs', [3, id, 1, 0, [], usage, '']], ['result with outputs of null', [3, id, 1, 0, null, usage, '']],
      ['result with bytes for outputs', [3, id, 1, 0, id, usage, '']],
      ['result with an output that is undefined', [3, id, 1, 0, { a: undefined }, usage, '']], ['result with an output that is a date', [3, id, 1, 0, { a: new Date(0) }, usage, '']],
      ['result with an output that is a set', [3, id, 1, 0, { a: new Set() }, usage, '']], ['result with an output that is a map', [3, id, 1, 0, { a: [new Map()] }, usage, '']],
      ['result with an output that is too deep', [3, id, 1, 0, { a: deep }, usage, '']],
      ['result with an output named __proto__', [3, id, 1, 0, JSON.parse('{"__proto__": 1}'), usage, '']],
      ...badBlobs.map(([what, blob]): [string, unknown] => [`result with a reference of ${what}`, inOutputs(['big', ...blob])]),
      ['result with references that are no list', [3, id, 1, 0, {}, [1, null, null, 1, null, null], '', { big: cid }]],
      ['result with a reference to an output that is there', inOutputs(['there', cid, 1, 0])], ['result with two references to one output', inOutputs(['big', cid, 1, 0], ['big', cid, 1, 0])],
      ['result with a reference to __proto__', inOutputs(['__proto__', cid, 1, 0])], ['result with a reference to an output with a long name', inOutputs(['x'.repeat(257), cid, 1, 0])],
      ['result with two references without name', inOutputs([null, cid, 1, 2], [null, cid, 1, 2])], ['result with a text as the map of its outputs', inOutputs([null, cid, 1, 1])],
      ['result with references to more than a result may hold', inOutputs(['a', cid, MAX_BLOB_BYTES, 0], ['b', cid, 1, 0])],
      ['result with too many references', inOutputs(...Array.from({ length: MAX_INPUTS + 1 }, (_, i) => [`o${i}`, cid, 1, 0]))],
      ['failed result without message', [3, id, 1, 44, undefined, usage, '']], ['failed result with a long message', [3, id, 1, 44, 'x'.repeat(MAX_MESSAGE_LENGTH + 1), usage, '']],
      ['refuse with status 0', [5, id, 1, 0, '']], ['refuse with a status of 17 bits', [5, id, 1, 65536, '']], ['refuse without reason', [5, id, 1, 62]],
      ['log without text', [6, id, 1]], ['log of bytes', [6, id, 1, id]], ['log of too much', [6, id, 1, 'x'.repeat(MAX_LOG_BYTES + 1)]], ['log with a short id', [6, new Uint8Array(15), 1, '']],
      ['log without fence', [6, id, undefined, '']], ['log with a negative fence', [6, id, -1, '']],
      ['receipts without signature', [7, undefined, [entry]]], ['receipts with a short signature', [7, new Uint8Array(63), [entry]]], ['receipts with a signature of text', [7, 'x'.repeat(64), [entry]]],
      ['receipts of nothing', [7, new Uint8Array(64)]], ['receipts of none', [7, new Uint8Array(64), []]], ['receipts of too many', [7, new Uint8Array(64), new Array(MAX_RECEIPTS_PER_MESSAGE + 1).fill(entry)]],
      ...[
        ['no id', 0, undefined], ['a short id', 0, new Uint8Array(15)], ['a fence of text', 1, '1'], ['a start before 1970', 2, -1], ['half a millisecond', 3, 0.5],
        ['an end that is infinite', 3, Infinity], ['a short leaf', 4, new Uint8Array(31)], ['a leaf in hex', 4, 'ab'.repeat(32)],
      ].map(([what, at, value]): [string, unknown] => [`receipts with ${String(what)}`, [7, new Uint8Array(64), [entry, entry.map((field, i) => i === at ? value : field)]]]),
      ['receipts with an entry cut short', [7, new Uint8Array(64), [entry.slice(0, 4)]]],
      ['result whose time is not known', [3, id, 1, 44, '', [null, null, null, 1, null, null], '']], ['result whose memory is text', [3, id, 1, 44, '', [1, '1', null, 1, null, null], '']],
    ]
    for (const [what, wire] of worker) it(what, () => { refusesWire(() => workerMessageFromWire(wire)) })

    const digest = new Uint8Array(32)
    const program = { name: 'x', cid: 'c', size: 1, urls: [], in: [], out: [], time: 1, net: false, fs: false }
    const submitter: Array<[string, unknown]> = [
      ['no array', 'lease'], ['an empty array', []],
      ['program with a short digest', [16, new Uint8Array(31), program]], ['program without program', [16, digest]],
      ...[
        ['no name', { name: undefined }], ['a long name', { name: 'x'.repeat(257) }], ['a long CID', { cid: 'x'.repeat(129) }], ['a negative size', { size: -1 }],
        ['too large a size', { size: 2 ** 40 }], ['too many URLs', { urls: new Array(9).fill('x') }], ['a long URL', { urls: ['x'.repeat(2049)] }],
        ['a function that is a number', { fn: 1 }], ['a function that is null', { fn: null }], ['an ABI that is a list', { abi: [] }],
        ['an input without type', { in: [['a']] }], ['an input of an unknown type', { in: [['a', 'tensor']] }], ['an input with the type of a prototype', { in: [['a', 'constructor']] }],
        ['too many outputs', { out: new Array(MAX_INPUTS + 1).fill(['a', 'integer']) }],
        ['too much memory', { memory: 2 ** 33 }], ['no time', { time: 0 }], ['too much time', { time: MAX_TIME_LIMIT_MS + 1 }],
        ['a grant that is 1', { net: 1 }], ['no grant', { fs: undefined }],
      ].map(([what, change]): [string, unknown] => [`program with ${String(what)}`, [16, digest, { ...program, ...change as object }]]),
      ['lease without values', [17, id, 1, digest, 1000]], ['lease of no time', [17, id, 1, digest, 0, []]], ['lease of too much time', [17, id, 1, digest, MAX_TIME_LIMIT_MS + 1, []]],
      ['lease of too many values', [17, id, 1, digest, 1000, new Array(MAX_INPUTS + 1).fill(1)]], ['lease with a value that is a date', [17, id, 1, digest, 1000, [new Date(0)]]],
      ['lease with a value that is too deep', [17, id, 1, digest, 1000, [deep]]], ['lease with undefined inside a value', [17, id, 1, digest, 1000, [[undefined]]]],
      ['lease with a value with the key __proto__', [17, id, 1, digest, 1000, [JSON.parse('{"__proto__": {}}')]]],
      ...badBlobs.map(([what, blob]): [string, unknown] => [`lease with a reference of ${what}`, inValues([0, ...blob])]),
      ['lease with references that are no list', [17, id, 1, digest, 1000, [undefined], 'refs']], ['lease with a reference to a value that is there', inValues([1, cid, 1, 0])],
      ['lease with a reference to a value that it has not', inValues([3, cid, 1, 0])], ['lease with a reference to the value -1', inValues([-1, cid, 1, 0])],
      ['lease with two references to one value', inValues([0, cid, 1, 0], [0, cid, 1, 0])], ['lease with references to more than a task may hold', inValues([0, cid, MAX_BLOB_BYTES, 0], [2, cid, 1, 0])],
      ['ack of nothing', [18, []]], ['cancel without fence', [19, id]],
    ]
    for (const [what, wire] of submitter) it(what, () => { refusesWire(() => submitterMessageFromWire(wire)) })
  })

  it('hold what a task may hold, to the last level', () => {
    let value: Value = []
    for (let i = 1; i < MAX_VALUE_DEPTH; i++) value = [value]
    const usage = { wallMs: 0, memoryBytes: 0, cpuMs: 0, moduleBytes: 0, fileBytes: 0 }
    const taskId = '00112233-4455-6677-8899-aabbccddeeff'
    const result: WorkerMessage = { kind: 'result', taskId, fence: 1, outcome: { ok: true, outputs: { value }, usage, logs: '' } }
    assert.deepEqual(workerMessageFromWire((overWire([workerMessageToWire(result)]) as unknown[])[0]), result)
    const lease: SubmitterMessage = { kind: 'lease', taskId, fence: 1, digest: '00'.repeat(32), leaseMs: 1, values: [[value]] }
    assert.deepEqual(submitterMessageFromWire((overWire([submitterMessageToWire(lease)]) as unknown[])[0]), lease)
  })

  it('know no capability but what it said', () => {
    const message = workerMessageFromWire(overWire(workerMessageToWire({ kind: 'hello', capability: CAPABILITY })))
    assert.deepEqual(message, { kind: 'hello', capability: CAPABILITY })
  })
})

/** The sample has 1n; integers have one form after the wire. */
function narrow (message: SubmitterMessage): SubmitterMessage {
  return message.kind === 'lease' && message.refs === undefined && message.placement === undefined ? { ...message, values: [5, undefined, { a: [1, -2] }] } : message
}
