/** WASI programs as text, for tests of what a program finds when it starts. */

const IMPORTS: Record<string, string> = {
  args_get: '(param i32 i32)',
  args_sizes_get: '(param i32 i32)',
  environ_get: '(param i32 i32)',
  environ_sizes_get: '(param i32 i32)',
  clock_time_get: '(param i32 i64 i32)',
  random_get: '(param i32 i32)',
  poll_oneoff: '(param i32 i32 i32 i32)',
  fd_prestat_get: '(param i32 i32)',
  fd_read: '(param i32 i32 i32 i32)',
  fd_write: '(param i32 i32 i32 i32)',
  path_open: '(param i32 i32 i32 i32 i32 i64 i64 i32 i32)',
}

/** A module with the WASI functions that `body` names; `$emit at length` writes to standard output, `$log` to standard error. */
export function wasiProgram (body: string, parts = ''): string {
  const used = Object.keys(IMPORTS).filter((name) => name === 'fd_write' || `${body}${parts}`.includes(`$${name}`))
  const imports = used.map((name) => `(import "wasi_snapshot_preview1" "${name}" (func $${name} ${IMPORTS[name] ?? ''} (result i32)))`)
  return `(module ${imports.join('\n')}
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 4)
    (func $put (param $fd i32) (param $at i32) (param $length i32)
      (i32.store (i32.const 0) (local.get $at)) (i32.store (i32.const 4) (local.get $length))
      (call $must (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8))))
    (func $emit (param i32 i32) (call $put (i32.const 1) (local.get 0) (local.get 1)))
    (func $log (param i32 i32) (call $put (i32.const 2) (local.get 0) (local.get 1)))
    (func $must (param i32) (if (local.get 0) (then (call $exit (i32.add (i32.const 1000) (local.get 0))))))
    ${parts}
    (func (export "_start") ${body}))`
}

/** Emits its arguments and then its environment, each text with its NUL. */
export const ARGS_AND_ENV = wasiProgram(`
  (call $must (call $args_sizes_get (i32.const 16) (i32.const 20)))
  (call $must (call $args_get (i32.const 1024) (i32.const 4096)))
  (call $emit (i32.const 4096) (i32.load (i32.const 20)))
  (call $must (call $environ_sizes_get (i32.const 16) (i32.const 20)))
  (call $must (call $environ_get (i32.const 1024) (i32.const 4096)))
  (call $emit (i32.const 4096) (i32.load (i32.const 20)))`)

/** Emits what it reads from standard input, up to 100,000 bytes. */
export const CAT = wasiProgram(`
  (i32.store (i32.const 16) (i32.const 4096)) (i32.store (i32.const 20) (i32.const 100000))
  (call $must (call $fd_read (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 24)))
  (call $emit (i32.const 4096) (i32.load (i32.const 24)))`)

const OPEN = `(func $open (param $path i32) (param $length i32) (param $flags i32) (result i32)
  (call $must (call $path_open (i32.const 3) (i32.const 1) (local.get $path) (local.get $length) (local.get $flags) (i64.const 0x1fffffff) (i64.const 0) (i32.const 0) (i32.const 28)))
  (i32.load (i32.const 28)))`

/** Copies the file `from` to the file `to`, which must be no more than 100,000 bytes, and emits "copied". */
export function copies (from: string, to: string): string {
  return wasiProgram(`(local $in i32) (local $out i32)
    (local.set $in (call $open (i32.const 512) (i32.const ${from.length}) (i32.const 0)))
    (i32.store (i32.const 16) (i32.const 4096)) (i32.store (i32.const 20) (i32.const 100000))
    (call $must (call $fd_read (local.get $in) (i32.const 16) (i32.const 1) (i32.const 24)))
    (local.set $out (call $open (i32.const 768) (i32.const ${to.length}) (i32.const 1)))
    (call $put (local.get $out) (i32.const 4096) (i32.load (i32.const 24)))
    (call $emit (i32.const 900) (i32.const 6))`,
  `${OPEN} (data (i32.const 512) "${from}") (data (i32.const 768) "${to}") (data (i32.const 900) "copied")`)
}

/** Emits the error number that fd_prestat_get gives for descriptor 3, as one byte. */
export const PREOPENED = wasiProgram('(i32.store (i32.const 64) (call $fd_prestat_get (i32.const 3) (i32.const 16))) (call $emit (i32.const 64) (i32.const 1))')

/** Emits and logs both clocks, before and after a sleep of an hour, and 100,000 random bytes. */
export const SENSES = wasiProgram(`
  (call $must (call $clock_time_get (i32.const 0) (i64.const 0) (i32.const 1024)))
  (call $must (call $clock_time_get (i32.const 1) (i64.const 0) (i32.const 1032)))
  (i32.store (i32.const 528) (i32.const 1)) (i64.store (i32.const 536) (i64.const 3600000000000))
  (call $must (call $poll_oneoff (i32.const 512) (i32.const 640) (i32.const 1) (i32.const 24)))
  (call $must (call $clock_time_get (i32.const 0) (i64.const 0) (i32.const 1040)))
  (call $must (call $clock_time_get (i32.const 1) (i64.const 0) (i32.const 1048)))
  (call $must (call $random_get (i32.const 1056) (i32.const 100000)))
  (call $emit (i32.const 1024) (i32.const 100032))
  (call $log (i32.const 1024) (i32.const 64))`)
