/** Definitions of several tasks: what they mean, how values go through them, and where their mistakes are. */
import assert from 'node:assert/strict'
import { CorebrumError } from '../../../src/errors.ts'
import { planFlow } from '../../../src/task/data-flow.ts'
import { isPipeline, type PipelineDefinition } from '../../../src/task/definition.ts'
import { conditionHolds, inputsOf } from '../../../src/task/flow-values.ts'
import { parseDefinition } from '../../../src/task/parse.ts'
import type { Mapping } from '../../../src/task/values.ts'
import { EMPTY_MODULE, refusal } from './support.ts'

const WASM = `{type: wasm, wasm_binary: ${EMPTY_MODULE}}`

interface Step { name?: string, inputs?: string, outputs?: string, more?: string }

function step ({ name, inputs, outputs, more }: Step): string {
  return [`  - ${name === undefined ? '' : `name: ${name}\n    `}compute_logic: ${WASM}`, ...(inputs === undefined ? [] : [`    inputs: ${inputs}`]), ...(outputs === undefined ? [] : [`    outputs: ${outputs}`]), ...(more === undefined ? [] : [`    ${more}`])].join('\n')
}

const whole = (steps: Step[], more = ''): string => `name: p\n${more === '' ? '' : `${more}\n`}tasks:\n${steps.map(step).join('\n')}\n`

async function read (text: string, files: Record<string, string> = {}): Promise<PipelineDefinition> {
  const { definition } = await parseDefinition(text, {
    fileName: 'p.yaml',
    async readFile (path) {
      const found = files[path]
      if (found === undefined) throw new CorebrumError('ERR_DEFINITION', `there is no ${path}`)
      return found
    },
  })
  assert.ok(isPipeline(definition))
  return definition
}

const flowOf = ({ steps, inputs }: PipelineDefinition): ReturnType<typeof planFlow>['steps'] => planFlow(steps, inputs.length === 0 ? undefined : inputs).steps
const problems = (text: string, readFile?: (path: string) => Promise<string>): Promise<readonly string[]> => refusal('ERR_DEFINITION', () => parseDefinition(text, { fileName: 'p.yaml', ...(readFile === undefined ? {} : { readFile }) }))

/** The inputs of each step, and what it waits for, when `outputs` are what the steps gave; undefined of one that was skipped. */
function run (definition: PipelineDefinition, given: Mapping, outputs: Array<Mapping | undefined>): Array<Mapping | string> {
  const state = { inputs: given, outputs: (index: number) => outputs[index] }
  return flowOf(definition).map((flow) => {
    const found = inputsOf(flow, state)
    return 'missing' in found ? `missing ${found.missing}` : found.inputs
  })
}

