import assert from 'node:assert/strict'
import { request } from 'node:http'
import { createControlClient, isDaemonAbsent } from '../../../src/control/client.ts'
import { textField, viewField, viewsField } from '../../../src/control/fields.ts'
import { createControlServer } from '../../../src/control/server.ts'
import type { SubmitEvent } from '../../../src/control/submit-event.ts'
import { CorebrumError } from '../../../src/errors.ts'
import { MAX_CONTROL_BODY_BYTES } from '../../../src/control/limits.ts'
import type { Usage } from '../../../src/task/usage.ts'
import { useControl } from '../../support/control.ts'
import { FakeTask } from '../../support/fake-node.ts'
import { tempDir } from '../../support/temp-dir.ts'

const DEFINITION = `
name: factorial
compute_logic:
  type: wasm
  wasm_binary: AGFzbQEAAAA=
  function_name: factorial
  inputs: [{ name: number, type: integer, default: 5 }, { name: data, type: bytes, required: false }]
  outputs: [{ name: result, type: integer }]
`

describe('control server and client', () => {
  const control = useControl({ version: '9.9.9' })

  async function all (events: AsyncIterable<SubmitEvent>): Promise<SubmitEvent[]> {
    const list: SubmitEvent[] = []
    for await (const event of events) list.push(event)
    return list
  }

  it('submits and follows to the end, with exact integers and bytes', async () => {
    const big = 2n ** 64n
    control.node.onSubmit = (_submission, task) => { task.set({ state: 'running', worker: 'w' }).complete({ big, small: 2, data: new Uint8Array([1, 2, 3]) }) }
    const events = await all(control.client.follow({ definition: DEFINITION, inputs: `{"number": ${big}, "data": "AQID"}`, set: ['number=7'] }))
    assert.deepEqual(events.map((event) => event.type === 'task' ? textField(event.task, 'state') : event.type), ['accepted', 'PENDING', 'RUNNING', 'COMPLETED'])
    const last = events.at(-1)
    assert.ok(last?.type === 'task')
    assert.deepEqual({ ...viewField(last.task, 'outputs') }, { big, small: 2, data: 'AQID' })
    assert.deepEqual(control.node.submissions[0]?.inputs, { number: 7, data: 'AQID' })
  })

  it('keeps the digits of large integer inputs', async () => {
    await all(control.client.follow({ definition: DEFINITION, inputs: '{"number": 18446744073709551616}' }))
    assert.equal(control.node.submissions[0]?.inputs['number'], 18446744073709551616n)
  })

  it('hands the base folder on', async () => {
    await all(control.client.follow({ definition: DEFINITION, baseDir: '/somewhere' }))
    assert.equal(control.node.submissions[0]?.options.baseDir, '/somewhere')
    await assert.rejects(control.client.detach({ definition: DEFINITION, baseDir: 'relative' }), { code: 'ERR_USAGE' })
  })

  it('answers with the id when nobody waits', async () => {
    control.node.onSubmit = () => {}
    const { id } = await control.client.detach({ definition: DEFINITION })
    assert.equal(id.length, 36)
    assert.equal(textField(await control.client.get(`/v1/tasks/${id}`), 'state'), 'PENDING')
  })

  it('gives mistakes with their code and each problem', async () => {
    await assert.rejects(control.client.detach({ definition: 'name: 3\n' }), (error: CorebrumError) => error.code === 'ERR_DEFINITION' && error.problems.length > 0)
    await assert.rejects(control.client.detach({ definition: DEFINITION, inputs: '{' }), { code: 'ERR_INPUT' })
    await assert.rejects(control.client.detach({ definition: DEFINITION, inputs: '[]' }), { code: 'ERR_INPUT' })
    await assert.rejects(control.client.detach({ definition: DEFINITION, set: ['nothing'] }), { code: 'ERR_USAGE' })
    control.node.onSubmit = () => { throw new CorebrumError('ERR_QUEUE_FULL', 'full', { problems: ['a', 'b'] }) }
    await assert.rejects(control.client.detach({ definition: DEFINITION }), (error: CorebrumError) => error.code === 'ERR_QUEUE_FULL' && error.problems.length === 2)
    assert.equal((await control.node.tasks()).length, 0)
  })

  it('gives up a submission whose command went away before it had an id', async () => {
    const controller = new AbortController()
    const aborted = new Promise<void>((resolve, reject) => {
      control.node.onSubmit = async ({ options }) => {
        options.signal?.addEventListener('abort', () => resolve())
        controller.abort()
        await aborted
        reject(new Error('unreachable'))
      }
    })
    await assert.rejects(all(control.client.follow({ definition: DEFINITION }, { signal: controller.signal })), { code: 'ERR_CANCELLED' })
    await aborted
  })

  it('leaves an accepted task alone when its command goes away', async () => {
    let task: FakeTask | undefined
    control.node.onSubmit = (_submission, made) => { task = made }
    for await (const event of control.client.follow({ definition: DEFINITION })) if (event.type === 'task') break
    await control.client.get('/v1/node')
    assert.equal(task?.record().state, 'pending')
  })

  it('finds tasks by id and by a unique beginning of at least 4 characters', async () => {
    control.node.add(new FakeTask({ id: 'aaaa1111-0000-4000-8000-000000000000' }))
    control.node.add(new FakeTask({ id: 'aaaa2222-0000-4000-8000-000000000000' }))
    assert.equal(textField(await control.client.get('/v1/tasks/AAAA1'), 'id'), 'aaaa1111-0000-4000-8000-000000000000')
    for (const id of ['aaa', 'aaaa', 'bbbb', '..', '%00']) {
      await assert.rejects(control.client.get(`/v1/tasks/${encodeURIComponent(id)}`), { code: 'ERR_TASK_UNKNOWN' })
    }
    await assert.rejects(control.client.get(`/v1/tasks/${'f'.repeat(100_000)}`), { code: 'ERR_USAGE' })
  })

  it('lists newest first, by state, up to a limit', async () => {
    const tasks = [1, 2, 3].map((n) => control.node.add(new FakeTask({ id: `${n}0000000-0000-4000-8000-000000000000` })))
    tasks[0]?.complete()
    const ids = async (query: string): Promise<Array<string | undefined>> => viewsField(await control.client.get(`/v1/tasks${query}`), 'tasks').map((task) => textField(task, 'id')?.[0])
    assert.deepEqual(await ids(''), ['3', '2', '1'])
    assert.deepEqual(await ids('?limit=1'), ['3'])
    assert.deepEqual(await ids('?state=completed'), ['1'])
    await assert.rejects(control.client.get('/v1/tasks?state=lost'), { code: 'ERR_USAGE' })
    await assert.rejects(control.client.get('/v1/tasks?limit=0'), { code: 'ERR_USAGE' })
  })

  it('cancels a task that has not ended, and gives logs', async () => {
    const task = control.node.add(new FakeTask({ logs: 'hello\n' }))
    assert.equal(textField(await control.client.get(`/v1/tasks/${task.id}/logs`), 'logs'), 'hello\n')
    assert.equal((await control.client.post(`/v1/tasks/${task.id}/cancel`))['cancelled'], true)
    assert.equal(task.record().state, 'cancelled')
    assert.equal((await control.client.post(`/v1/tasks/${task.id}/cancel`))['cancelled'], false)
  })

  describe('logs', () => {
    const textsOf = (events: SubmitEvent[]): string[] => events.map((event) => event.type === 'log' ? `${event.restarts === true ? '!' : ''}${event.text}` : event.type === 'task' ? textField(event.task, 'state') ?? '' : event.type)

    it('come as they grow, each part once, all of them before the end', async () => {
      control.node.onSubmit = (_submission, task) => {
        task.set({ state: 'running', worker: 'w' }).set({ logs: 'a\n' }).set({ logs: 'a\nb\n' }).set({ logs: 'a\nb\nc' }).complete()
      }
      const events = await all(control.client.follow({ definition: DEFINITION }))
      assert.deepEqual(textsOf(events), ['accepted', 'PENDING', 'RUNNING', 'a\n', 'b\n', 'c', 'COMPLETED'])
      const [task] = await control.node.tasks()
      assert(events.every((event) => event.type !== 'log' || event.id === task?.id))
    })

    it('of a result have what was not reported before, also when the task failed', async () => {
      control.node.onSubmit = (_submission, task) => {
        task.set({ logs: 'a\n', state: 'running' }).set({ state: 'failed', logs: 'a\nb', failure: { code: 'ERR_TRAP', message: 'why', by: 'w' } })
      }
      assert.deepEqual(textsOf(await all(control.client.follow({ definition: DEFINITION }))), ['accepted', 'PENDING', 'RUNNING', 'a\n', 'b', 'FAILED'])
    })

    it('begin again with the task', async () => {
      control.node.onSubmit = (_submission, task) => {
        task.set({ state: 'running', fence: 1, logs: 'a' }).set({ state: 'pending' }).set({ state: 'claimed', fence: 2, logs: '' }).set({ logs: 'b' }).complete()
      }
      assert.deepEqual(textsOf(await all(control.client.follow({ definition: DEFINITION }))), ['accepted', 'PENDING', 'RUNNING', 'a', 'PENDING', 'CLAIMED', '!', 'b', 'COMPLETED'])
    })

    it('can be followed, by who did not submit, from their beginning', async () => {
      const task = control.node.add(new FakeTask({ state: 'running', logs: 'before\n' }))
      const following = control.client.followLogs(task.id.slice(0, 8))[Symbol.asyncIterator]()
      const next = async (): Promise<SubmitEvent[]> => [(await following.next()).value]
      assert.deepEqual(textsOf([...await next(), ...await next()]), ['RUNNING', 'before\n'])
      task.set({ logs: 'before\nafter\n' })
      assert.deepEqual(textsOf(await next()), ['after\n'])
      task.complete()
      assert.deepEqual(textsOf(await next()), ['COMPLETED'])
      assert.equal((await following.next()).done, true)
      await assert.rejects(all(control.client.followLogs('ffffffff')), { code: 'ERR_TASK_UNKNOWN' })
    })
  })

  it('shows what a task used, and nothing that is not known', async () => {
    const usageOf = async (usage: Usage): Promise<unknown> => {
      const task = control.node.add(new FakeTask({ state: 'failed', usage }))
      return (await control.client.get(`/v1/tasks/${task.id}`))['usage']
    }
    assert.deepEqual(await usageOf({ wallMs: 1.23456, cpuMs: 0.7, memoryBytes: 65_536, fuel: 7, moduleBytes: 300, fileBytes: 0 }), { wallMs: 1.235, cpuMs: 0.7, memoryBytes: 65_536, fuel: 7, moduleBytes: 300, fileBytes: 0 })
    assert.deepEqual(await usageOf({ wallMs: 100, moduleBytes: 300 }), { wallMs: 100, moduleBytes: 300 })
    assert.equal(await usageOf({ wallMs: 0, cpuMs: 0, memoryBytes: 0, moduleBytes: 0, fileBytes: 0 }), undefined)
  })

  it('shows the control.node, its peers and workers', async () => {
    control.node.add(new FakeTask()).complete()
    const status = await control.client.get('/v1/node')
    assert.equal(textField(status, 'version'), '9.9.9')
    assert.equal(viewField(status, 'tasks')?.['COMPLETED'], 1)
    assert.equal(viewsField(await control.client.get('/v1/peers'), 'peers').length, 1)
    assert.equal(viewsField(await control.client.get('/v1/workers?discover=true'), 'workers').length, 1)
  })

  it('adds, lists and removes modules, and refuses what is no module', async () => {
    const { cid } = await control.client.addModule(Buffer.from('\0asm\x01\0\0\0'))
    assert.deepEqual(viewsField(await control.client.get('/v1/modules'), 'modules').map((item) => item['cid']), [cid])
    await control.client.delete(`/v1/modules/${String(cid)}`)
    await assert.rejects(control.client.delete(`/v1/modules/${String(cid)}`), { code: 'ERR_MODULE_NOT_FOUND' })
    await assert.rejects(control.client.addModule(Buffer.from('#!/bin/sh')), { code: 'ERR_NOT_WASM' })
    await assert.rejects(control.client.addModule(Buffer.alloc(0)), { code: 'ERR_NOT_WASM' })
  })

  const hostile: Array<[string, string, string, Record<string, string>, string | undefined]> = [
    ['an unknown path', 'GET', '/v2/node', {}, undefined],
    ['no body', 'POST', '/v1/tasks', {}, undefined],
    ['a body that is no JSON', 'POST', '/v1/tasks', { 'content-type': 'application/json' }, '{"definition"'],
    ['a body of another type', 'POST', '/v1/tasks', { 'content-type': 'text/plain' }, 'x'],
    ['an unknown field of the wrong type', 'POST', '/v1/tasks', { 'content-type': 'application/json' }, '{"definition": {"a": 1}}'],
    ['a body over the limit', 'POST', '/v1/tasks', { 'content-type': 'application/json', 'content-length': String(MAX_CONTROL_BODY_BYTES + 1) }, undefined],
    ['a poisoned body', 'POST', '/v1/tasks', { 'content-type': 'application/json' }, '{"definition": "", "__proto__": {"detach": true}}'],
  ]
  for (const [what, method, path, headers, body] of hostile) {
    it(`refuses ${what} with ERR_USAGE and goes on`, async () => {
      const answer = await new Promise<string>((resolve, reject) => {
        const outgoing = request({ socketPath: control.server.path, method, path, headers, agent: false }, (response) => {
          let text = ''
          response.setEncoding('utf8').on('data', (chunk: string) => { text += chunk }).on('end', () => {
            outgoing.destroy()
            resolve(text)
          })
        })
        outgoing.on('error', reject)
        if (headers['content-length'] === undefined) outgoing.end(body)
        else outgoing.flushHeaders()
      })
      assert.equal(JSON.parse(answer).code, 'ERR_USAGE')
      await control.client.get('/v1/node')
    })
  }

  it('tells a daemon that is not there from one that fails', async () => {
    const alone = createControlClient({ dataDir: await tempDir() })
    const error = await alone.get('/v1/node').catch((thrown: unknown) => thrown)
    assert.ok(error instanceof CorebrumError && error.code === 'ERR_NO_DAEMON' && isDaemonAbsent(error))
    control.node.onSubmit = () => {}
    const following = all(control.client.follow({ definition: DEFINITION }))
    await new Promise<void>((resolve) => { control.node.onSubmit = () => resolve(); control.client.detach({ definition: DEFINITION }).catch(() => {}) })
    await control.server.stop()
    const gone = await following.catch((thrown: unknown) => thrown)
    assert.ok(gone instanceof CorebrumError && gone.code === 'ERR_NO_DAEMON' && !isDaemonAbsent(gone))
  })

  it('lets requests wait for a node that is starting, and fails them when it cannot start', async () => {
    const dir = await tempDir()
    const starting: { fail: (error: Error) => void } = { fail: () => {} }
    const failing = createControlServer({ node: new Promise((_resolve, reject) => { starting.fail = reject }) }, { dataDir: dir })
    await failing.start()
    try {
      const answer = createControlClient({ dataDir: dir }).get('/v1/node')
      starting.fail(new CorebrumError('ERR_STORE', 'no'))
      await assert.rejects(answer, { code: 'ERR_STORE' })
    } finally {
      await failing.stop()
    }
  })
})
