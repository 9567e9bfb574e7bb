import assert from 'node:assert/strict'
import { Capture } from '../../../src/executor/abi/capture.ts'
import { Guest } from '../../../src/executor/abi/guest.ts'
import { LiveLog } from '../../../src/executor/abi/live-log.ts'
import { CallError } from '../../../src/executor/call-error.ts'
import type { CallResult } from '../../../src/executor/executor.ts'
import { Job } from '../../../src/executor/job.ts'
import { PreparedProgram } from '../../../src/executor/programs.ts'
import type { Report } from '../../../src/executor/protocol.ts'
import { MAX_LOG_BYTES } from '../../../src/limits.ts'
import { LIVE_LOG_BLOCK_BYTES, LIVE_LOG_BURST, LIVE_LOG_PARTS_PER_SECOND, LIVE_LOG_PART_LINE_MS } from '../../../src/executor/limits.ts'
import { NO_USAGE } from '../../../src/task/usage.ts'
import { ModuleShelf, callOf, useExecutor } from '../../support/executor-fixture.ts'
import { rejectsWith } from '../../support/rejects.ts'

const WASI = (name: string, type = '(param i32 i32 i32 i32) (result i32)'): string => `(import "wasi_snapshot_preview1" "${name}" (func $${name} ${type}))`

/** A WASI command that can log `length` bytes of its data at 1024 and sleep; `body` is what it does. */
const program = (text: string, body: string): string => `(module ${WASI('fd_write')} ${WASI('poll_oneoff')}
  (memory (export "memory") 1) (data (i32.const 1024) "${text}")
  (func $log (param $from i32) (param $length i32)
    (i32.store (i32.const 0) (i32.add (i32.const 1024) (local.get $from))) (i32.store (i32.const 4) (local.get $length))
    (drop (call $fd_write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8))))
  (func $sleep (param $ns i64)
    (i64.store (i32.const 88) (local.get $ns)) (drop (call $poll_oneoff (i32.const 64) (i32.const 128) (i32.const 1) (i32.const 192))))
  (func (export "_start") (local $n i32) ${body}))`