describe('definitions of several tasks', () => {
  describe('are read', () => {
    const X = '[{name: x, type: integer}]'
    const forms: Array<[string, string]> = [
      ['with tasks at the root', whole([{ name: 'a', inputs: X }, { name: 'b' }])],
      ['with tasks in compute_logic', `name: p\ncompute_logic:\n  type: sequential\n  tasks:\n    - {name: a, compute_logic: ${WASM}, inputs: ${X}}\n    - {name: b, compute_logic: ${WASM}}\n`],
      ['with the kind at the root', `name: p\nlogic_type: Pipeline\ntasks:\n  - {name: a, wasm_binary: ${EMPTY_MODULE}, inputs: ${X}}\n  - {name: b, wasm_binary: ${EMPTY_MODULE}}\n`],
      ['in a wrapper', `task_definition:\n  name: p\n  tasks:\n    - {name: a, compute_logic: ${WASM}, inputs: ${X}}\n    - task_definition: {name: b, compute_logic: ${WASM}}\n`],
      ['with the steps in wrappers', `name: p\ntasks:\n  - {name: a, task_definition: {name: other, compute_logic: ${WASM}, inputs: ${X}}}\n  - {task_definition: {name: b, compute_logic: ${WASM}}}\n`],
      ['with the steps in files', 'name: p\ntasks: [{file: a.yaml}, {name: b, file: a2.yaml}]\n'],
      ['as JSON', JSON.stringify({ name: 'p', tasks: [{ name: 'a', wasm_binary: EMPTY_MODULE, inputs: [{ name: 'x', type: 'integer' }] }, { name: 'b', wasm_binary: EMPTY_MODULE }] })],
    ]
    for (const [what, text] of forms) {
      it(what, async () => {
        const { name, steps, inputs } = await read(text, { 'a.yaml': `name: a\ncompute_logic: ${WASM}\ninputs: ${X}\n`, 'a2.yaml': `name: zzz\ncompute_logic: ${WASM}\n` })
        assert.equal(name, 'p')
        assert.deepEqual(steps.map((one) => [one.name, one.task.name, one.task.module.kind]), [['a', 'a', 'bytes'], ['b', 'b', 'bytes']])
        assert.deepEqual(inputs, [{ name: 'x', type: 'integer', required: true }], 'the whole takes what its steps need and nobody gives them')
      })
    }

    for (const kind of ['sequential', 'pipeline', 'workflow', 'dag', 'Parallel']) {
      it(`as ${kind}`, async () => { assert.equal((await read(`name: p\ncompute_logic: {type: ${kind}}\n${whole([{}, {}]).slice('name: p\n'.length)}`)).steps.length, 2) })
    }

    it('with names for steps without one', async () => {
      assert.deepEqual((await read(whole([{}, { name: 'b' }, {}]))).steps.map(({ name, task }) => [name, task.name]), [['step1', 'step1'], ['b', 'b'], ['step3', 'step3']])
    })

    it('with paths of a file from its own folder', async () => {
      const inner = 'name: a\nwasm_source: {type: file, path: m.wasm}\nlogic_type: wasm\nwasm_config: {allow_file_system: true}\nfiles: {d.txt: {file: data.txt}}\n'
      const { steps } = await read('name: p\ntasks: [{file: steps/a.yaml}, {file: steps/b.yaml}, {file: a.yaml, name: c}]\n', { 'steps/a.yaml': inner, 'steps/b.yaml': 'name: b\nlogic_type: wasm\nwasm_module: m\n', 'a.yaml': inner })
      assert.deepEqual(steps.map(({ task }) => task.module), [{ kind: 'file', path: 'steps/m.wasm' }, { kind: 'name', name: 'steps/m' }, { kind: 'file', path: 'm.wasm' }])
      assert.deepEqual(steps[0]?.task.setup?.files, [{ path: 'd.txt', file: 'steps/data.txt' }])
    })

    it('with the placement of the whole, where a step has none of its own', async () => {
      const { steps, priority, deadlineMs } = await read(whole([{ more: 'priority: 2' }, { more: 'on: 12D3KooWother' }], 'priority: 7\nretries: 1\ndeadline: 1h\non: 12D3KooWroot'))
      assert.deepEqual(steps.map(({ task }) => [task.priority, task.retries, task.on, task.deadlineMs]), [[2, 1, '12D3KooWroot', undefined], [7, 1, '12D3KooWother', undefined]])
      assert.deepEqual([priority, deadlineMs], [7, 3_600_000])
    })
  })

  describe('feed their steps', () => {
    it('by name, from the nearest step before, then from the inputs of the whole', async () => {
      const p = await read(whole([
        { inputs: '[{name: n, type: integer}]', outputs: '[{name: n, type: integer}, {name: m, type: integer}]' },
        { inputs: '[{name: n, type: integer}, {name: k, type: integer}]', outputs: '[{name: n, type: integer}]' },
        { inputs: '[{name: n, type: integer}, {name: m, type: integer}, {name: k, type: integer}]' },
      ]))
      assert.deepEqual(p.inputs.map(({ name }) => name), ['n', 'k'])
      assert.deepEqual(run(p, { n: 1, k: 9 }, [{ n: 2, m: 3 }, { n: 4 }, {}]), [{ n: 1 }, { n: 2, k: 9 }, { n: 4, m: 3, k: 9 }])
      assert.deepEqual(flowOf(p).map(({ waits }) => waits), [[], [0], [0, 1]])
    })

    it('by source', async () => {
      const p = await read(whole([
        { name: 'a', outputs: '[{name: doubled, type: integer}]', inputs: '[]' },
        { name: 'b.c', outputs: '[{name: result, type: object}]', inputs: '[{name: x, type: integer, source: a.doubled}]' },
        { inputs: '[{name: whole, type: object, source: a}, {name: inner, source: b.c.result}, {name: field, source: b.c.deep}, {name: given, source: input.given}]' },
      ]))
      assert.deepEqual(p.inputs.map(({ name }) => name), ['given'])
      assert.deepEqual(run(p, { given: 'g' }, [{ doubled: 2 }, { result: { deep: 5 } }, {}])[2], { whole: { doubled: 2 }, inner: { deep: 5 }, field: 5, given: 'g' })
    })

    it('by a mapping around another definition', async () => {
      const { steps } = await read(`name: p\ntasks:\n${step({ name: 'a', outputs: '[{name: v, type: integer}]' })}\n  - name: b\n    inputs: {x: a.v, y: input.y}\n    task_definition: {name: b, compute_logic: ${WASM}, inputs: [{name: x}, {name: y}]}\n`)
      assert.deepEqual(steps[1]?.sources, [{ name: 'x', source: { step: 'a', output: 'v' } }, { name: 'y', source: { input: 'y' } }])
    })

    it('with the whole object, where one json input is all that is needed', async () => {
      const p = await read(whole([{ inputs: '[]', outputs: '[{name: a}, {name: b}]' }, { inputs: '[{name: data, type: json}, {name: scale, type: number, default: 2}, {name: more, type: object, required: false}]' }]))
      assert.deepEqual(run(p, {}, [{ a: 1, b: 2 }, {}])[1], { data: { a: 1, b: 2 } })
    })

    it('with everything, where a step declares no inputs', async () => {
      const p = await read(whole([{}, {}, { inputs: '[]' }]))
      assert.deepEqual(run(p, { x: 1 }, [{ result: 2 }, { result: 3 }, {}]), [{ x: 1 }, { result: 2 }, {}])
      assert.deepEqual(flowOf(p).map(({ waits }) => waits), [[], [0], [1]])
    })

    it('side by side, where nothing goes from one to the other', async () => {
      const inputs = '[{name: x, type: integer}]'
      const p = await read(whole([{ name: 'a', inputs }, { name: 'b', inputs }, { inputs: '[{name: l, source: a}, {name: r, source: b}]' }]))
      assert.deepEqual(flowOf(p).map(({ waits }) => waits), [[], [], [0, 1]])
      assert.deepEqual(flowOf(await read(whole([{ inputs: '[]' }, { inputs: '[]' }]))).map(({ waits }) => waits), [[], [0]], 'a step that takes nothing waits for the one before')
      assert.deepEqual(flowOf(await read(whole([{ inputs: '[]' }, { inputs: '[]' }], 'compute_logic: {type: parallel}'))).map(({ waits }) => waits), [[], []])
      assert.deepEqual(flowOf(await read(whole([{ name: 'a', inputs }, { inputs, more: 'depends_on: a' }, { inputs, more: 'needs: [a]' }]))).map(({ waits }) => waits), [[], [0], [0]])
    })

    it('from a stand-in, where a step was skipped', async () => {
      const out = '[{name: text, type: string}]'
      const inputs = '[{name: text, type: string}]'
      const p = await read(whole([
        { name: 'kind', inputs, outputs: '[{name: long, type: boolean}]' },
        { name: 'short', inputs, outputs: out, more: 'condition: not kind.long' },
        { name: 'cut', inputs: '[{name: text, type: string, source: input.text}]', outputs: out, more: 'condition: kind.long' },
        { inputs },
      ]))
      assert.deepEqual(flowOf(p).map(({ waits }) => waits), [[], [0], [0], [1, 2]])
      assert.deepEqual(run(p, { text: 't' }, [{ long: false }, { text: 's' }, undefined, {}])[3], { text: 's' })
      assert.deepEqual(run(p, { text: 't' }, [{ long: true }, undefined, { text: 'c' }, {}])[3], { text: 'c' })
      assert.deepEqual(run(p, { text: 't' }, [{ long: true }, undefined, undefined, {}])[3], { text: 't' })
      assert.equal(conditionHolds(flowOf(p)[2] ?? assert.fail(), { inputs: {}, outputs: () => ({ long: true }) }), true)
    })

    it('not at all, where what they need was skipped', async () => {
      const p = await read(whole([
        { name: 'a', inputs: '[]', outputs: '[{name: v, type: integer}]', more: 'condition: false' },
        { name: 'b', inputs: '[{name: x, type: integer, source: a.v}]' },
        { name: 'c', inputs: '[{name: x, type: integer, source: a.v, default: 4}, {name: y, source: a.v, required: false}]' },
      ]))
      assert.deepEqual(run(p, {}, [undefined, undefined, {}]), [{}, 'missing x', {}])
    })

    it('in conditions: of steps, outputs by name, and inputs of the whole', async () => {
      const p = await read(whole([{ name: 'a', inputs: '[]', outputs: '[{name: result, type: object}]' }, { inputs: '[]', outputs: '[{name: size, type: integer}]' }, { inputs: '[]', more: 'condition: a.level > input.least and size == 3 and a != null and least < 9' }], 'inputs: [{name: least, type: integer}]'))
      const last = flowOf(p)[2] ?? assert.fail()
      const holds = (least: number, level: number): boolean => conditionHolds(last, { inputs: { least }, outputs: (index): Mapping => index === 0 ? { result: { level } } : { size: 3 } })
      assert.deepEqual([holds(1, 2), holds(2, 1), holds(10, 11)], [true, false, false])
    })
  })

  describe('are refused', () => {
    const OUT = '[{name: v, type: integer}]'
    const table: Array<[string, string, RegExp[]]> = [
      ['without tasks', 'name: p\ntasks: []\n', [/1:1: compute_logic: missing/]],
      ['with a kind and no tasks', 'name: p\ncompute_logic: {type: dag}\n', [/compute_logic\.tasks: missing/]],
      ['with tasks that are no list', 'name: p\ntasks: {a: 1}\n', [/2:1: tasks: .*a list/]],
      ['with a step that is text', 'name: p\ntasks: [hello]\n', [/2:9: tasks\[0\]: found "hello"/]],
      ['of another kind', 'name: p\ncompute_logic: {type: map_reduce}\ntasks: [{name: a}]\n', [/2:17: compute_logic\.type: found "map_reduce", allowed: wasm, or sequential/]],
      ['of one task that lists tasks', `name: p\ncompute_logic: {type: wasm}\ntasks: [{name: a}]\n`, [/2:17: compute_logic\.type: found "wasm", allowed: sequential/]],
      ['with a module of their own', `name: p\nwasm_binary: ${EMPTY_MODULE}\ntasks: [{name: a}]\n`, [/2:1: wasm_binary: found a module beside tasks/]],
      ['with pipelines inside', `name: p\ntasks:\n  - name: a\n    tasks: [{name: b, compute_logic: ${WASM}}]\n`, [/4:5: tasks\[0\]\.tasks: found a pipeline as a step/]],
      ['with a step of another kind', 'name: p\ntasks:\n  - name: a\n    compute_logic: {type: python}\n', [/4:21: tasks\[0\]\.compute_logic\.type: found "python"/]],
      ['with every mistake of every step', `name: p\ntasks:\n${step({ inputs: '[{type: integer}]' })}\n${step({ more: 'timeout_seconds: -1' })}\n`, [/4:14: tasks\[0\]\.inputs\[0\]\.name: missing/, /6:5: tasks\[1\]\.timeout_seconds: found -1/]],
      ['with two steps of one name', whole([{ name: 'a' }, { name: 'a' }]), [/5:5: tasks\[1\]\.name: found "a".*step 1 too/]],
      ['with a step named input', whole([{ name: 'input' }]), [/3:5: tasks\[0\]\.name: found "input"/]],
      ['with a step named as another by default', whole([{}, { name: 'step1' }]), [/tasks\[1\]\.name: found "step1"/]],
      ['with a source that is no step', whole([{ name: 'a', outputs: OUT }, { inputs: '[{name: x, source: b.v}]' }]), [/tasks\[1\]\.inputs\[0\]\.source: found the source "b", allowed: a\.v, input\.NAME/]],
      ['with a source that comes later', whole([{ name: 'a', inputs: '[{name: x, source: b.v}]' }, { name: 'b', outputs: OUT }]), [/tasks\[0\]\.inputs\[0\]\.source: .*only those before it/]],
      ['with itself as a source', whole([{ name: 'a', inputs: '[{name: x, source: a.v}]', outputs: OUT }]), [/only those before it/]],
      ['with an output that is not there', whole([{ name: 'a', outputs: OUT }, { inputs: '[{name: x, source: a.w}]' }]), [/the step "a" has no output "w", allowed: a\.v/]],
      ['with an output of another type', whole([{ name: 'a', outputs: OUT }, { inputs: '[{name: x, type: string, source: a.v}]' }]), [/a\.v is of type integer, but the input "x" is of type string/]],
      ['with a source for an input that is not there', `name: p\ntasks:\n${step({ name: 'a', outputs: OUT })}\n  - {name: b, inputs: {y: a.v}, task_definition: {name: b, compute_logic: ${WASM}, inputs: [{name: x}]}}\n`, [/tasks\[1\]\.inputs\.y: the step "b" has no input "y", allowed: x/]],
      ['with an input that nobody gives', whole([{ name: 'a', outputs: OUT }, { inputs: '[{name: x, type: integer}]' }], 'inputs: [{name: given}]'), [/tasks\[1\]\.inputs: nothing gives the step its input "x"/]],
      ['with an input of the whole that is not there', whole([{ inputs: '[{name: x, source: input.nope}]' }], 'inputs: [{name: given}]'), [/found the source input\.nope, allowed: input\.given/]],
      ['with a condition that cannot be read', whole([{ more: "condition: a = 'x'" }]), [/5:5: tasks\[0\]\.condition|4:5: tasks\[0\]\.condition/]],
      ['with a condition on what is not there', whole([{ name: 'a', outputs: OUT }, { more: 'condition: a.w > 1' }, { more: 'condition: b.v > 1' }]), [/tasks\[1\]\.condition: the step "a" has no output "w"/, /tasks\[2\]\.condition: found "b", allowed: a\.v/]],
      ['with a condition on a later step', whole([{ more: 'condition: b.v > 1' }, { name: 'b', outputs: OUT }]), [/tasks\[0\]\.condition: found "b"/]],
      ['with a dependency that is not there', whole([{ name: 'a' }, { more: 'depends_on: [a, z]' }]), [/tasks\[1\]\.depends_on: found "z", allowed: an earlier step: a/]],
      ['with a dependency that is no name', whole([{ more: 'depends_on: 5' }]), [/tasks\[0\]\.depends_on: found 5/]],
      ['with a step that recurs', whole([{ more: 'execution_mode: recurring\n    stream_config: {time_interval: 5}' }]), [/tasks\[0\]\.execution_mode: a step cannot recur/]],
      ['with a file and a definition', `name: p\ntasks: [{file: a.yaml, task_definition: {name: a, compute_logic: ${WASM}}}]\n`, [/a second definition of the step/]],
      ['with too many steps', `name: p\ntasks: [${Array.from({ length: 1001 }, () => '{a: 1}').join(', ')}]\n`, [/at most 1000/]],
    ]
    for (const [what, text, patterns] of table) {
      it(what, async () => {
        const found = await problems(text, async () => `name: a\ncompute_logic: ${WASM}\n`)
        for (const pattern of patterns) assert.ok(found.some((problem) => problem.startsWith('p.yaml:') && pattern.test(problem)), `${String(pattern)} in\n${found.join('\n')}`)
      })
    }

    it('with files that have mistakes, or that nobody can read', async () => {
      const text = 'name: p\ntasks:\n  - file: a.yaml\n'
      const [nested = ''] = await problems(text, async () => 'name: a\ncompute_logic: {type: python}\n')
      assert.match(nested, /^p\.yaml:3:5: tasks\[0\]\.file: a\.yaml:2:17: compute_logic\.type: found "python"/)
      assert.match((await problems(text, async () => `name: a\ntasks: [{name: x, compute_logic: ${WASM}}]\n`)).join(), /is a pipeline/)
      assert.match((await problems(text, async () => { throw new CorebrumError('ERR_DEFINITION', 'it is outside') })).join(), /3:5: tasks\[0\]\.file: it is outside/)
      assert.match((await problems(text)).join(), /without a folder/)
    })
  })

  it('do not grow without bounds through files that name each other', async () => {
    assert.match((await problems('name: p\ntasks: [{file: p.yaml}]\n', async () => 'name: p\ntasks: [{file: p.yaml}]\n')).join(), /./)
  })
})

