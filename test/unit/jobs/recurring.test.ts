/** Recurring tasks: their rhythm, runs that fail, their end, and what happens over a restart. */
import assert from 'node:assert/strict'
import { parseDefinition } from '../../../src/task/parse.ts'
import { createFakeJobNode, settled, type FakeJobNode } from '../../support/fake-jobs.ts'
import { useClock } from '../../support/roles.ts'

const TASK = 'compute_logic: {type: wasm, wasm_binary: AGFzbQEAAAA=}'
const every = (more = ''): string => `name: beat\nexecution_mode: recurring\nstream_config: {time_interval: 5${more}}\n${TASK}\ninputs: [{name: n, type: integer, default: 1}]\n`

async function start (node: FakeJobNode, text: string): Promise<string> {
  const id = await node.jobs.start((await parseDefinition(text, { fileName: 'r.yaml' })).definition, {}, { baseDir: '/' })
  await settled()
  return id ?? assert.fail('no job')
}

describe('recurring tasks', () => {
  const clock = useClock()
  const after = async (ms: number): Promise<void> => {
    clock.tick(ms)
    await settled()
  }

  it('run every interval, until they are cancelled', async () => {
    const node = createFakeJobNode()
    const id = await start(node, every())
    for (let run = 0; run < 3; run++) {
      assert.deepEqual(node.tasks.submitted.map((task) => task.id), Array.from({ length: run + 1 }, (_, n) => `${id}-${n}`))
      node.tasks.complete(`${id}-${run}`, { result: run })
      await settled()
      assert.deepEqual(node.tasks.record(id).job, { kind: 'recurring', done: run + 1, failed: 0 })
      await after(4_900)
      assert.equal(node.tasks.submitted.length, run + 1)
      await after(100)
    }
    assert.deepEqual(node.tasks.record(id).history.filter(({ kind }) => kind === 'step').map(({ detail }) => detail), ['run 0: {"result":0}', 'run 1: {"result":1}', 'run 2: {"result":2}'])
    node.jobs.cancel(id)
    await after(60_000)
    assert.deepEqual([node.tasks.record(id).state, node.tasks.record(`${id}-3`).state, node.tasks.submitted.length], ['cancelled', 'cancelled', 4])
    assert.deepEqual([node.tasks.held, node.tasks.disk.jobs.size], [0, 0])
  })

  it('end after as many runs as they may have', async () => {
    const node = createFakeJobNode()
    const id = await start(node, every(', max_runs: 2'))
    node.tasks.complete(`${id}-0`, { result: 1 })
    await settled()
    await after(5_000)
    node.tasks.complete(`${id}-1`, { result: 2 })
    await settled()
    const { state, outputs, job } = node.tasks.record(id)
    assert.deepEqual([state, outputs, job], ['completed', { result: 2 }, { kind: 'recurring', total: 2, done: 2, failed: 0 }])
  })

  it('wait for a run that takes longer, and do not make up for it', async () => {
    const node = createFakeJobNode()
    const id = await start(node, every())
    await after(60_000)
    assert.equal(node.tasks.submitted.length, 1)
    node.tasks.complete(`${id}-0`, { result: 1 })
    await settled()
    await after(5_000)
    assert.equal(node.tasks.submitted.length, 2)
  })

  it('go on after a run that failed, or could not begin', async () => {
    const node = createFakeJobNode()
    const id = await start(node, every())
    node.tasks.fail(`${id}-0`)
    await settled()
    node.tasks.onSubmit = () => { throw new Error('no room') }
    await after(5_000)
    node.tasks.onSubmit = () => {}
    await after(5_000)
    assert.deepEqual([node.tasks.record(`${id}-1`).state, node.tasks.record(`${id}-1`).failure?.message], ['failed', 'no room'])
    assert.deepEqual([node.tasks.submitted.map((task) => task.id), node.tasks.record(id).job], [[`${id}-0`, `${id}-2`], { kind: 'recurring', done: 2, failed: 2 }])
  })

  it('go on with the next run after a restart', async () => {
    let node = createFakeJobNode()
    const id = await start(node, every())
    node.tasks.complete(`${id}-0`, { result: 1 })
    await settled()
    node = await node.restart()
    assert.deepEqual(node.tasks.submitted.map((task) => task.id), [`${id}-1`])
    assert.deepEqual(node.tasks.record(id).job, { kind: 'recurring', done: 1, failed: 0 })
    node = await node.restart()
    assert.deepEqual(node.names(), [], 'the run that was open still is')
    node.tasks.complete(`${id}-1`, { result: 2 })
    await settled()
    await after(5_000)
    assert.deepEqual(node.tasks.submitted.map((task) => task.id), [`${id}-2`])
  })

  it('know the runs that had ended after they were kept last, and what the last one gave', async () => {
    let node = createFakeJobNode()
    const id = await start(node, every(', max_runs: 2'))
    const kept = node.tasks.disk.jobs.get(id) ?? assert.fail()
    node.tasks.complete(`${id}-0`, { result: 1 })
    await settled()
    await after(5_000)
    node.tasks.complete(`${id}-1`, { result: 2 })
    node.tasks.disk.jobs.set(id, kept)
    node = await node.restart()
    assert.deepEqual(node.names(), [])
    assert.deepEqual([node.tasks.record(id).state, node.tasks.record(id).outputs, node.tasks.record(id).job?.done], ['completed', { result: 2 }, 2])
  })

  it('do not run again what was kept no longer, where a newer run is known', async () => {
    let node = createFakeJobNode()
    const id = await start(node, every())
    const kept = node.tasks.disk.jobs.get(id) ?? assert.fail()
    for (let run = 0; run < 3; run++) {
      node.tasks.complete(`${id}-${run}`, { result: run })
      await settled()
      await after(5_000)
    }
    node.tasks.disk.jobs.set(id, kept)
    for (const run of [0, 1]) node.tasks.disk.finished.delete(`${id}-${run}`)
    node = await node.restart()
    assert.deepEqual(node.names(), [])
    assert.deepEqual(node.tasks.record(id).job, { kind: 'recurring', done: 3, failed: 0 })
  })

  it('go on while what they keep cannot be written', async () => {
    const node = createFakeJobNode()
    const id = await start(node, every())
    node.tasks.disk.jobs.set = () => { throw new Error('no space left on device') }
    node.tasks.complete(`${id}-0`, { result: 1 })
    await settled()
    await after(5_000)
    assert.deepEqual([node.tasks.record(id).state, node.tasks.submitted.length], ['running', 2])
  })

  it('may be pipelines, whose steps have ids of their own', async () => {
    let node = createFakeJobNode()
    const id = await start(node, `name: p\nstream_config: {time_interval: 5}\ntasks:\n  - {name: a, ${TASK}, outputs: [{name: v, type: integer}]}\n  - {name: b, ${TASK}, inputs: [{name: v, type: integer}]}\n`)
    assert.deepEqual(node.tasks.submitted.map((task) => task.id), [`${id}-0-0`])
    node.tasks.complete(`${id}-0-0`, { v: 1 })
    await settled()
    node = await node.restart()
    assert.deepEqual(node.names(), [])
    node.tasks.complete(`${id}-0-1`, { result: 2 })
    await settled()
    assert.deepEqual([node.tasks.record(`${id}-0`).state, node.tasks.record(`${id}-0`).outputs, node.tasks.record(id).job], ['completed', { result: 2 }, { kind: 'recurring', done: 1, failed: 0 }])
    await after(5_000)
    assert.deepEqual(node.tasks.submitted.map((task) => task.id), [`${id}-1-0`])
    node.jobs.cancel(id)
    await settled()
    assert.deepEqual([`${id}-1`, `${id}-1-0`].map((each) => node.tasks.record(each).state), ['cancelled', 'cancelled'])
    assert.deepEqual([node.tasks.held, node.tasks.disk.jobs.size], [0, 0])
  })
})
