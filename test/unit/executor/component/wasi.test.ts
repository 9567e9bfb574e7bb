import assert from 'node:assert/strict'
import { Guest, type GuestOptions, ProgramExit } from '../../../../src/executor/abi/guest.ts'
import { HostResource, type Lifted, VariantValue } from '../../../../src/executor/component/values.ts'
import { cliEnvironment, cliExit, cliStderr, cliStdin, cliStdout } from '../../../../src/executor/component/wasi/cli.ts'
import { insecureSeed, monotonicClock, random, wallClock } from '../../../../src/executor/component/wasi/clocks.ts'
import { Descriptor } from '../../../../src/executor/component/wasi/descriptor.ts'
import { filesystemPreopens, filesystemTypes } from '../../../../src/executor/component/wasi/filesystem.ts'
import { Args, type HostInterface, type WasiHost } from '../../../../src/executor/component/wasi/interface.ts'
import { ioPoll, ioStreams } from '../../../../src/executor/component/wasi/io.ts'
import type { Ambient } from '../../../../src/executor/abi/ambient.ts'
import { makeFileSystem } from '../../../../src/executor/wasi/host.ts'

const ERROR_CODES = { access: 0, badDescriptor: 3, exist: 7, invalid: 12, isDirectory: 14, loop: 15, nameTooLong: 18, noEntry: 20, insufficientSpace: 23, notDirectory: 24, notEmpty: 25, notPermitted: 31 }
const READ = 1
const WRITE = 2
const FOLLOW = 1
const CREATE = 1
const DIRECTORY = 2
const EXCLUSIVE = 4
const TRUNCATE = 8

const text = (value: unknown): string => new TextDecoder().decode(value instanceof Uint8Array ? value : new Uint8Array(0))
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value)
const ok = (value?: Lifted): VariantValue => new VariantValue(0, value)
const closed = new VariantValue(1, new VariantValue(1))

class World {
  readonly guest: Guest
  readonly host: WasiHost

  constructor (options: GuestOptions = {}) {
    this.guest = new Guest({ fileSystem: true, ...options })
    this.host = { guest: this.guest, fs: makeFileSystem(this.guest) }
  }

  call (from: HostInterface, name: string, ...args: Lifted[]): Lifted | undefined {
    const found = from[name]
    assert(found !== undefined, name)
    return found.call(this.host, new Args(args))
  }

  root (): Descriptor {
    const list = this.call(filesystemPreopens, 'get-directories')
    const [[root] = []] = Array.isArray(list) ? list as Lifted[][] : []
    assert(root instanceof Descriptor)
    return root
  }

  on (descriptor: Descriptor, name: string, ...args: Lifted[]): VariantValue {
    const result = this.call(filesystemTypes, `[method]descriptor.${name}`, descriptor, ...args)
    assert(result instanceof VariantValue)
    return result
  }

  /** What a method gives that must go well. */
  good (descriptor: Descriptor, name: string, ...args: Lifted[]): Lifted | undefined {
    const result = this.on(descriptor, name, ...args)
    assert.equal(result.index, 0, name)
    return result.payload
  }

  open (path: string, openFlags = 0, flags = READ, top = this.root()): Descriptor {
    const opened = this.good(top, 'open-at', FOLLOW, path, openFlags, flags)
    assert(opened instanceof Descriptor)
    return opened
  }

  fails (error: keyof typeof ERROR_CODES, descriptor: Descriptor, name: string, ...args: Lifted[]): void {
    assert.deepEqual(this.on(descriptor, name, ...args), new VariantValue(1, new VariantValue(ERROR_CODES[error])), `${name} ${error}`)
  }
}

/** A clock that moves only while it sleeps. */
function stoppedAmbient (): Ambient & { slept: bigint } {
  return {
    slept: 0n,
    wallClockNs: () => 1_700_000_000_123_000_000n,
    monotonicNs () { return this.slept },
    sleep (nanoseconds) { this.slept += nanoseconds },
    random: (target) => { target.fill(7) },
    randomUnit: () => 0.5,
  }
}