describe('the log of a call while it runs', () => {
  function logged (limit = MAX_LOG_BYTES): { capture: Capture, live: LiveLog, parts: string[], tick: (ms: number) => void, now: () => number } {
    let ms = 1_000
    const capture = new Capture(limit, 'truncate')
    const parts: string[] = []
    const now = (): number => ms
    return { capture, parts, live: new LiveLog(capture, (text) => { parts.push(text) }, now), tick: (by) => { ms += by }, now }
  }

  it('begins with the first write, and whole lines follow at once', () => {
    const { capture, parts } = logged()
    for (const text of ['begin', ' and', ' end\n', 'next\n']) capture.writeText(text)
    assert.deepEqual(parts, ['begin', ' and end\n', 'next\n'])
  })

  it('holds part of a line back for a while', () => {
    const { capture, parts, tick } = logged()
    capture.writeText('.')
    tick(LIVE_LOG_PART_LINE_MS - 1)
    capture.writeText('.')
    assert.deepEqual(parts, ['.'])
    tick(1)
    capture.writeText('.')
    assert.deepEqual(parts, ['.', '..'])
  })

  it('is limited to a number of parts, that grows with time', () => {
    const { capture, parts, tick } = logged()
    for (let n = 0; n < 200; n++) capture.writeText(`${n}\n`)
    assert.equal(parts.length, LIVE_LOG_BURST)
    tick(1_000)
    for (let n = 0; n < 200; n++) capture.writeText(`${n}\n`)
    assert.equal(parts.length, LIVE_LOG_BURST + Math.min(LIVE_LOG_BURST, LIVE_LOG_PARTS_PER_SECOND))
    assert(capture.text().startsWith(parts.join('')))
  })

  it('leaves in blocks when there is much of it, in few in all', () => {
    const { capture, parts } = logged()
    for (let n = 0; n < MAX_LOG_BYTES; n++) capture.write(Uint8Array.of(0x61))
    assert(parts.length <= 1 + MAX_LOG_BYTES / LIVE_LOG_BLOCK_BYTES, `${parts.length} parts`)
    assert(capture.text().startsWith(parts.join('')))
  })

  it('leaves when it is asked for', () => {
    const { capture, live, parts } = logged()
    capture.writeText('a')
    capture.writeText('b')
    live.flush()
    live.flush()
    assert.deepEqual(parts, ['a', 'b'])
  })

  it('does not cut a character in the middle', () => {
    const { capture, live, parts } = logged()
    for (const byte of new TextEncoder().encode('é🙂')) {
      capture.write(Uint8Array.of(byte))
      live.flush()
    }
    assert.deepEqual(parts, ['é', '🙂'])
    for (const byte of [0xf0, 0x9f, 0x0a]) capture.write(Uint8Array.of(byte))
    assert.equal(parts.join(''), capture.text())
  })

  it('ends where the log is cut off, and says so within the limit', () => {
    const { capture, live, parts } = logged(100)
    for (let n = 0; n < 30; n++) capture.writeText('0123456789')
    live.flush()
    assert.equal(parts.join(''), capture.text())
    assert(capture.length <= 100)
    assert.match(capture.text(), /^(0123456789)+0*1*2*3*4*5*\n\[.*\]\n$/)
    capture.writeText('more')
    live.flush()
    assert.equal(parts.join(''), capture.text())
  })

  it('is complete before the module sleeps', () => {
    const parts: string[] = []
    const slept: string[] = []
    const ambient = { wallClockNs: () => 0n, monotonicNs: () => 0n, sleep: () => { slept.push(parts.join('')) }, random: () => {}, randomUnit: () => 0 }
    const guest = new Guest({ ambient, onLog: (text) => { parts.push(text) } })
    guest.logs.writeText('a')
    guest.logs.writeText('b')
    guest.ambient.sleep(1n)
    assert.deepEqual(slept, ['ab'])
    guest.logs.writeText('c')
    assert.deepEqual(parts, ['a', 'b'])
    guest.showLog()
    assert.deepEqual(parts, ['a', 'b', 'c'])
  })

  describe('of a job', () => {
    async function jobOf (): Promise<{ job: Job, parts: string[] }> {
      const parts: string[] = []
      const shelf = new ModuleShelf()
      const task = await shelf.program('(module (func (export "main")))')
      return { parts, job: new Job(callOf(task), new PreparedProgram(task, 65_536), { onLog: (text) => { parts.push(text) } }, () => {}) }
    }
    const report = (logs: string): Report => ({ sequence: 0, usage: NO_USAGE, logs, asks: false, outputs: {} })

    it('is told in order, the result behind it', async () => {
      const { job, parts } = await jobOf()
      job.log('a')
      job.log('b')
      job.report(report('abc'))
      assert.deepEqual([(await job.done).logs, parts], ['abc', ['a', 'b']])
    })

    it('holds what was written before its sandbox died, and where it began again', async () => {
      const { job, parts } = await jobOf()
      job.log('first')
      job.again()
      job.log('second')
      job.report(report('second and more'))
      const { logs } = await job.done
      assert.match(logs, /^first\n\[.*\]\nsecond and more$/)
      assert.equal(logs, `${parts.join('')} and more`)
    })

    it('is never longer than it may be', async () => {
      const { job, parts } = await jobOf()
      for (let n = 0; n < 10; n++) job.log('x'.repeat(MAX_LOG_BYTES / 4))
      job.again()
      job.report(report('y'.repeat(MAX_LOG_BYTES)))
      assert.equal((await job.done).logs.length, MAX_LOG_BYTES)
      assert.equal(parts.join('').length, MAX_LOG_BYTES)
    })
  })

  describe('out of a sandbox', () => {
    const { shelf, executor } = useExecutor()

    /** Runs a command; `steps` are what its listener heard, then how it ended. */
    async function heard (source: string, options: { timeLimitMs?: number, signal?: AbortSignal } = {}): Promise<{ parts: string[], result: CallResult }> {
      const { signal, ...limits } = options
      const parts: string[] = []
      const result = await executor().run(callOf(await shelf.program(source, limits)), { onLog: (text) => { parts.push(text) }, ...(signal === undefined ? {} : { signal }) })
      return { parts, result }
    }

    it('comes in order, and the result has all of it', async () => {
      const { parts, result } = await heard(program('one\\n', '(loop (call $log (i32.const 0) (i32.const 4)) (local.set $n (i32.add (local.get $n) (i32.const 1))) (br_if 0 (i32.lt_u (local.get $n) (i32.const 100))))'))
      assert.equal(result.logs, 'one\n'.repeat(100))
      assert(result.logs.startsWith(parts.join('')) && parts.length >= LIVE_LOG_BURST)
    })

    it('comes before a call that never ends is over, which then knows what it wrote and how long it ran', async () => {
      const abort = new AbortController()
      const task = await shelf.program(program('begun', '(call $log (i32.const 0) (i32.const 5)) (loop (br 0))'))
      const running = executor().run(callOf(task), { signal: abort.signal, onLog: () => { abort.abort() } })
      await rejectsWith('ERR_CANCELLED', running)

      const late = await rejectsWith('ERR_TIME_LIMIT', heard(program('begun', '(call $log (i32.const 0) (i32.const 5)) (loop (br 0))'), { timeLimitMs: 500 }))
      assert(late instanceof CallError)
      assert.equal(late.logs, 'begun')
      assert.deepEqual(late.usage, { wallMs: 500, moduleBytes: late.usage?.moduleBytes })
      assert(late.usage.moduleBytes > 0)
    })

    it('is not cut in mid-line by a sleep, however short the call is', async () => {
      const { parts } = await heard(program('abc', '(call $log (i32.const 0) (i32.const 1)) (call $log (i32.const 1) (i32.const 1)) (call $sleep (i64.const 1)) (call $log (i32.const 2) (i32.const 1))'))
      assert.deepEqual(parts, ['a', 'b'])
    })

    it('of a flood in tiny writes is capped and costs a bounded number of parts', async () => {
      const { parts, result } = await heard(program('x', '(loop (call $log (i32.const 0) (i32.const 1)) (local.set $n (i32.add (local.get $n) (i32.const 1))) (br_if 0 (i32.lt_u (local.get $n) (i32.const 1000000))))'))
      assert(result.logs.length <= MAX_LOG_BYTES)
      assert(result.logs.startsWith(parts.join('')))
      assert(parts.length <= MAX_LOG_BYTES / LIVE_LOG_BLOCK_BYTES + LIVE_LOG_BURST + LIVE_LOG_PARTS_PER_SECOND * (1 + result.usage.wallMs / 1_000), `${parts.length} parts`)
    })

    it('has standard output too where that holds no outputs', async () => {
      const source = `(module ${WASI('fd_write')} (memory (export "memory") 1) (data (i32.const 1024) "printed")
        (func (export "main") (result i32)
          (i32.store (i32.const 0) (i32.const 1024)) (i32.store (i32.const 4) (i32.const 7)) (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))`
      const { outputs, logs } = await executor().run(callOf(await shelf.program(source, { gives: { result: 'integer' } })))
      assert.deepEqual([outputs, logs], [{ result: 0 }, 'printed'])
    })

    it('that is no text at all fits into a report', async () => {
      const { result } = await heard(program('\\ff', `(loop (call $log (i32.const 0) (i32.const 1)) (local.set $n (i32.add (local.get $n) (i32.const 1))) (br_if 0 (i32.lt_u (local.get $n) (i32.const ${MAX_LOG_BYTES + 10}))))`))
      assert.match(result.logs, /^\ufffd+\n\[.*\]\n$/)
    })
  })
})
