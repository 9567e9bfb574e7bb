/** Agreement as a job: who is asked, when it ends, who differed, and what happens over a restart. */
import assert from 'node:assert/strict'
import { createBallots } from '../../../src/jobs/ballots.ts'
import type { AgreementSpec } from '../../../src/task/definition.ts'
import { parseOutputPath } from '../../../src/task/output-paths.ts'
import { newTask, reduceTask, type TaskRecord } from '../../../src/task/state.ts'
import { NO_USAGE } from '../../../src/task/usage.ts'
import type { ErrorCode } from '../../../src/errors.ts'
import type { Value } from '../../../src/task/values.ts'
import { createFakeJobNode, settled, type FakeJobNode } from '../../support/fake-jobs.ts'
import { parseTask } from '../../support/parse-task.ts'
import { rejectsWith } from '../../support/rejects.ts'
import { useClock } from '../../support/roles.ts'

const OUTPUTS = [{ name: 'result', type: 'json' as const }, { name: 'stats', type: 'json' as const }]

function gave (outputs: Record<string, Value>, worker = 'w'): TaskRecord {
  return reduceTask(newTask('x', 'x', 1), { type: 'completed', worker, outputs, usage: NO_USAGE, logs: '', atMs: 2 })
}

function failed (code: ErrorCode, { worker = 'w', by = worker }: { worker?: string, by?: string } = {}): TaskRecord {
  return reduceTask(newTask('x', 'x', 1), { type: 'failed', worker, failure: { code, message: 'because', by }, atMs: 2 })
}

describe('ballots', () => {
  function count (spec: Partial<AgreementSpec>, ...records: TaskRecord[]): { agreed: readonly number[] | undefined, open: boolean, differing: number[] } {
    const ballots = createBallots({ replicas: 3, quorum: 2, ignore: [], ...spec }, OUTPUTS)
    records.forEach((record, number) => { ballots.add(number, record) })
    const agreed = ballots.agreed()
    return { agreed, open: ballots.isOpen(), differing: agreed === undefined ? [] : ballots.differing(agreed) }
  }

  it('agree on equal outputs, in whatever order and way their values are held', () => {
    assert.deepEqual(count({}, gave({ result: 1, stats: { a: 1, b: 2 } }), gave({ stats: { b: 2n, a: 1 }, result: 1n })), { agreed: [0, 1], open: true, differing: [] })
    assert.deepEqual(count({}, gave({ result: NaN }), gave({ result: 0 / 0 })).agreed, [0, 1])
    assert.deepEqual(count({}, gave({ result: [-0] }), gave({ result: [0] })).agreed, [0, 1])
    assert.deepEqual(count({}, gave({ result: new Uint8Array([1]) }), gave({ result: Buffer.from([1]) })).agreed, [0, 1])
  })

  it('tell different outputs apart, and name who differs', () => {
    assert.deepEqual(count({}, gave({ result: 1 }), gave({ result: 2 }), gave({ result: 1 })), { agreed: [0, 2], open: true, differing: [1] })
    for (const other of ['1', true, null, [1], 1.5, 2 ** 60, Infinity] as Value[]) assert.equal(count({}, gave({ result: 1 }), gave({ result: other })).agreed, undefined)
    assert.equal(count({}, gave({ result: null }), gave({})).agreed, undefined, 'null is not nothing')
  })

  it('look at declared outputs only, and not at what is ignored', () => {
    assert.deepEqual(count({}, gave({ result: 1, more: 1 }), gave({ result: 1, more: 2 })).agreed, [0, 1])
    const timed = (elapsed: number): TaskRecord => gave({ result: [{ v: 1, time: elapsed }, { v: 2, time: elapsed }], stats: { elapsed, 'a b': elapsed } })
    assert.equal(count({ ignore: ['stats.elapsed', 'result[*].time'] }, timed(1), timed(2)).agreed, undefined)
    assert.deepEqual(count({ ignore: ['stats.elapsed', 'result[*].time', 'stats["a b"]'] }, timed(1), timed(2)).agreed, [0, 1])
    assert.deepEqual(count({ ignore: ['stats[*]', 'result[1]', 'result[0].time'] }, timed(1), timed(2)).agreed, [0, 1])
    assert.equal(count({ ignore: ['result[1]'] }, gave({ result: [1, 2] }), gave({ result: [1] })).agreed, undefined, 'a list of another length')
  })

  it('end as soon as there can be no quorum', () => {
    assert.equal(count({}, gave({ result: 1 }), gave({ result: 2 })).open, true)
    assert.equal(count({}, gave({ result: 1 }), gave({ result: 2 }), gave({ result: 3 })).open, false)
    assert.equal(count({ quorum: 3 }, gave({ result: 1 }), gave({ result: 2 })).open, false)
    assert.equal(count({ quorum: 3 }, gave({ result: 1 }), failed('ERR_ATTEMPTS', { by: 'submitter' })).open, false)
  })

  it('take equal failures of the task for a result, and differing ones for others', () => {
    assert.deepEqual(count({}, failed('ERR_TRAP'), gave({ result: 1 }), failed('ERR_TRAP')), { agreed: [0, 2], open: true, differing: [1] })
    assert.equal(count({}, failed('ERR_TRAP'), failed('ERR_EXIT_CODE')).agreed, undefined)
    // What this node says of a task is no result of a worker, and a limit of a machine speaks against nobody.
    assert.equal(count({}, failed('ERR_ATTEMPTS', { by: 's' }), failed('ERR_ATTEMPTS', { by: 's' })).agreed, undefined)
    assert.deepEqual(count({}, failed('ERR_TIME_LIMIT'), gave({ result: 1 }), gave({ result: 1 })), { agreed: [1, 2], open: true, differing: [] })
  })
})