describe('definitions that recur', () => {
  const one = (more: string): string => `name: t\ncompute_logic: ${WASM}\n${more}\n`
  const schedules: Array<[string, unknown]> = [
    ['execution_mode: recurring\nstream_config: {time_interval: 5}', { intervalMs: 5_000 }],
    ['execution_mode: streaming\nstream_config: {time_interval: "5s", max_runs: 3}', { intervalMs: 5_000, maxRuns: 3 }],
    ['execution_mode: continuous\nstream_config: {interval: 1m}\niterations: 2', { intervalMs: 60_000, maxRuns: 2 }],
    ['stream_config: {time_interval: 0.5}', { intervalMs: 500 }],
    ['execution_mode: once', undefined],
    ['execution_mode: batch\nstream_config: {time_interval: 5}', undefined],
    ['description: nothing of it', undefined],
  ]
  for (const [more, expected] of schedules) {
    it(`are read: ${more.replaceAll('\n', ', ')}`, async () => {
      assert.deepEqual((await parseDefinition(one(more), { fileName: 't' })).definition.schedule, expected)
      assert.deepEqual((await parseDefinition(whole([{}], more), { fileName: 't' })).definition.schedule, expected)
    })
  }
  for (const [more, pattern] of [
    ['execution_mode: sometimes', /3:1: execution_mode: found "sometimes"/],
    ['execution_mode: recurring', /stream_config: missing/],
    ['stream_config: {topic: x}', /stream_config\.time_interval: missing/],
    ['stream_config: {time_interval: 0}', /stream_config\.time_interval: found 0/],
    ['stream_config: {time_interval: soon}', /found "soon"/],
    ['stream_config: {time_interval: 3d}', /found "3d"/],
    ['stream_config: {time_interval: 1ms}', /found "1ms"/],
    ['stream_config: {time_interval: 5, max_runs: 0}', /max_runs: found 0/],
    ['stream_config: 5', /stream_config/],
  ] as const) it(`are refused: ${more.replaceAll('\n', ', ')}`, async () => { assert.match((await problems(one(more))).join('\n'), pattern) })
})
