import assert from 'node:assert/strict'
import { createTaskHandle, type TaskHandle } from '../../../src/roles/tasks/task-handle.ts'
import { createTaskTable, type TaskTable, type TaskTableInit } from '../../../src/roles/tasks/task-table.ts'
import { newTask, type TaskRecord } from '../../../src/task/state.ts'
import type { Value } from '../../../src/task/values.ts'
import { rejectsWith } from '../../support/rejects.ts'
import { turn } from '../../support/roles.ts'

const usage = { wallMs: 1, memoryBytes: 0, cpuMs: 0, moduleBytes: 0, fileBytes: 0 }

function tableOf (init: TaskTableInit = {}): { tasks: TaskTable, complete: (id: string, result?: Value) => void, fail: (id: string, message?: string) => void } {
  const tasks = createTaskTable(init)
  return {
    tasks,
    complete: (id, result = 1) => { tasks.apply(id, { type: 'completed', worker: 'w', outputs: { result }, usage, logs: '', atMs: 2 }) },
    fail: (id, message = 'unreachable') => { tasks.apply(id, { type: 'failed', failure: { code: 'ERR_TRAP', message, by: 'w' }, logs: '', atMs: 2 }) },
  }
}

describe('task table', () => {
  it('lists the newest first and counts the open ones', () => {
    const { tasks, complete } = tableOf()
    for (const id of ['a', 'b', 'c']) tasks.add(id, id)
    complete('b')
    assert.deepEqual([tasks.list().map(({ id }) => id), tasks.open], [['c', 'b', 'a'], 2])
  })

  it('takes no more open tasks than allowed, and more when some have ended', () => {
    const { tasks, complete } = tableOf({ maxOpen: 1 })
    tasks.add('a', 'a')
    assert.throws(() => tasks.add('b', 'b'), { code: 'ERR_QUEUE_FULL' })
    complete('a')
    tasks.add('b', 'b')
  })

  it('forgets the oldest finished tasks beyond a number, never open ones', () => {
    const { tasks, complete } = tableOf({ maxFinished: 2 })
    for (const id of ['open', 'a', 'b', 'c']) tasks.add(id, id)
    for (const id of ['b', 'a', 'c']) complete(id)
    assert.deepEqual(tasks.list().map(({ id }) => id), ['c', 'a', 'open'])
    assert.equal(tasks.apply('b', { type: 'cancelled', failure: { code: 'ERR_CANCELLED', message: '', by: '' }, atMs: 1 }), undefined)
  })

  it('forgets them beyond a number of bytes, of messages and reasons too', () => {
    const { tasks, complete, fail } = tableOf({ maxFinishedBytes: 10_000 })
    for (const id of ['a', 'b', 'c', 'd']) tasks.add(id, id)
    complete('a', new Uint8Array(6_000))
    complete('b', new Uint8Array(6_000))
    assert.deepEqual(tasks.list().map(({ id }) => id), ['d', 'c', 'b'])
    fail('c', 'x'.repeat(3_000))
    assert.deepEqual(tasks.list().map(({ id }) => id), ['d', 'c'])
  })

  it('keeps no more of the logs of open tasks than allowed, and more when some have ended', () => {
    const { tasks, complete } = tableOf({ maxLiveLogChars: 50 })
    for (const id of ['a', 'b']) {
      tasks.add(id, id)
      tasks.apply(id, { type: 'leased', worker: 'w', fence: 1, atMs: 1 })
    }
    const log = (id: string, fence = 1): string | undefined => tasks.apply(id, { type: 'logged', fence, text: 'xxxxxx' })?.logs
    assert.deepEqual([log('a'), log('b'), log('a')], ['xxxxxx', '', 'xxxxxx'])
    complete('a')
    assert.deepEqual([log('b'), log('b')], ['xxxxxx', 'xxxxxx'])
    tasks.apply('b', { type: 'released', fence: 1, charged: false, atMs: 1 })
    tasks.apply('b', { type: 'leased', worker: 'w', fence: 2, atMs: 1 })
    assert.deepEqual([log('b', 2), log('b', 2)], ['xxxxxx', 'xxxxxx'])
  })

  it('count parts of logs too, so that many small ones cost no more than they may', () => {
    const { tasks } = tableOf({ maxLiveLogChars: 1_000 })
    tasks.add('a', 'a')
    tasks.apply('a', { type: 'leased', worker: 'w', fence: 1, atMs: 1 })
    for (let n = 0; n < 1_000; n++) tasks.apply('a', { type: 'logged', fence: 1, text: '.' })
    assert.equal(tasks.get('a')?.logs.length, 30)
  })

  it('takes no second task of one id', () => {
    const { tasks } = tableOf()
    tasks.add('a', 'a')
    assert.throws(() => tasks.add('a', 'a'), { code: 'ERR_INPUT' })
  })

  it('keeps volatile tasks that have ended apart from the others, until they are forgotten', () => {
    const { tasks, complete } = tableOf({ maxFinished: 2 })
    tasks.add('own', 'own')
    complete('own')
    for (const id of ['j-0', 'j-1', 'j-2']) {
      tasks.add(id, id, undefined, true)
      complete(id)
    }
    assert.deepEqual([tasks.list().map(({ id }) => id), tasks.entry('j-1')?.volatile], [['j-2', 'j-1', 'own'], true])
    for (const id of ['j-1', 'j-2', 'unknown']) tasks.forget(id)
    assert.deepEqual([tasks.list().map(({ id }) => id), tasks.open], [['own'], 0])
  })

  it('forgets an open task with all that it counts for', () => {
    const { tasks } = tableOf({ maxOpen: 1, maxLiveLogChars: 50 })
    for (let round = 0; round < 3; round++) {
      tasks.add('a', 'a')
      tasks.apply('a', { type: 'leased', worker: 'w', fence: 1, atMs: 1 })
      assert.equal(tasks.apply('a', { type: 'logged', fence: 1, text: 'xxxxxx' })?.logs, 'xxxxxx')
      tasks.forget('a')
    }
    assert.deepEqual([tasks.open, tasks.get('a')], [0, undefined])
  })

  it('counts a task that has ended once, whatever is noted of it later', () => {
    const { tasks, complete } = tableOf({ maxFinishedBytes: 10_000 })
    tasks.add('a', 'a')
    complete('a', new Uint8Array(6_000))
    for (let n = 0; n < 10; n++) tasks.apply('a', { type: 'noted', event: { atMs: n, kind: 'duplicate', peer: 'w' } })
    assert.deepEqual([tasks.open, tasks.get('a')?.history.filter(({ kind }) => kind === 'duplicate').length], [0, 10])
  })

  it('adopts tasks beyond the number that it takes, with their history', () => {
    const { tasks } = tableOf({ maxOpen: 1 })
    for (const id of ['a', 'b']) tasks.adopt({ ...newTask(id, id, 5), state: 'running', worker: 'w', fence: 3 })
    assert.deepEqual([tasks.open, tasks.get('b')?.fence, tasks.get('b')?.createdAtMs], [2, 3, 5])
    assert.throws(() => tasks.add('c', 'c'), { code: 'ERR_QUEUE_FULL' })
  })

  it('lets a listener forget the task that has just ended', () => {
    const { tasks, complete } = tableOf()
    tasks.add('a', 'a', undefined, true)
    tasks.listen('a', () => { tasks.forget('a') })
    complete('a')
    assert.deepEqual([tasks.open, tasks.list()], [0, []])
  })

  it('tells listeners of each change, and no more after they leave', () => {
    const { tasks, complete } = tableOf()
    tasks.add('a', 'a')
    const seen: string[] = []
    const leave = tasks.listen('a', ({ state }) => { seen.push(state) })
    const also = tasks.listen('a', () => { seen.push('also'); also() })
    tasks.apply('a', { type: 'leased', worker: 'w', fence: 1, atMs: 1 })
    tasks.apply('a', { type: 'leased', worker: 'w', fence: 1, atMs: 1 })
    tasks.apply('a', { type: 'started', fence: 1, atMs: 1 })
    leave()
    leave()
    complete('a')
    assert.deepEqual(seen, ['claimed', 'also', 'running'])
  })
})

