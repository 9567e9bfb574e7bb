import assert from 'node:assert/strict'
import type { Ambient } from '../../../src/executor/abi/ambient.ts'
import { EventLoop } from '../../../src/executor/abi/go/event-loop.ts'
import { makeGlobal } from '../../../src/executor/abi/go/globals.ts'
import { makeArray, makeBytes } from '../../../src/executor/abi/go/lists.ts'
import { callMethod, construct, getField, invoke } from '../../../src/executor/abi/go/operations.ts'
import { Realm } from '../../../src/executor/abi/go/realm.ts'
import { RefTable } from '../../../src/executor/abi/go/ref-table.ts'
import { type Inert, Thing, Thrown, makeFunction, makeObject } from '../../../src/executor/abi/go/thing.ts'
import { toValue } from '../../../src/executor/abi/go/values.ts'
import { CorebrumError, type ErrorCode } from '../../../src/errors.ts'
import { Guest, type GuestOptions } from '../../../src/executor/abi/guest.ts'
import { failsWith, outputsOf } from '../../support/in-process.ts'

/** A clock that moves only when somebody sleeps. */
function stillAmbient (): Ambient & { sleeps: bigint[] } {
  let now = 1_000_000_000n
  const sleeps: bigint[] = []
  return {
    sleeps,
    wallClockNs: () => now,
    monotonicNs: () => now,
    sleep (nanoseconds) {
      sleeps.push(nanoseconds)
      now += nanoseconds
    },
    random: (target) => { target.fill(7) },
    randomUnit: () => 0.5,
  }
}

function makeRealm (options: GuestOptions = {}): { realm: Realm, global: Thing, named: (name: string) => Inert } {
  const realm = new Realm(new Guest({ ambient: stillAmbient(), ...options }))
  const global = makeGlobal()
  return { realm, global, named: (name) => getField(realm, global, name) }
}

/** What an `fs` function gives to its callback. */
function answered (realm: Realm, fs: Inert, name: string, ...args: Inert[]): Inert[] {
  const answers: Inert[][] = []
  callMethod(realm, fs, name, [...args, makeFunction((_realm, _self, given) => { answers.push([...given]); return undefined })])
  assert.equal(answers.length, 0, 'a callback never runs within the call')
  realm.loop.run(() => answers.length > 0)
  return answers[0] ?? []
}

function assertCode (code: ErrorCode, run: () => unknown): void {
  assert.throws(run, (thrown) => thrown instanceof CorebrumError && thrown.code === code)
}

const codeOf = (error: Inert): Inert => (error instanceof Thing ? error.fields.get('code') : undefined)

describe('the event loop of a Go program', () => {
  it('runs jobs in order, then timers by their time, and sleeps in between', () => {
    const ambient = stillAmbient()
    const loop = new EventLoop(ambient)
    const order: string[] = []
    loop.after(20, () => { order.push('late') })
    loop.after(10, () => { order.push('early'); loop.soon(() => { order.push('job of early') }) })
    loop.soon(() => { order.push('job') })
    assert.equal(loop.run(() => false), false)
    assert.deepEqual(order, ['job', 'early', 'job of early', 'late'])
    assert.deepEqual(ambient.sleeps, [10_000_000n, 10_000_000n])
  })

  it('repeats a timer until it is cancelled, and stops when it is told', () => {
    const loop = new EventLoop(stillAmbient())
    let fired = 0
    const id = loop.after(1, () => { if (++fired === 3) loop.cancel(id) }, 1)
    assert.equal(loop.run(() => false), false)
    assert.equal(fired, 3)
    loop.soon(() => { fired = 10 })
    loop.soon(() => { fired = 20 })
    assert.equal(loop.run(() => fired === 10), true)
    assert.equal(fired, 10)
    loop.run(() => false)
    assert.equal(fired, 20)
  })

  it('takes any number for a delay', () => {
    for (const delay of [NaN, -1, -Infinity]) {
      const loop = new EventLoop(stillAmbient())
      let fired = false
      loop.after(delay, () => { fired = true })
      loop.run(() => fired)
      assert(fired, String(delay))
    }
    for (const delay of [Infinity, Number.MAX_VALUE, 2 ** 63]) new EventLoop(stillAmbient()).after(delay, () => {})
  })
})