describe('paths of outputs', () => {
  it('are names, indexes, quoted names and stars', () => {
    for (const path of ['a', 'a.b', 'a[0].b', 'a[*]', '["a.b"].c', 'a["x\\"y"]', 'ü.$x', 'a-b.c_d']) assert.notEqual(parseOutputPath(path), undefined, path)
    for (const path of ['', '.', '.a', 'a.', 'a..b', 'a[', 'a[]', 'a[-1]', 'a[1.5]', 'a b', 'a["b]', "a['b']", 'a.[0]', '*', 'a.*']) assert.equal(parseOutputPath(path), undefined, path)
  })
})

describe('agreement', () => {
  const clock = useClock()
  const TEXT = `
name: three
deadline: 1m
compute_logic: {type: wasm, wasm_binary: AGFzbQEAAAA=}
inputs: [{name: n, type: integer}]
outputs: [{name: r, type: integer}]
agreement: {replicas: 3, quorum: 2}
`

  async function start (node: FakeJobNode, text = TEXT): Promise<string> {
    const id = await node.jobs.start((await parseTask(text, { fileName: 'three.yaml' })).definition, { n: 1 }, { baseDir: '/' })
    await settled()
    return id ?? assert.fail('no job')
  }

  async function end (node: FakeJobNode, id: string, worker: string, r: number): Promise<void> {
    await node.tasks.apply(id, { type: 'completed', worker, outputs: { r }, usage: { ...NO_USAGE, wallMs: 1 }, logs: worker, atMs: Date.now() })
    await settled()
  }

  it('runs replicas apart from each other, and ends with the first that agree', async () => {
    const node = createFakeJobNode()
    const id = await start(node)
    assert.deepEqual(node.tasks.submitted.map((task) => [task.id, task.inputs, task.options.apart, task.options.noCache, task.definition.agreement]),
      [0, 1, 2].map((number) => [`${id}-${number}`, { n: 1 }, id, true, undefined]))
    await end(node, `${id}-2`, 'c', 7)
    assert.deepEqual(node.tasks.record(id).job, { kind: 'agreement', total: 3, done: 1, failed: 0 })
    await end(node, `${id}-0`, 'a', 7)
    const { state, outputs, worker, logs, differed, history } = node.tasks.record(id)
    assert.deepEqual([state, outputs, worker, logs, differed], ['completed', { r: 7 }, 'a', 'a', undefined])
    assert.deepEqual(history.filter(({ kind }) => kind === 'agreed').map(({ peer }) => peer), ['c', 'a'])
    assert.equal(node.tasks.record(`${id}-1`).state, 'cancelled', 'the rest is not needed')
    assert.equal(node.tasks.held, 0)
  })

  it('ends with what was agreed on, and nothing else that one worker says', async () => {
    const node = createFakeJobNode()
    const id = await start(node)
    for (const [number, more] of [[0, { note: 'of one alone' }], [1, {}]] as const) {
      await node.tasks.apply(`${id}-${number}`, { type: 'completed', worker: `w${number}`, outputs: { r: 7, ...more }, usage: NO_USAGE, logs: '', atMs: Date.now() })
      await settled()
    }
    assert.deepEqual(node.tasks.record(id).outputs, { r: 7 })
  })

  it('records who differed', async () => {
    const node = createFakeJobNode()
    const id = await start(node)
    await end(node, `${id}-0`, 'liar', 8)
    await end(node, `${id}-1`, 'b', 7)
    assert.equal(node.tasks.record(id).state, 'running')
    await end(node, `${id}-2`, 'c', 7)
    const { outputs, worker, differed, history } = node.tasks.record(id)
    assert.deepEqual([outputs, worker, differed], [{ r: 7 }, 'b', ['liar']])
    assert.deepEqual(history.filter(({ kind }) => kind === 'differed').map(({ peer }) => peer), ['liar'])
  })

  it('fails when no quorum is left, and as its replicas where those fail alike', async () => {
    const node = createFakeJobNode()
    const split = await start(node)
    for (const [number, worker] of ['a', 'b', 'c'].entries()) await end(node, `${split}-${number}`, worker, number)
    const { state, failure } = node.tasks.record(split)
    assert.deepEqual([state, failure?.code], ['failed', 'ERR_NO_QUORUM'])
    const alike = await start(node)
    for (const number of [0, 1]) node.tasks.fail(`${alike}-${number}`, 'ERR_TRAP')
    await settled()
    assert.deepEqual([node.tasks.record(alike).failure?.code, node.tasks.record(`${alike}-2`).state], ['ERR_TRAP', 'cancelled'])
  })

  it('waits while there are too few peers, until its deadline', async () => {
    const node = createFakeJobNode()
    const id = await start(node)
    await end(node, `${id}-0`, 'a', 7)
    clock.tick(60_000)
    await settled()
    assert.deepEqual([node.tasks.record(id).state, node.tasks.record(id).failure?.code], ['timeout', 'ERR_DEADLINE'])
    assert.deepEqual(['-1', '-2'].map((end) => node.tasks.record(`${id}${end}`).state), ['cancelled', 'cancelled'])
    assert.ok(node.tasks.submitted.every(({ definition }) => definition.deadlineMs === undefined), 'it is that of the whole')
  })

  it('goes on after a restart with the replicas that have ended, whose peers get no other', async () => {
    const before = createFakeJobNode()
    const id = await start(before)
    await end(before, `${id}-1`, 'b', 7)
    const after = await before.restart()
    assert.deepEqual(after.tasks.apart, [`${id} b`])
    await end(after, `${id}-0`, 'a', 8)
    await end(after, `${id}-2`, 'c', 7)
    const { outputs, differed } = after.tasks.record(id)
    assert.deepEqual([outputs, differed], [{ r: 7 }, ['a']])
  })

  it('is refused for one peer, and for inputs that do not fit', async () => {
    const node = createFakeJobNode()
    await rejectsWith('ERR_DEFINITION', start(node, `${TEXT}on: 12D3KooWabc\n`))
    const { definition } = await parseTask(TEXT, { fileName: 'three.yaml' })
    await rejectsWith('ERR_INPUT', Promise.resolve(node.jobs.start(definition, { n: 'x' }, { baseDir: '/' })))
    assert.equal(node.jobs.start({ ...definition, agreement: { replicas: 1, quorum: 1, ignore: [] } }, { n: 1 }, { baseDir: '/' }), undefined)
    assert.equal(node.tasks.submitted.length, 0)
  })
})
