/** Tasks of jobs over the control socket: pages of them, chains of chains, runs as they end, and steps in files. */
import assert from 'node:assert/strict'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { chainEntry, chainOf, resultLine, resultText } from '../../../src/cli/chain.ts'
import { numberField, textField, viewsField } from '../../../src/control/fields.ts'
import type { SubmitEvent } from '../../../src/control/submit-event.ts'
import { MAX_CHILDREN_PAGE } from '../../../src/control/limits.ts'
import { isPipeline } from '../../../src/task/definition.ts'
import { useControl } from '../../support/control.ts'
import { FakeTask } from '../../support/fake-node.ts'
import { rejectsWith } from '../../support/rejects.ts'
import { tempDir } from '../../support/temp-dir.ts'

const ID = '3f0c2a1e-0b1d-4c5e-8f6a-0123456789ab'
const STEP = 'compute_logic: {type: wasm, wasm_binary: AGFzbQEAAAA=}'

describe('tasks of jobs over the control socket', () => {
  const control = useControl()

  const child = (number: string | number, more = {}): FakeTask => control.node.add(new FakeTask({ id: `${ID}-${number}`, name: `step${number}`, ...more }))
  const chain = async (options = {}): Promise<Array<Record<string, unknown>>> => {
    const list = []
    for await (const view of chainOf(control.client, ID, options)) list.push(view)
    return list
  }

  it('come in pages', async () => {
    control.node.add(new FakeTask({ id: ID, job: { kind: 'map', done: 0, failed: 0 } }))
    const count = 2 * MAX_CHILDREN_PAGE + 5
    for (let number = 0; number < count; number++) child(number).complete({ result: number })
    const first = await control.client.get(`/v1/tasks/${ID}/children`)
    assert.deepEqual([viewsField(first, 'children').length, numberField(first, 'next')], [MAX_CHILDREN_PAGE, MAX_CHILDREN_PAGE])
    const some = await control.client.get(`/v1/tasks/${ID}/children?from=7&limit=2`)
    assert.deepEqual([viewsField(some, 'children').map((view) => view['number']), numberField(some, 'next')], [[7, 8], 9])
    assert.deepEqual((await chain()).map((view) => view['number']), Array.from({ length: count }, (_, number) => number))
    await rejectsWith('ERR_TASK_UNKNOWN', control.client.get('/v1/tasks/ffffffff/children'))
    await rejectsWith('ERR_USAGE', control.client.get(`/v1/tasks/${ID}/children?limit=${MAX_CHILDREN_PAGE + 1}`))
  })

  it('stand behind their job where that is a task of another, and are shown in a line each', async () => {
    control.node.add(new FakeTask({ id: ID, job: { kind: 'pipeline', done: 2, failed: 0 } }))
    child(0, { job: { kind: 'agreement', done: 1, failed: 0 } }).complete({ n: 1 })
    child('0-0', { logs: 'said\n' }).complete({ n: 1 })
    child(1).fail()
    child(2)
    const views = await chain({ logs: true })
    assert.deepEqual(views.map((view) => view['id']), [`${ID}-0`, `${ID}-0-0`, `${ID}-1`, `${ID}-2`])
    assert.deepEqual(views.map((view) => view['logs']), ['', 'said\n', '', ''])
    const shown = await chain()
    assert.ok(shown.every((view) => !('logs' in view)))
    const lines = []
    for await (const view of chainOf(control.client, ID)) lines.push([resultText(view), Object.keys(JSON.parse(resultLine(view))), 'outputs' in chainEntry(view)])
    assert.deepEqual(lines, [
      ['step0: 1', ['id', 'name', 'state', 'outputs'], false],
      ['step0-0: 1', ['id', 'name', 'state', 'outputs'], false],
      ['step1: FAILED: unreachable was executed (ERR_TRAP)', ['id', 'name', 'state', 'error'], false],
      ['step2: PENDING', ['id', 'name', 'state'], false],
    ])
  })

  it('are told of as they end, where their job recurs', async () => {
    control.node.onSubmit = (_submission, task) => {
      const run = (done: number, failed = 0): void => { task.set({ state: 'running', job: { kind: 'recurring', done, failed } }) }
      run(0)
      for (const number of [0, 1]) control.node.add(new FakeTask({ id: `${task.id}-${number}` }).complete({ result: number }))
      control.node.add(new FakeTask({ id: `${task.id}-2` }).fail())
      run(1)
      run(3, 1)
      task.cancel()
    }
    const events: SubmitEvent[] = []
    for await (const event of control.client.follow({ definition: `name: r\nstream_config: {time_interval: 1}\n${STEP}` })) events.push(event)
    const runs = events.flatMap((event) => event.type === 'run' ? [[textField(event.task, 'state'), event.task['outputs'] ?? null]] : [])
    assert.deepEqual(runs.map(([state]) => state), ['COMPLETED', 'COMPLETED', 'FAILED'])
    const last = events.at(-1)
    assert.ok(last?.type === 'task' && textField(last.task, 'state') === 'CANCELLED')
  })

  describe('in files of their own', () => {
    let dir: string
    beforeEach(async () => { dir = await tempDir() })
    const submit = (file: string, baseDir: string | undefined = dir): Promise<unknown> => control.client.detach({ definition: `name: p\ntasks: [{file: ${file}}]`, ...(baseDir === undefined ? {} : { baseDir }) })

    it('are read where the daemon is, in the folder of the definition and below it', async () => {
      await mkdir(join(dir, 'sub'))
      await writeFile(join(dir, 'sub', 'a.yaml'), `name: a\n${STEP}`)
      await submit('sub/a.yaml')
      // What such a file says counts anew each time.
      await writeFile(join(dir, 'sub', 'a.yaml'), `name: b\n${STEP}`)
      await submit('./sub/a.yaml')
      assert.deepEqual(control.node.submissions.map(({ definition }) => isPipeline(definition) && definition.steps.map(({ name }) => name)), [['a'], ['b']])
    })

    it('are refused elsewhere, and where they are none', async () => {
      const outside = await tempDir()
      await writeFile(join(outside, 'a.yaml'), `name: a\n${STEP}`)
      await symlink(join(outside, 'a.yaml'), join(dir, 'link.yaml'))
      await writeFile(join(dir, 'binary.yaml'), new Uint8Array([0xff, 0xfe, 0x80]))
      for (const file of [join(outside, 'a.yaml'), '../a.yaml', 'link.yaml', 'none.yaml', '.', 'binary.yaml', '/dev/zero']) {
        const { problems } = await rejectsWith('ERR_DEFINITION', submit(file))
        assert.match(problems.join('\n'), /tasks\[0\]\.file: /)
      }
      assert.equal(control.node.submissions.length, 0)
    })
  })
})
