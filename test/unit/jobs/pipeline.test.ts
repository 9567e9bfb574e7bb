/** Pipelines as jobs: order, skips, failures, cancel, deadlines, and what happens over a restart. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { CorebrumError } from '../../../src/errors.ts'
import { isPipeline, type AnyDefinition } from '../../../src/task/definition.ts'
import { parseDefinition } from '../../../src/task/parse.ts'
import type { TaskRecord } from '../../../src/task/state.ts'
import { createFakeJobNode, settled, WORKER, type FakeJobNode } from '../../support/fake-jobs.ts'
import { rejectsWith } from '../../support/rejects.ts'
import { useClock } from '../../support/roles.ts'

const EMPTY = 'AGFzbQEAAAA='
const STEP = `compute_logic: {type: wasm, wasm_binary: ${EMPTY}}, inputs: [{name: n, type: integer}], outputs: [{name: n, type: integer}]`
/** Three steps, one after the other. */
const CHAIN = `name: chain\ndeadline: 1m\ntasks:\n  - {name: a, ${STEP}}\n  - {name: b, ${STEP}}\n  - {name: c, ${STEP}}\n`
/** Two side by side, one that takes both, one that is skipped, and one that needs that. */
const FORK = `
name: fork
tasks:
  - {name: l, compute_logic: {type: wasm, wasm_binary: ${EMPTY}}, inputs: [{name: n, type: integer}], outputs: [{name: x, type: integer}]}
  - {name: r, compute_logic: {type: wasm, wasm_binary: ${EMPTY}}, inputs: [{name: n, type: integer}], outputs: [{name: y, type: integer}]}
  - {name: sum, compute_logic: {type: wasm, wasm_binary: ${EMPTY}}, inputs: [{name: x, type: integer}, {name: y, type: integer}], outputs: [{name: z, type: integer}]}
  - {name: no, condition: sum.z > 100, compute_logic: {type: wasm, wasm_binary: ${EMPTY}}, inputs: [{name: z, type: integer}], outputs: [{name: big, type: integer}]}
  - {name: after, compute_logic: {type: wasm, wasm_binary: ${EMPTY}}, inputs: [{name: q, type: integer, source: no.big}]}
`

async function read (text: string): Promise<AnyDefinition> {
  return (await parseDefinition(text, { fileName: 'p.yaml' })).definition
}

async function start (node: FakeJobNode, text: string, inputs: Record<string, number> = { n: 1 }): Promise<string> {
  const id = await node.jobs.start(await read(text), inputs, { baseDir: '/' })
  await settled()
  return id ?? assert.fail('no job')
}

const childStates = ({ tasks }: FakeJobNode, id: string, count: number): string[] => Array.from({ length: count }, (_, n) => tasks.record(`${id}-${n}`).state)
const failureOf = ({ failure }: TaskRecord): string => `${failure?.code}: ${failure?.message}`

