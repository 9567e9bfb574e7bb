/** `fs`, `process` and `path` as Go's own syscall package uses them: three open streams, a process without a machine, files where the task has a root. */
import { MAX_WASI_PATH_BYTES } from '../../../limits.ts'
import { FILE_OPERATIONS, type GoFiles, OPEN_FLAGS, errorCode, statOf } from './files.ts'
import { bytesOf, invoke } from './operations.ts'
import type { Realm } from './realm.ts'
import { type Inert, type Native, Thing, Thrown, makeError, makeObject } from './thing.ts'
import { makeArray } from './lists.ts'

const Fd = { STDIN: 0, STDOUT: 1, STDERR: 2 } as const
/** What an answer that waits costs the host. */
const CALLBACK_BYTES = 300
/** Functions that need what a root in memory does not have: owners, permissions, hard links. */
const NOT_POSSIBLE = ['chmod', 'fchmod', 'chown', 'fchown', 'lchown', 'link', 'utimes']

/** A result for the callback of an `fs` function; throws `Thrown` with a system error's code. */
type Operation = (realm: Realm, args: readonly Inert[]) => Inert

function systemError (code: string): Thrown {
  return new Thrown(makeError(code, 'Error', code))
}

const read: Operation = (realm, [fd, buffer, offset, length, position]) => {
  const target = window(buffer, offset, length)
  if (!isStream(fd)) return requireFiles(realm, 'EBADF').read(fd, target, position)
  if (fd !== Fd.STDIN) throw systemError('EBADF')
  const part = realm.guest.stdin.subarray(realm.stdinPosition, realm.stdinPosition + target.length)
  target.set(part)
  realm.stdinPosition += part.length
  return part.length
}

const write: Operation = (realm, [fd, buffer, offset, length, position]) => {
  const source = window(buffer, offset, length)
  if (!isStream(fd)) return requireFiles(realm, 'EBADF').write(fd, source, position)
  writeTo(realm, fd, source)
  return source.length
}

const stat: Operation = (realm, [fd]) => statOf(isStream(fd) ? undefined : requireFiles(realm, 'EBADF').node(fd))

const close: Operation = (realm, [fd]) => {
  if (!isStream(fd)) requireFiles(realm, 'EBADF').close(fd)
  return undefined
}

const sync: Operation = (realm, [fd]) => {
  if (!isStream(fd)) requireFiles(realm, 'EBADF').node(fd)
  return undefined
}

const OPERATIONS: ReadonlyArray<readonly [string, Operation]> = [
  ['read', read], ['write', write], ['fstat', stat], ['close', close], ['fsync', sync],
  ...FILE_OPERATIONS.map(([name, run]): [string, Operation] => [name, (realm, args) => {
    const result = run(requireFiles(realm, 'ENOENT'), args)
    return Array.isArray(result) ? makeArray(realm, result) : result
  }]),
  ...NOT_POSSIBLE.map((name): [string, Operation] => [name, () => { throw systemError('ENOSYS') }]),
]

function isStream (fd: Inert): boolean {
  return fd === Fd.STDIN || fd === Fd.STDOUT || fd === Fd.STDERR
}

/** Throws `code` for a program that has no root. */
function requireFiles ({ files }: Realm, code: string): GoFiles {
  if (files === undefined) throw systemError(code)
  return files
}

const FS_METHODS = new Map<string, Native>([
  ...OPERATIONS.map(([name, operation]): [string, Native] => [name, withCallback(operation)]),
  ['writeSync', (realm, _self, [fd, buffer]) => write(realm, [fd, buffer])],
])

export function makeFs (): Thing {
  const fs = new Thing('Object', { methods: FS_METHODS })
  fs.fields.set('constants', makeObject(Object.entries(OPEN_FLAGS)))
  return fs
}

/** The answer comes when the program waits, as in Node: `callback(error)` or `callback(null, result)`. */
function withCallback (operation: Operation): Native {
  return (realm, _self, args) => {
    realm.spend(CALLBACK_BYTES)
    const callback = args.at(-1)
    const answer = answerOf(() => operation(realm, args.slice(0, -1)))
    realm.loop.soon(() => { invoke(realm, callback, undefined, answer, 'the callback') })
    return undefined
  }
}

function answerOf (run: () => Inert): Inert[] {
  try {
    return [null, run()]
  } catch (thrown) {
    if (thrown instanceof Thrown) return [thrown.value]
    const code = errorCode(thrown)
    if (code === undefined) throw thrown
    return [makeError(code, 'Error', code)]
  }
}

/** What a program writes to a descriptor; throws `Thrown` EBADF for one that it does not have. */
export function writeTo (realm: Realm, fd: Inert, bytes: Uint8Array): void {
  if (fd === Fd.STDOUT) realm.guest.stdout.write(bytes)
  else if (fd === Fd.STDERR) realm.guest.logs.write(bytes)
  else throw systemError('EBADF')
}

function window (buffer: Inert, offset: Inert, length: Inert): Uint8Array {
  const bytes = bytesOf(buffer)
  if (bytes === undefined) throw systemError('EINVAL')
  const start = typeof offset === 'number' ? offset : 0
  return bytes.subarray(start, start + (typeof length === 'number' ? length : bytes.length))
}

const constant = (value: Inert): Native => () => value

export function makeProcess (): Thing {
  const process = new Thing('Object', { methods: PROCESS_METHODS })
  process.fields.set('pid', 1)
  process.fields.set('ppid', 0)
  process.fields.set('platform', 'linux')
  return process
}

const PROCESS_METHODS = new Map<string, Native>([
  ...['getuid', 'getgid', 'geteuid', 'getegid', 'umask'].map((name): [string, Native] => [name, constant(0)]),
  ['getgroups', (realm) => makeArray(realm, [])],
  ['cwd', constant('/')],
  ['chdir', (_realm, _self, [path]) => {
    if (path !== '/') throw systemError('ENOENT')
    return undefined
  }],
  ['hrtime', (realm) => {
    const now = realm.ambient.monotonicNs()
    return makeArray(realm, [Number(now / 1_000_000_000n), Number(now % 1_000_000_000n)])
  }],
])

export function makePath (): Thing {
  return new Thing('Object', { methods: new Map<string, Native>([['resolve', (_realm, _self, parts) => resolvePath(parts)]]) })
}

function resolvePath (parts: readonly Inert[]): string {
  const names: string[] = []
  for (const part of parts) {
    if (typeof part !== 'string' || part.length > MAX_WASI_PATH_BYTES) throw systemError('EINVAL')
    if (part.startsWith('/')) names.length = 0
    for (const name of part.split('/')) {
      if (name === '..') names.pop()
      else if (name !== '' && name !== '.') names.push(name)
    }
  }
  return `/${names.join('/')}`
}