describe('the host objects of a Go program', () => {
  it('fs reads standard input to its end, in parts', () => {
    const { realm, named } = makeRealm({ stdin: new TextEncoder().encode('hello') })
    const buffer = makeBytes(realm, new Uint8Array(4))
    assert.deepEqual(answered(realm, named('fs'), 'read', 0, buffer, 1, 3, null), [null, 3])
    assert.equal(new TextDecoder().decode(buffer.nature.bytes), '\0hel')
    assert.deepEqual(answered(realm, named('fs'), 'read', 0, buffer, 0, 4, null), [null, 2])
    assert.deepEqual(answered(realm, named('fs'), 'read', 0, buffer, 0, 4, null), [null, 0])
  })

  it('fs writes to standard output and error, and to nothing else', () => {
    const { realm, named } = makeRealm()
    const bytes = makeBytes(realm, new TextEncoder().encode('text'))
    assert.deepEqual(answered(realm, named('fs'), 'write', 1, bytes, 1, 2, null), [null, 2])
    assert.deepEqual(answered(realm, named('fs'), 'write', 2, bytes, 0, 4, null), [null, 4])
    assert.equal(codeOf(answered(realm, named('fs'), 'write', 3, bytes, 0, 4, null)[0]), 'EBADF')
    assert.equal(codeOf(answered(realm, named('fs'), 'read', 1, bytes, 0, 4, null)[0]), 'EBADF')
    assert.equal(codeOf(answered(realm, named('fs'), 'write', 1, 'text', 0, 4, null)[0]), 'EINVAL')
    assert.deepEqual([realm.guest.stdout.bytes(), realm.guest.logs.text()], [new TextEncoder().encode('ex'), 'text'])
  })

  it('fs has no files where the task has no root', () => {
    const { realm, named } = makeRealm({ files: [{ path: 'a', bytes: new Uint8Array(1) }] })
    for (const name of ['open', 'stat', 'lstat', 'readdir', 'unlink', 'rename', 'mkdir']) assert.equal(codeOf(answered(realm, named('fs'), name, '/a')[0]), 'ENOENT', name)
    for (const name of ['chmod', 'link']) assert.equal(codeOf(answered(realm, named('fs'), name, '/a')[0]), 'ENOSYS', name)
  })

  it('fs gives the room of a file back when it is closed and no name is left', () => {
    const { realm, named } = makeRealm({ fileSystem: true })
    for (let round = 0; round < 4; round++) {
      const [, fd] = answered(realm, named('fs'), 'open', '/big', 1 | 0o100, 0o644)
      assert.deepEqual(answered(realm, named('fs'), 'ftruncate', fd, 30 * 1024 * 1024), [null, undefined])
      assert.deepEqual(answered(realm, named('fs'), 'unlink', '/big'), [null, undefined])
      assert.deepEqual(answered(realm, named('fs'), 'close', fd), [null, undefined])
    }
  })

  it('fs reads and writes the files of the root in memory', () => {
    const { realm, named } = makeRealm({ fileSystem: true, files: [{ path: 'in/a.txt', bytes: new TextEncoder().encode('hello') }] })
    const fs = named('fs')
    const { O_WRONLY, O_CREAT, O_TRUNC, O_APPEND } = { O_WRONLY: 1, O_CREAT: 0o100, O_TRUNC: 0o1000, O_APPEND: 0o2000 }
    const ask = (name: string, ...args: Inert[]): Inert => {
      const [error, result] = answered(realm, fs, name, ...args)
      return error === null ? result : codeOf(error)
    }
    const buffer = makeBytes(realm, new Uint8Array(8))
    const text = (length: number): string => new TextDecoder().decode(buffer.nature.bytes?.subarray(0, length))

    const input = ask('open', '/in/a.txt', 0, 0)
    assert.equal(ask('read', input, buffer, 0, 4, null), 4)
    assert.equal(ask('read', input, buffer, 0, 4, null), 1)
    assert.equal(ask('read', input, buffer, 0, 8, 1), 4)
    assert.equal(text(4), 'ello')
    assert.equal(ask('write', input, buffer, 0, 1, null), 'EBADF')
    assert.equal(ask('read', input, buffer, 0, 8, -1), 'EINVAL')

    assert.equal(ask('mkdir', '/out', 0o755), undefined)
    const output = ask('open', 'out/b', O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    assert.equal(ask('write', output, buffer, 0, 4, null), 4)
    assert.equal(ask('write', output, buffer, 0, 1, 2 ** 40), 'ENOSPC')
    assert.equal(ask('ftruncate', output, 3), undefined)
    const more = ask('open', 'out/b', O_WRONLY | O_APPEND, 0)
    assert.equal(ask('write', more, buffer, 0, 2, null), 2)
    const stat = ask('stat', '/out/b')
    assert.equal(getField(realm, stat, 'size'), 5)
    assert.equal(callMethod(realm, stat, 'isDirectory', []), false)
    assert.equal(callMethod(realm, ask('fstat', ask('open', '/', 0, 0)), 'isDirectory', []), true)
    assert.deepEqual(getField(realm, ask('readdir', '/'), 'length'), 2)
    assert.equal(ask('rename', 'out/b', 'c'), undefined)
    assert.equal(ask('rmdir', 'out'), undefined)
    assert.equal(ask('stat', 'out'), 'ENOENT')
    assert.equal(ask('stat', '/../etc/passwd'), 'EPERM')
    assert.equal(ask('symlink', '/etc', 'link'), undefined)
    assert.equal(ask('readdir', 'link'), 'ENOENT')
    assert.equal(ask('close', output), undefined)
    assert.equal(ask('close', output), 'EBADF')
    assert.equal(ask('open', 5, 0, 0), 'EINVAL')
  })

  it('process, crypto, Date and Math tell what the ambient says', () => {
    const { realm, named } = makeRealm()
    assert.equal(callMethod(realm, named('process'), 'cwd', []), '/')
    assert.equal(callMethod(realm, named('process'), 'getuid', []), 0)
    const bytes = makeBytes(realm, new Uint8Array(3))
    callMethod(realm, named('crypto'), 'getRandomValues', [bytes])
    assert.deepEqual(bytes.nature.bytes, Uint8Array.of(7, 7, 7))
    assert.equal(callMethod(realm, named('Math'), 'random', []), 0.5)
    assert.equal(callMethod(realm, construct(realm, named('Date'), []), 'getTime', []), 1000)
    assert.equal(callMethod(realm, named('Date'), 'now', []), 1000)
    assert.equal(callMethod(realm, construct(realm, named('Date'), [0]), 'toISOString', []), '1970-01-01T00:00:00.000Z')
    assert.throws(() => callMethod(realm, construct(realm, named('Date'), [NaN]), 'toISOString', []), Thrown)
  })

  it('JSON refuses loops and depth', () => {
    const { realm, named } = makeRealm()
    const loop = makeObject()
    loop.fields.set('self', loop)
    assert.throws(() => callMethod(realm, named('JSON'), 'stringify', [loop]), Thrown)
    assert.throws(() => callMethod(realm, named('JSON'), 'parse', ['['.repeat(100) + ']'.repeat(100)]), Thrown)
    assert.throws(() => callMethod(realm, named('JSON'), 'parse', ['{']), Thrown)
  })

  it('promises settle once, pass on what a handler gives, and catch what it throws', () => {
    const { realm, named } = makeRealm()
    const seen: Inert[] = []
    const note = makeFunction((_realm, _self, [value]) => { seen.push(value); return 'next' })
    const fail = makeFunction(() => { throw new Thrown('bad') })
    const promise = construct(realm, named('Promise'), [makeFunction((_realm, _self, [resolve, reject]) => {
      invoke(realm, resolve, undefined, [1])
      invoke(realm, reject, undefined, ['too late'])
      return undefined
    })])
    const second = callMethod(realm, promise, 'then', [note])
    const third = callMethod(realm, callMethod(realm, second, 'then', [note]), 'then', [fail])
    callMethod(realm, third, 'catch', [note])
    callMethod(realm, construct(realm, named('Promise'), [fail]), 'catch', [note])
    assert.deepEqual(seen, [], 'handlers run later')
    realm.loop.run(() => false)
    assert.deepEqual(seen, [1, 'bad', 'next', 'bad'])
  })

  it('texts and results are bounded before they are made', () => {
    const { realm, named } = makeRealm()
    const large = 'x'.repeat(3 * 1024 * 1024)
    const list = makeArray(realm, Array.from({ length: 60 }, () => large))
    assertCode('ERR_MEMORY_LIMIT', () => callMethod(realm, list, 'join', [',']))
    assertCode('ERR_MEMORY_LIMIT', () => callMethod(realm, named('JSON'), 'stringify', [list]))
    assertCode('ERR_OUTPUT_LIMIT', () => toValue(list))
    const items = makeArray(realm, [])
    callMethod(realm, items, 'push', Array.from({ length: 1000 }, () => null))
    assertCode('ERR_MEMORY_LIMIT', () => callMethod(realm, items, 'concat', Array.from({ length: 1000 }, () => items)))
    assertCode('ERR_TRAP', () => callMethod(realm, named('path'), 'resolve', [large]))
  })

  it('path.resolve never leaves the root', () => {
    const { realm, named } = makeRealm()
    assert.equal(callMethod(realm, named('path'), 'resolve', ['/a/b', '../../../c', './d/']), '/c/d')
    assert.equal(callMethod(realm, named('path'), 'resolve', ['a', '/b']), '/b')
  })

  it('references keep a value while the program holds one, and reuse what it released', () => {
    const { realm, global } = makeRealm()
    const refs = new RefTable(realm, global, makeObject())
    const view = new DataView(new ArrayBuffer(8))
    const round = (value: Inert): Inert => {
      refs.write(view, 0, value)
      return refs.read(view, 0)
    }
    for (const value of [undefined, null, true, false, 0, 1.5, -1, NaN, Infinity, '', 'text', global]) assert.deepEqual(round(value), value)
    assert.equal(round(-0), 0)
    const idOf = (value: Inert): number => {
      refs.write(view, 0, value)
      return view.getUint32(0, true)
    }
    const thing = makeObject()
    const id = idOf(thing)
    assert.equal(idOf(thing), id)
    refs.release(id)
    assert.equal(idOf(thing), id)
    refs.release(id)
    refs.release(id)
    assert.equal(idOf(makeObject()), id)
    for (const fixed of [0, 1, 2, 3, 4, 5, 6, 999_999]) refs.release(fixed)
    assert.equal(round(null), null)
    assert.equal(round(global), global)
  })
})

describe('TinyGo programs for browsers', () => {
  const IMPORTS = `(import "gojs" "runtime.ticks" (func $ticks (result i64))) (import "gojs" "runtime.sleepTicks" (func $sleep (param i64)))
    (import "gojs" "syscall/js.valueGet" (func $get (param i64 i32 i32) (result i64))) (import "gojs" "syscall/js.valueSet" (func $set (param i64 i32 i32 i64)))
    (import "gojs" "syscall/js.valueIndex" (func $index (param i64 i32) (result i64)))
    (import "gojs" "syscall/js.valueCall" (func $call (param i32 i64 i32 i32 i32 i32 i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 16) "Function") (data (i32.const 32) "_makeFuncWrapper") (data (i32.const 64) "_pendingEvent") (data (i32.const 96) "args") (data (i32.const 112) "result")
    (data (i32.const 128) "twice") (data (i32.const 200) "true")
    (func $print (i32.store (i32.const 300) (i32.const 200)) (i32.store (i32.const 304) (i32.const 4)) (drop (call $fd_write (i32.const 1) (i32.const 300) (i32.const 1) (i32.const 308))))`
  const GLOBAL = '(i64.const 0x7ff8000100000005)'
  const GO = '(i64.const 0x7ff8000100000006)'

  it('sleep, and find no way to JavaScript', async () => {
    const source = `(module ${IMPORTS}
      (func (export "_start") (if (i64.eqz (call $get ${GLOBAL} (i32.const 16) (i32.const 8))) (then (call $sleep (i64.const 5000000)))))
      (func (export "resume")) (func (export "go_scheduler") (call $print)))`
    assert.deepEqual(await outputsOf(source, { gives: { result: 'boolean' } }), { result: true })
  })

  it('sleep by milliseconds, where an older version does', async () => {
    const source = `(module ${IMPORTS.replace('(func $ticks (result i64))', '(func $ticks (result f64))').replace('(func $sleep (param i64))', '(func $sleep (param f64))')}
      (func (export "_start") (if (f64.gt (call $ticks) (f64.const 0)) (then (call $sleep (f64.const 2)))))
      (func (export "resume")) (func (export "go_scheduler") (call $print)))`
    assert.deepEqual(await outputsOf(source, { gives: { result: 'boolean' } }), { result: true })
  })

  it('of versions that pass values by address are refused', async () => {
    await failsWith('ERR_MODULE_UNSUPPORTED', `(module (import "env" "syscall/js.valueGet" (func (param i32 i32 i32 i32))) (memory (export "memory") 1)
      (func (export "_start")) (func (export "resume")))`, {})
  })

  it('serve functions that they registered', async () => {
    const source = `(module ${IMPORTS}
      (func (export "_start")
        (i64.store (i32.const 400) (i64.reinterpret_f64 (f64.const 1)))
        (call $call (i32.const 408) ${GO} (i32.const 32) (i32.const 16) (i32.const 400) (i32.const 1) (i32.const 1))
        (call $set ${GLOBAL} (i32.const 128) (i32.const 5) (i64.load (i32.const 408))))
      (func (export "resume") (local $event i64)
        (local.set $event (call $get ${GO} (i32.const 64) (i32.const 13)))
        (call $set (local.get $event) (i32.const 112) (i32.const 6) (i64.reinterpret_f64 (f64.mul (f64.const 2)
          (f64.reinterpret_i64 (call $index (call $get (local.get $event) (i32.const 96) (i32.const 4)) (i32.const 0))))))))`
    assert.deepEqual(await outputsOf(source, { functionName: 'twice', takes: { value: 'number' }, gives: { result: 'number' } }, 2.25), { result: 4.5 })
  })
})