describe('pipelines', () => {
  const clock = useClock()

  it('run step by step, each with what the one before gave', async () => {
    const node = createFakeJobNode()
    const id = await start(node, CHAIN)
    for (const [number, n] of [2, 3, 4].entries()) {
      assert.deepEqual(node.tasks.submitted.map((task) => [task.id, task.inputs]), Array.from({ length: number + 1 }, (_, at) => [`${id}-${at}`, { n: at + 1 }]))
      assert.deepEqual(node.tasks.record(id).job, { kind: 'pipeline', total: 3, done: number, failed: 0 })
      node.tasks.complete(`${id}-${number}`, { n })
      await settled()
    }
    const { state, outputs, worker, usage, job, history } = node.tasks.record(id)
    assert.deepEqual([state, outputs, worker, usage?.wallMs, job?.done], ['completed', { n: 4 }, WORKER, 3, 3])
    assert.deepEqual(history.filter(({ kind }) => kind === 'step').map(({ detail }) => detail), ['a: completed', 'b: completed', 'c: completed'])
    assert.equal(node.tasks.held, 0)
    assert.equal(node.tasks.disk.jobs.size, 0)
    assert.ok(node.tasks.submitted.every(({ definition }) => definition.module.kind === 'cid'), 'what a step names cannot change under it')
  })

  it('run side by side what does not wait for each other, and skip what a condition rules out', async () => {
    const node = createFakeJobNode()
    const id = await start(node, FORK)
    assert.deepEqual(node.names(), ['l', 'r'])
    node.tasks.complete(`${id}-1`, { y: 2 })
    await settled()
    assert.deepEqual(node.names(), ['l', 'r'])
    node.tasks.complete(`${id}-0`, { x: 1 })
    await settled()
    assert.deepEqual(node.tasks.submitted.at(-1)?.inputs, { x: 1, y: 2 })
    node.tasks.complete(`${id}-2`, { z: 3 })
    await settled()
    assert.deepEqual(node.names(), ['l', 'r', 'sum'])
    assert.deepEqual(childStates(node, id, 5), ['completed', 'completed', 'completed', 'cancelled', 'cancelled'])
    assert.match(failureOf(node.tasks.record(`${id}-3`)), /ERR_CANCELLED: skipped: its condition "sum.z > 100" does not hold/)
    assert.match(failureOf(node.tasks.record(`${id}-4`)), /ERR_CANCELLED: skipped: its input "q"/)
    assert.deepEqual([node.tasks.record(id).state, node.tasks.record(id).outputs], ['completed', { z: 3 }])
  })

  it('fail with their first step that fails, and cancel what is left', async () => {
    const node = createFakeJobNode()
    const id = await start(node, FORK)
    node.tasks.fail(`${id}-1`)
    await settled()
    const { state, failure } = node.tasks.record(id)
    assert.deepEqual([state, failure?.code, failure?.by], ['failed', 'ERR_STEP', WORKER])
    assert.equal(failure?.message, `step "r", ${id}-1: ERR_TRAP: unreachable was executed`)
    assert.deepEqual(childStates(node, id, 2), ['cancelled', 'failed'])
    assert.deepEqual(node.names(), ['l', 'r'])
    assert.deepEqual([node.tasks.held, node.tasks.disk.jobs.size], [0, 0])
  })

  it('fail with a step that is refused, or cancelled by itself', async () => {
    const node = createFakeJobNode()
    node.tasks.onSubmit = ({ definition }) => { if (definition.name === 'b') throw new CorebrumError('ERR_INPUT', 'n: found null') }
    const id = await start(node, CHAIN)
    node.tasks.complete(`${id}-0`, {})
    await settled()
    assert.equal(node.tasks.record(id).failure?.code, 'ERR_STEP')
    assert.deepEqual(childStates(node, id, 2), ['completed', 'failed'])
    const other = await start(node, FORK)
    node.tasks.cancel(`${other}-0`, 'by its user')
    await settled()
    assert.match(failureOf(node.tasks.record(other)), /ERR_STEP: step "l".*ERR_CANCELLED: by its user/)
  })

  it('fail when a condition cannot decide', async () => {
    const node = createFakeJobNode()
    const id = await start(node, `name: p\ntasks:\n  - {name: a, ${STEP}}\n  - {name: b, condition: a.n, ${STEP}}\n`)
    node.tasks.complete(`${id}-0`, { n: 7 })
    await settled()
    assert.match(failureOf(node.tasks.record(id)), /ERR_STEP: step "b".*ERR_INPUT: its condition "a.n": found 7/)
  })

  it('are cancelled with all their steps', async () => {
    const node = createFakeJobNode()
    const id = await start(node, FORK)
    assert.equal(node.jobs.cancel(id), true)
    assert.equal(node.tasks.record(id).state, 'cancelled', 'at once')
    assert.equal(node.jobs.cancel(id), false)
    await settled()
    assert.deepEqual(childStates(node, id, 2), ['cancelled', 'cancelled'])
    assert.deepEqual([node.tasks.held, node.tasks.disk.jobs.size, node.names().length], [0, 0, 2])
  })

  it('end at their deadline', async () => {
    const node = createFakeJobNode()
    const id = await start(node, CHAIN)
    clock.tick(60_000)
    await settled()
    assert.deepEqual([node.tasks.record(id).state, node.tasks.record(id).failure?.code, node.tasks.record(`${id}-0`).state], ['timeout', 'ERR_DEADLINE', 'cancelled'])
  })

  it('have steps that are jobs themselves', async () => {
    const before = createFakeJobNode()
    const id = await start(before, `name: p\ntasks:\n  - {name: a, ${STEP}}\n  - {name: b, replicas: 3, quorum: 2, ${STEP}}\n`)
    before.tasks.complete(`${id}-0`, { n: 2 })
    await settled()
    assert.deepEqual(before.tasks.submitted.slice(1).map((task) => [task.id, task.inputs]), [0, 1, 2].map((replica) => [`${id}-1-${replica}`, { n: 2 }]))
    before.tasks.complete(`${id}-1-0`, { n: 3 })
    const node = await before.restart()
    node.tasks.complete(`${id}-1-2`, { n: 3 })
    await settled()
    assert.deepEqual([`${id}-1`, id].map((each) => [node.tasks.record(each).state, node.tasks.record(each).outputs]), [['completed', { n: 3 }], ['completed', { n: 3 }]])
    assert.deepEqual([node.tasks.held, node.tasks.disk.jobs.size], [0, 0])
  })

  it('are refused before anything is kept: wrong inputs, a node that stops', async () => {
    const node = createFakeJobNode()
    const definition = await read(CHAIN)
    const options = { baseDir: '/' }
    await rejectsWith('ERR_INPUT', Promise.resolve(node.jobs.start(definition, {}, options)))
    await rejectsWith('ERR_INPUT', Promise.resolve(node.jobs.start(definition, { n: 'x' }, options)))
    await rejectsWith('ERR_INPUT', Promise.resolve(node.jobs.start(definition, { n: 1, m: 2 }, options)))
    await rejectsWith('ERR_CANCELLED', Promise.resolve(node.jobs.start(definition, { n: 1 }, { ...options, signal: AbortSignal.abort() })))
    node.jobs.stop({ end: false })
    await rejectsWith('ERR_CANCELLED', Promise.resolve(node.jobs.start(definition, { n: 1 }, options)))
    assert.deepEqual([node.tasks.held, node.tasks.disk.jobs.size, node.tasks.table.open], [0, 0, 0])
  })

  it('leave plain tasks alone', async () => {
    const definition = await read(`{name: t, ${STEP}}`)
    assert.ok(!isPipeline(definition))
    assert.equal(createFakeJobNode().jobs.start(definition, { n: 1 }, { baseDir: '/' }), undefined)
  })

  it('give their steps what the command line says of placement, the deadline aside', async () => {
    const node = createFakeJobNode()
    await node.jobs.start(await read(CHAIN), { n: 1 }, { baseDir: '/', policy: { priority: 5, deadlineMs: 1_000 }, noCache: true })
    await settled()
    assert.deepEqual(node.tasks.submitted[0]?.options.policy, { priority: 5, deadlineMs: undefined })
    assert.equal(node.tasks.submitted[0]?.options.noCache, true)
    clock.tick(1_000)
    await settled()
    assert.equal([...node.tasks.disk.finished.values()].at(-1)?.failure?.code, 'ERR_DEADLINE')
  })

  describe('go on after a restart', () => {
    for (let done = 0; done < 3; done++) {
      it(`with step ${done}: those before are not run again`, async () => {
        let node = createFakeJobNode()
        const id = await start(node, CHAIN)
        for (let step = 0; step < done; step++) {
          node.tasks.complete(`${id}-${step}`, { n: step + 2 })
          await settled()
        }
        node = await node.restart()
        assert.deepEqual(node.names(), [], 'the step that was open still is')
        assert.deepEqual(node.tasks.record(id).job, { kind: 'pipeline', total: 3, done, failed: 0 })
        assert.equal(node.tasks.held, 3)
        for (let step = done; step < 3; step++) {
          node.tasks.complete(`${id}-${step}`, { n: step + 2 })
          await settled()
        }
        assert.deepEqual(node.names(), ['a', 'b', 'c'].slice(done + 1))
        assert.deepEqual([node.tasks.record(id).state, node.tasks.record(id).outputs], ['completed', { n: 4 }])
        assert.deepEqual([node.tasks.held, node.tasks.disk.jobs.size], [0, 0])
      })
    }

    it('also when a step ended, or was skipped, just before', async () => {
      let node = createFakeJobNode()
      const id = await start(node, FORK)
      node.tasks.complete(`${id}-0`, { x: 1 })
      node.tasks.complete(`${id}-1`, { y: 1 })
      node = await node.restart()
      assert.deepEqual(node.names(), ['sum'])
      node = await node.restart()
      node.tasks.complete(`${id}-2`, { z: 2 })
      node = await node.restart()
      assert.deepEqual([node.tasks.record(id).state, node.tasks.record(id).outputs, node.names()], ['completed', { z: 2 }, []])
    })

    it('and are as old as they are', async () => {
      const before = createFakeJobNode()
      const id = await start(before, CHAIN)
      const { createdAtMs } = before.tasks.record(id)
      clock.tick(59_000)
      const node = await before.restart()
      assert.equal(node.tasks.record(id).createdAtMs, createdAtMs)
      clock.tick(1_000)
      await settled()
      assert.equal(node.tasks.record(id).failure?.code, 'ERR_DEADLINE')
    })

    it('unless they had ended', async () => {
      const before = createFakeJobNode()
      const id = await start(before, CHAIN)
      const saved = before.tasks.disk.jobs.get(id) ?? assert.fail()
      before.jobs.cancel(id)
      await settled()
      before.tasks.disk.jobs.set(id, saved)
      const node = await before.restart()
      assert.deepEqual([node.tasks.record(id).state, node.tasks.disk.jobs.size, node.names()], ['cancelled', 0, []])
    })

    it('after a stop that keeps them, and not after one that ends them', async () => {
      const kept = createFakeJobNode()
      const id = await start(kept, CHAIN)
      kept.jobs.stop({ end: false })
      kept.tasks.complete(`${id}-0`, { n: 2 })
      await settled()
      assert.deepEqual([kept.names(), kept.tasks.record(id).state, kept.tasks.held], [['a'], 'running', 0])
      assert.deepEqual((await kept.restart()).names(), ['b'])
      const ended = createFakeJobNode()
      const other = await start(ended, CHAIN)
      ended.jobs.stop({ end: true })
      await settled()
      assert.deepEqual([ended.tasks.record(other).state, ended.tasks.disk.jobs.size], ['cancelled', 0])
    })

    it('with the same end, whenever they are killed, and no step that ended runs twice', async () => {
      const one = (name: string, inputs: string, more = ''): string => `  - {name: ${name}, compute_logic: {type: wasm, wasm_binary: ${EMPTY}}, inputs: [${inputs}], outputs: [{name: ${name}v, type: integer}]${more}}\n`
      const text = `name: p\ntasks:\n${one('a', '{name: n, type: integer}')}${one('b', '{name: n, type: integer}')}${one('c', '{name: av, type: integer}', ', condition: bv > av')}${one('d', '{name: av, type: integer}', ', condition: not (bv > av)')}${one('e', '{name: x, type: integer, source: d.dv, required: false}, {name: bv, type: integer}')}${one('f', '{name: ev, type: integer}, {name: cv, type: integer, default: 1}')}`
      const definition = await read(text)
      const answer = (name: string, inputs: Record<string, unknown>): Record<string, number> => ({ [`${name}v`]: Object.values(inputs).reduce<number>((sum, value) => sum * 3 + Number(value), name.charCodeAt(0)) })
      const play = async (n: number, choices: number[]): Promise<{ end: TaskRecord, ran: string[] }> => {
        let node = createFakeJobNode()
        const id = await node.jobs.start(definition, { n }, { baseDir: '/' }) ?? assert.fail()
        const ran: string[] = []
        await settled()
        for (let at = 0; node.tasks.record(id).state === 'running'; at++) {
          const choice = choices[at % choices.length] ?? 0
          const open = [...node.tasks.disk.open.values()]
          const task = open[choice % Math.max(1, open.length)]
          if (task !== undefined) {
            ran.push(task.definition.name)
            node.tasks.complete(task.id, answer(task.definition.name, task.inputs))
          }
          if (choice % 3 === 0) node = await node.restart()
          else await settled()
          assert.ok(at < 50, 'it goes on')
        }
        return { end: node.tasks.record(id), ran }
      }
      await fc.assert(fc.asyncProperty(fc.integer({ min: -100, max: 100 }), fc.array(fc.nat({ max: 11 }), { minLength: 1, maxLength: 8 }), async (n, choices) => {
        const plain = await play(n, [1])
        const killed = await play(n, choices)
        assert.deepEqual([killed.end.state, killed.end.outputs], ['completed', plain.end.outputs])
        assert.deepEqual([...killed.ran].sort(), [...plain.ran].sort())
        assert.equal(new Set(killed.ran).size, killed.ran.length)
      }), { numRuns: 60 })
    })

    it('or say so, where what was kept is damaged', async () => {
      const before = createFakeJobNode()
      const id = await start(before, CHAIN)
      const saved = before.tasks.disk.jobs.get(id) ?? assert.fail()
      for (const bytes of [new Uint8Array(), saved.subarray(0, saved.length >> 1), new Uint8Array(saved.length), Buffer.from(saved.toString()), saved.slice().fill(0x61, 40, 60)]) {
        before.tasks.disk.jobs.set(id, bytes)
        const node = await before.restart()
        assert.deepEqual([node.tasks.record(id).state, node.tasks.record(id).failure?.code, node.tasks.disk.jobs.size], ['failed', 'ERR_JOURNAL', 0])
      }
    })
  })
})
