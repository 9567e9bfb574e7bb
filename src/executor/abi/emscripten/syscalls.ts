/**
 * System calls that Emscripten's C library leaves to its host where WASI has no function for them: there are no files
 * and no processes behind these, so each says so in its own way. Numbers are those of WASI, which Emscripten shares.
 */
import type { HostFunction, ImportProvider } from '../adapter.ts'
import type { Guest } from '../guest.ts'
import { takesNumbers } from '../host-table.ts'

const EBADF = 8
const EFAULT = 21
const ENOENT = 44
const ENOSYS = 52
const ENOTTY = 59
const ERANGE = 68
/** Asks for the size of a terminal; what is no terminal has none. */
const TIOCGWINSZ = 0x5413

const SYSCALL = /^_{0,2}_syscall(?:_?(\w+))?$/
/** By name without prefix; every other one is not there (ENOSYS). */
const ANSWERS: ReadonlyMap<string, number> = new Map([
  ...['open', 'openat', 'stat64', 'lstat64', 'newfstatat', 'faccessat', 'access', 'readlink', 'readlinkat', 'unlinkat', 'chdir', 'statfs64'].map((name): [string, number] => [name, -ENOENT]),
  ...['fstat64', 'dup', 'dup3', 'ftruncate64', 'fdatasync', 'getdents64', 'fallocate'].map((name): [string, number] => [name, -EBADF]),
  ...['fcntl64', 'fadvise64', 'getpid', 'getppid', 'getuid32', 'geteuid32', 'getgid32', 'getegid32', 'umask'].map((name): [string, number] => [name, 0]),
])

export const provideSyscalls: ImportProvider = (item) => {
  const name = item.module === 'env' && item.type?.results.join() === 'i32' ? SYSCALL.exec(item.name)?.[1] : undefined
  if (name === undefined) return undefined
  if (name === 'ioctl') return takesNumbers(item) ? () => ioctl : undefined
  if (name === 'getcwd') return takesNumbers(item) ? getcwd : undefined
  const answer = ANSWERS.get(name) ?? -ENOSYS
  return () => () => answer
}

/**
 * Output is a terminal: the C library then writes each line as it ends, where it would wait for an end of the program
 * that does not come.
 */
function ioctl (fd: number, request: number): number {
  return request === TIOCGWINSZ && (fd === 1 || fd === 2) ? 0 : -ENOTTY
}

/** The root is the only folder there is. */
function getcwd (guest: Guest): HostFunction {
  return (pointer: number, size: number) => {
    if (size >>> 0 < 2) return -ERANGE
    if ((pointer >>> 0) + 2 > guest.memoryBytes) return -EFAULT
    guest.bytes().set([0x2f, 0], pointer >>> 0)
    return 2
  }
}