describe('WASI 0.2 host', () => {
  it('reads standard input to its end, through all of its streams', () => {
    const world = new World({ stdin: bytes('abcdef') })
    const [one, other] = [world.call(cliStdin, 'get-stdin'), world.call(cliStdin, 'get-stdin')]
    assert(one !== undefined && other !== undefined)
    assert.deepEqual(world.call(ioStreams, '[method]input-stream.read', one, 2n), ok(bytes('ab')))
    assert.deepEqual(world.call(ioStreams, '[method]input-stream.blocking-skip', other, 1n), ok(1n))
    assert.deepEqual(world.call(ioStreams, '[method]input-stream.blocking-read', one, 2n ** 64n - 1n), ok(bytes('def')))
    assert.deepEqual(world.call(ioStreams, '[method]input-stream.read', other, 1n), closed)
    assert.deepEqual(world.call(ioStreams, '[method]input-stream.read', other, 0n), ok(new Uint8Array(0)))
  })

  it('writes standard output and error', () => {
    const world = new World({ stdin: bytes('from stdin') })
    const [out, log, input] = [world.call(cliStdout, 'get-stdout'), world.call(cliStderr, 'get-stderr'), world.call(cliStdin, 'get-stdin')]
    assert(out !== undefined && log !== undefined && input !== undefined)
    for (const name of ['write', 'blocking-write-and-flush']) assert.deepEqual(world.call(ioStreams, `[method]output-stream.${name}`, out, bytes('x')), ok())
    assert.deepEqual(world.call(ioStreams, '[method]output-stream.write-zeroes', out, 2n), ok())
    assert.deepEqual(world.call(ioStreams, '[method]output-stream.splice', out, input, 4n), ok(4n))
    for (const name of ['flush', 'blocking-flush']) assert.deepEqual(world.call(ioStreams, `[method]output-stream.${name}`, out), ok())
    world.call(ioStreams, '[method]output-stream.write', log, bytes('log'))
    assert.equal(text(world.guest.stdout.bytes()), 'xx\0\0from')
    assert.equal(world.guest.logs.text(), 'log')
    assert.throws(() => world.call(ioStreams, '[method]output-stream.write-zeroes', out, 2n ** 40n), { code: 'ERR_TRAP' })
  })

  it('takes no resource for another', () => {
    const world = new World()
    const out = world.call(cliStdout, 'get-stdout')
    assert(out !== undefined)
    assert.throws(() => world.call(ioStreams, '[method]input-stream.read', out, 1n), { code: 'ERR_TRAP' })
    assert.throws(() => world.call(ioStreams, '[method]input-stream.read', 5, 1n), { code: 'ERR_TRAP' })
  })

  it('waits only for clocks, and for the first of them', () => {
    const ambient = stoppedAmbient()
    const world = new World({ ambient })
    const wait = (nanoseconds: bigint): Lifted => world.call(monotonicClock, 'subscribe-duration', nanoseconds) ?? 0
    const [long, short] = [wait(5_000n), wait(1_000n)]
    assert.equal(world.call(ioPoll, '[method]pollable.ready', long), false)
    assert.deepEqual(world.call(ioPoll, 'poll', [long, short]), [1])
    assert.equal(ambient.slept, 1_000n)
    const stream = world.call(ioStreams, '[method]input-stream.subscribe', world.call(cliStdin, 'get-stdin') ?? 0) ?? 0
    assert.deepEqual(world.call(ioPoll, 'poll', [long, stream, short]), [1, 2])
    world.call(ioPoll, '[method]pollable.block', long)
    assert.equal(ambient.slept, 5_000n)
    world.call(ioPoll, '[method]pollable.block', world.call(monotonicClock, 'subscribe-instant', 4_000n) ?? 0)
    assert.equal(world.call(monotonicClock, 'now'), 5_000n)
    assert.throws(() => world.call(ioPoll, 'poll', []), { code: 'ERR_TRAP' })
  })

  it('has the clock and the random numbers of the guest', () => {
    const world = new World({ ambient: stoppedAmbient() })
    assert.deepEqual(world.call(wallClock, 'now'), [1_700_000_000n, 123_000_000])
    assert.deepEqual(world.call(random, 'get-random-bytes', 3n), Uint8Array.of(7, 7, 7))
    assert.equal(world.call(random, 'get-random-u64'), 0x0707070707070707n)
    assert.deepEqual(world.call(insecureSeed, 'insecure-seed'), [0x0707070707070707n, 0x0707070707070707n])
    assert.throws(() => world.call(random, 'get-random-bytes', 2n ** 40n), { code: 'ERR_OUTPUT_LIMIT' })
  })

  it('gives arguments and environment, and takes the exit code', () => {
    const world = new World({ args: ['a', 'b'], env: { Z: '1', A: '2' } })
    assert.deepEqual(world.call(cliEnvironment, 'get-arguments'), ['main', 'a', 'b'])
    assert.deepEqual(world.call(cliEnvironment, 'get-environment'), [['A', '2'], ['Z', '1']])
    const exits = (name: string, argument: Lifted, code: number): void => {
      assert.throws(() => world.call(cliExit, name, argument), (thrown) => thrown instanceof ProgramExit && thrown.exitCode === code)
    }
    exits('exit', new VariantValue(0), 0)
    exits('exit', new VariantValue(1), 1)
    exits('exit-with-code', 42, 42)
  })

  it('opens no directory where the task grants none', () => {
    assert.deepEqual(new World({ fileSystem: false }).call(filesystemPreopens, 'get-directories'), [])
  })

  it('writes and reads files', () => {
    const world = new World({ files: [{ path: 'in/data.txt', bytes: bytes('given') }] })
    const given = world.open('in/data.txt')
    assert.deepEqual(world.good(given, 'read', 100n, 1n), [bytes('iven'), true])
    assert.deepEqual(world.good(given, 'read', 2n, 0n), [bytes('gi'), false])
    world.fails('badDescriptor', given, 'write', bytes('x'), 0n)
    const file = world.open('new.txt', CREATE | EXCLUSIVE, READ | WRITE)
    assert.equal(world.good(file, 'write', bytes('abc'), 2n), 3n)
    const stream = world.good(file, 'append-via-stream')
    assert(stream !== undefined)
    world.call(ioStreams, '[method]output-stream.write', stream, bytes('d'))
    const positioned = world.good(file, 'write-via-stream', 0n)
    assert(positioned !== undefined)
    world.call(ioStreams, '[method]output-stream.write', positioned, bytes('1'))
    world.call(ioStreams, '[method]output-stream.write', positioned, bytes('2'))
    const reading = world.good(file, 'read-via-stream', 1n)
    assert(reading !== undefined)
    assert.deepEqual(world.call(ioStreams, '[method]input-stream.read', reading, 100n), ok(bytes('2abcd')))
    assert.deepEqual(world.call(ioStreams, '[method]input-stream.read', reading, 100n), closed)
    world.good(file, 'set-size', 3n)
    assert.deepEqual(world.good(file, 'read', 100n, 0n), [bytes('12a'), true])
    assert.deepEqual(world.good(world.open('new.txt', TRUNCATE, WRITE), 'get-flags'), WRITE)
    assert.deepEqual(world.good(file, 'read', 100n, 0n), [new Uint8Array(0), true])
  })

  it('tells what is there', () => {
    const world = new World({ files: [{ path: 'b.txt', bytes: bytes('12345') }, { path: 'a/x', bytes: bytes('') }] })
    const root = world.root()
    const [type, links, size] = world.good(root, 'stat-at', FOLLOW, 'b.txt') as readonly Lifted[]
    assert.deepEqual([type, links, size], [new VariantValue(6), 1n, 5n])
    assert.deepEqual(world.good(root, 'get-type'), new VariantValue(3))
    const entries = world.good(root, 'read-directory')
    assert(entries !== undefined)
    const next = (): Lifted | undefined => world.call(filesystemTypes, '[method]directory-entry-stream.read-directory-entry', entries)
    assert.deepEqual([next(), next(), next()], [ok(new VariantValue(1, [new VariantValue(3), 'a'])), ok(new VariantValue(1, [new VariantValue(6), 'b.txt'])), ok(new VariantValue(0))])
    const file = world.open('b.txt', 0, READ | WRITE)
    assert.equal(world.call(filesystemTypes, '[method]descriptor.is-same-object', file, world.open('b.txt')), true)
    assert.equal(world.call(filesystemTypes, '[method]descriptor.is-same-object', file, root), false)
    assert.deepEqual(world.good(file, 'metadata-hash'), world.good(root, 'metadata-hash-at', 0, 'b.txt'))
    world.good(file, 'set-times', new VariantValue(2, [12n, 5]), new VariantValue(0))
    assert.deepEqual((world.good(file, 'stat') as readonly Lifted[])[3], new VariantValue(1, [12n, 5]))
  })

  it('changes directories', () => {
    const world = new World()
    const root = world.root()
    world.good(root, 'create-directory-at', 'd')
    world.open('d/f', CREATE, WRITE)
    world.good(root, 'symlink-at', 'd/f', 'l')
    assert.equal(world.good(root, 'readlink-at', 'l'), 'd/f')
    world.good(root, 'link-at', 0, 'd/f', root, 'again')
    world.good(root, 'rename-at', 'again', world.open('d', DIRECTORY), 'g')
    world.fails('notEmpty', root, 'remove-directory-at', 'd')
    for (const name of ['d/f', 'd/g', 'l']) world.good(root, 'unlink-file-at', name)
    world.good(root, 'remove-directory-at', 'd')
    world.fails('noEntry', root, 'stat-at', 0, 'd')
  })

  it('refuses what the file system does not allow', () => {
    const world = new World({ files: [{ path: 'f', bytes: bytes('x') }, { path: 'd/x', bytes: bytes('') }] })
    const root = world.root()
    world.fails('noEntry', root, 'open-at', FOLLOW, 'missing', 0, READ)
    world.fails('exist', root, 'open-at', FOLLOW, 'f', CREATE | EXCLUSIVE, WRITE)
    world.fails('isDirectory', root, 'open-at', FOLLOW, 'd', 0, WRITE)
    world.fails('notDirectory', root, 'open-at', FOLLOW, 'f', DIRECTORY, READ)
    world.fails('isDirectory', root, 'read', 1n, 0n)
    world.fails('notDirectory', world.open('f'), 'open-at', FOLLOW, 'x', 0, READ)
    world.fails('notPermitted', world.open('f'), 'create-directory-at', 'x')
    for (const path of ['/f', '../f', 'd/../../f']) world.fails('notPermitted', root, 'open-at', FOLLOW, path, 0, READ)
    world.fails('notPermitted', root, 'symlink-at', '/etc/passwd', 'l')
    world.good(root, 'symlink-at', 'l', 'l')
    world.fails('loop', root, 'open-at', FOLLOW, 'l', 0, READ)
    world.fails('invalid', root, 'open-at', FOLLOW, 'a\0b', 0, READ)
    world.fails('nameTooLong', root, 'open-at', FOLLOW, 'a/'.repeat(5_000), 0, READ)
    world.fails('insufficientSpace', world.open('big', CREATE, WRITE), 'set-size', 2n ** 40n)
    world.fails('invalid', root, 'link-at', FOLLOW, 'f', root, 'g')
  })

  it('gives the room of a file back when nothing has it open and no name is left', () => {
    const world = new World()
    for (let round = 0; round < 4; round++) {
      const file = world.open('big', CREATE, WRITE)
      world.good(file, 'set-size', 30n * 1024n * 1024n)
      const stream = world.good(file, 'write-via-stream', 0n)
      world.good(world.root(), 'unlink-file-at', 'big')
      file.drop()
      assert(stream instanceof HostResource)
      stream.drop()
    }
  })

  it('says of a failed stream why', () => {
    const world = new World()
    const stream = world.good(world.open('big', CREATE, WRITE), 'write-via-stream', 2n ** 40n)
    assert(stream !== undefined)
    const result = world.call(ioStreams, '[method]output-stream.write', stream, bytes('x'))
    assert(result instanceof VariantValue && result.payload instanceof VariantValue && result.payload.payload !== undefined)
    assert.equal(result.payload.index, 0)
    assert.deepEqual(world.call(filesystemTypes, 'filesystem-error-code', result.payload.payload), new VariantValue(1, new VariantValue(ERROR_CODES.insufficientSpace)))
  })
})
