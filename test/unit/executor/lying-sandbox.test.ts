import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { encode } from '../../../src/cbor.ts'
import type { CallResult, Executor } from '../../../src/executor/executor.ts'
import { MAX_HTTP_REQUESTS_PER_CALL } from '../../../src/executor/limits.ts'
import { createExecutor } from '../../../src/executor/pool.ts'
import { Event } from '../../../src/executor/protocol.ts'
import type { Program } from '../../../src/task/program.ts'
import { ModuleShelf, callOf } from '../../support/executor-fixture.ts'
import { rejectsWith } from '../../support/rejects.ts'

const USAGE = [1, 1, 65_536, 100, 0]
const STARTED = [Event.STARTED, 0]
const DONE = [Event.DONE, 0, USAGE, '', false, { result: 1 }]
const REQUEST = [Event.REQUEST, 0, { url: 'http://a.org/' }]
const NAMES = [Event.NAMES, 0]

/** Says that it is ready, what the first argument holds when it is handed something, and the second one over and over from then on. */
const LIAR = `
  const [ready, told, again] = process.argv.slice(1).map((text) => Buffer.from(text, 'base64'))
  process.stdout.write(ready)
  process.stdin.once('data', () => {
    process.stdout.write(told)
    if (again.length > 0) setInterval(() => { process.stdout.write(again) }, 10)
  })`

function framesOf (messages: unknown[]): string {
  return Buffer.concat(messages.flatMap((message) => {
    const body = encode(message)
    const prefix = Buffer.alloc(4)
    prefix.writeUInt32LE(body.length)
    return [prefix, body]
  })).toString('base64')
}

describe('a sandbox that was taken over', () => {
  const started: Executor[] = []
  const shelf = new ModuleShelf()
  let program: Program

  before(async () => { program = await shelf.program('(module (func (export "main")))', { grants: { networking: true, fileSystem: false, hosts: ['a.org'] } }) })
  afterEach(async () => { for (const executor of started.splice(0)) await executor.stop() })

  /** A call whose sandbox says these things. */
  async function run (told: unknown[], { again = [], logs, timeLimitMs = 10_000 }: { again?: unknown[], logs?: string[], timeLimitMs?: number } = {}): Promise<CallResult> {
    const request = async (): Promise<{ status: number, headers: Record<string, string>, body: Uint8Array }> => ({ status: 200, headers: {}, body: new Uint8Array(1000) })
    const executor = createExecutor({ loadModule: shelf.loadModule, request }, { slots: 1 }, async () =>
      () => spawn(process.execPath, ['-e', LIAR, framesOf([[Event.READY]]), framesOf(told), framesOf(again)], { stdio: 'pipe' }))
    started.push(executor)
    await executor.start()
    return await executor.run(callOf({ ...program, timeLimitMs }), logs === undefined ? {} : { onLog: (text) => { logs.push(text) } })
  }

  it('can report a call like any other', async () => {
    assert.deepEqual((await run([STARTED, DONE])).outputs, { result: 1 })
  })

  it('cannot put off its deadline', async () => {
    await rejectsWith('ERR_TIME_LIMIT', run([STARTED], { again: [STARTED], timeLimitMs: 200 }))
  })

  it('cannot send parts of a log without end', async () => {
    const logs: string[] = []
    await run([STARTED, ...Array.from({ length: 100 }, () => [Event.LOG, 0, '']), [Event.LOG, 0, 'text'], DONE], { logs })
    assert.deepEqual(logs, ['text'])
  })

  const lies: Array<[string, unknown[]]> = [
    ['is ready twice', [STARTED, [Event.READY]]],
    ['reports another call', [STARTED, [Event.DONE, 1, USAGE, '', false, {}]]],
    ['sends requests without waiting', [STARTED, REQUEST, REQUEST]],
    ['asks for the same names again', [STARTED, NAMES, NAMES]],
    ['used memory that is no whole number', [STARTED, [Event.DONE, 0, [1, 1, 2 ** 33 + 0.5, 100, 0], '', false, {}]]],
    ['took no time that is a number', [STARTED, [Event.DONE, 0, [NaN, 1, 0, 100, 0], '', false, {}]]],
    ['took less than no time', [STARTED, [Event.DONE, 0, [-1, 1, 0, 100, 0], '', false, {}]]],
    ['took for ever', [STARTED, [Event.DONE, 0, [Infinity, 1, 0, 100, 0], '', false, {}]]],
    ['gives outputs that hold no values', [STARTED, [Event.DONE, 0, USAGE, '', false, { result: [undefined] }]]],
  ]
  for (const [what, told] of lies) {
    it(`ends when it ${what}`, async () => {
      await rejectsWith('ERR_SANDBOX_CRASHED', run(told))
    })
  }

  it('gets no more answers than a call may ask for', async () => {
    await rejectsWith('ERR_SANDBOX_CRASHED', run([STARTED, REQUEST], { again: Array.from({ length: MAX_HTTP_REQUESTS_PER_CALL }, () => REQUEST) }))
  })
})