describe('task handle', () => {
  function handleOf (table: ReturnType<typeof tableOf>, id = 'a'): { handle: TaskHandle, cancelled: string[] } {
    table.tasks.add(id, id)
    const cancelled: string[] = []
    return { handle: createTaskHandle(table.tasks, id, (which) => { cancelled.push(which) }), cancelled }
  }

  it('is not made for a task that is not known', () => {
    assert.throws(() => createTaskHandle(createTaskTable(), 'a', () => {}), { code: 'ERR_TASK_UNKNOWN' })
  })

  it('gives the outputs', async () => {
    const table = tableOf()
    const { handle } = handleOf(table)
    const waited = handle.result()
    table.complete('a', 7)
    assert.deepEqual([await waited, await handle.result(), (await handle.done()).state], [{ result: 7 }, { result: 7 }, 'completed'])
  })

  it('rejects with the task\'s own code, and `done` does not', async () => {
    const table = tableOf()
    const { handle } = handleOf(table)
    table.fail('a')
    await rejectsWith('ERR_TRAP', handle.result())
    assert.equal((await handle.done()).state, 'failed')
  })

  it('gives the end also when the table has forgotten the task, to who waited and who did not', async () => {
    const table = tableOf({ maxFinished: 1 })
    const [first, second] = [handleOf(table, 'a').handle, handleOf(table, 'b').handle]
    const waited = first.done()
    table.complete('a', 7)
    table.complete('b')
    assert.equal(table.tasks.get('a'), undefined)
    assert.equal(first.record().state, 'completed')
    assert.deepEqual([await first.result(), (await waited).outputs, await second.result()], [{ result: 7 }, { result: 7 }, { result: 1 }])
    const seen: string[] = []
    for await (const { state } of first.events()) seen.push(state)
    assert.deepEqual(seen, ['completed'])
  })

  it('ends a wait by its signal, and not the task', async () => {
    const table = tableOf()
    const { handle, cancelled } = handleOf(table)
    const abort = new AbortController()
    const waited = rejectsWith('ERR_CANCELLED', handle.result({ signal: abort.signal }))
    abort.abort()
    await waited
    await rejectsWith('ERR_CANCELLED', handle.done({ signal: abort.signal }))
    assert.deepEqual([handle.record().state, cancelled], ['pending', []])
    table.complete('a')
    assert.equal((await handle.done({ signal: abort.signal })).state, 'completed')
  })

  it('asks for the task to be cancelled', () => {
    const { handle, cancelled } = handleOf(tableOf())
    handle.cancel()
    assert.deepEqual(cancelled, ['a'])
  })

  describe('events', () => {
    it('are the record as it stands and each change, to the end', async () => {
      const table = tableOf()
      const { handle } = handleOf(table)
      const seen: string[] = []
      const reading = (async () => { for await (const { state } of handle.events()) seen.push(state) })()
      await turn()
      table.tasks.apply('a', { type: 'leased', worker: 'w', fence: 1, atMs: 1 })
      await turn()
      table.complete('a')
      await reading
      assert.deepEqual(seen, ['pending', 'claimed', 'completed'])
    })

    it('keep the end for a reader that is slow, and a bounded number of steps', async () => {
      const table = tableOf()
      const { handle } = handleOf(table)
      const events = handle.events()[Symbol.asyncIterator]()
      await events.next()
      for (let fence = 1; fence < 1_000; fence++) {
        table.tasks.apply('a', { type: 'leased', worker: 'w', fence, atMs: 1 })
        table.tasks.apply('a', { type: 'released', fence, charged: false, atMs: 1 })
      }
      table.complete('a')
      const rest: TaskRecord[] = []
      for (let next = await events.next(); next.done !== true; next = await events.next()) rest.push(next.value)
      assert(rest.length <= 64)
      assert.equal(rest.at(-1)?.state, 'completed')
    })

    it('come together where a task only logs, so that no state is missed', async () => {
      const table = tableOf()
      const { handle } = handleOf(table)
      const events = handle.events()[Symbol.asyncIterator]()
      await events.next()
      table.tasks.apply('a', { type: 'leased', worker: 'w', fence: 1, atMs: 1 })
      for (let n = 0; n < 1_000; n++) table.tasks.apply('a', { type: 'logged', fence: 1, text: '.' })
      table.tasks.apply('a', { type: 'started', fence: 1, atMs: 1 })
      for (let n = 0; n < 1_000; n++) table.tasks.apply('a', { type: 'logged', fence: 1, text: '.' })
      table.complete('a')
      const rest: Array<[string, number]> = []
      for (let next = await events.next(); next.done !== true; next = await events.next()) rest.push([next.value.state, next.value.logs.length])
      assert.deepEqual(rest, [['claimed', 1_000], ['running', 2_000], ['completed', 0]])
    })

    it('end by a signal, also while nothing happens', async () => {
      const { handle } = handleOf(tableOf())
      const abort = new AbortController()
      const seen: string[] = []
      const reading = (async () => { for await (const { state } of handle.events({ signal: abort.signal })) seen.push(state) })()
      await turn()
      abort.abort()
      await reading
      assert.deepEqual(seen, ['pending'])
    })
  })
})
