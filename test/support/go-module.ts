/** Modules in text format with the shape of what Go's compiler writes, for what no Go program would do. */

const TYPE = '(func (param i32))'
/** References of syscall/js to the values that every program begins with. */
export const GLOBAL = '(i64.const 0x7ff8000100000005)'
export const GO = '(i64.const 0x7ff8000100000006)'
export const NULL = '(i64.const 0x7ff8000000000002)'
/** The frame that the functions below use. */
const FRAME = 4096
const RESULT_AT = 2048

interface GoModule {
  /** Imports beyond those of the helpers, by name. */
  imports?: string[]
  /** What `run` does. */
  run?: string
  /** What `resume` does. */
  resume?: string
  /** Further fields of the module. */
  fields?: string
}

const HELPED = ['runtime.wasmExit', 'runtime.wasmWrite', 'syscall/js.valueGet', 'syscall/js.valueSet', 'syscall/js.valueCall', 'syscall/js.valueNew', 'syscall/js.valueIndex', 'syscall/js.valueInvoke']

/** The import's function by its short name: `$valueGet`. */
const short = (name: string): string => `$${name.replace(/^.*[./]/, '')}`

/**
 * Functions for `run` and `resume`, on references: `$get (value, name)`, `$set (value, name, field)`, `$index (value, i64)`,
 * `$call (value, name, argument)` and then `$ok`, `$invoke (function, first, second)`, `$new (class, argument)`; and
 * `$print (text)` and `$exit (code)`. Names and texts come from `texts`.
 */
export function goModule ({ imports = [], run = '', resume = '', fields = '' }: GoModule): string {
  const names = [...new Set([...HELPED, ...imports])]
  return `(module
    ${names.map((name) => `(import "gojs" "${name}" ${TYPE.replace('(func', `(func ${short(name)}`)})`).join('\n')}
    (memory (export "mem") 2)
    ${fields}
    (func $exit (param $code i32) (i32.store (i32.const ${FRAME + 8}) (local.get $code)) (call $wasmExit (i32.const ${FRAME})))
    (func $print (param $at i32) (param $length i32)
      (i64.store (i32.const ${FRAME + 8}) (i64.const 1)) (i64.store (i32.const ${FRAME + 16}) (i64.extend_i32_u (local.get $at)))
      (i32.store (i32.const ${FRAME + 24}) (local.get $length)) (call $wasmWrite (i32.const ${FRAME})))
    (func $get (param $of i64) (param $at i32) (param $length i32) (result i64)
      (i64.store (i32.const ${FRAME + 8}) (local.get $of)) (call $name (local.get $at) (local.get $length))
      (call $valueGet (i32.const ${FRAME})) (i64.load (i32.const ${FRAME + 32})))
    (func $set (param $of i64) (param $at i32) (param $length i32) (param $value i64)
      (i64.store (i32.const ${FRAME + 8}) (local.get $of)) (call $name (local.get $at) (local.get $length))
      (i64.store (i32.const ${FRAME + 32}) (local.get $value)) (call $valueSet (i32.const ${FRAME})))
    (func $call (param $of i64) (param $at i32) (param $length i32) (param $argument i64) (result i64)
      (i64.store (i32.const ${FRAME + 8}) (local.get $of)) (call $name (local.get $at) (local.get $length))
      (i64.store (i32.const ${RESULT_AT}) (local.get $argument))
      (i64.store (i32.const ${FRAME + 32}) (i64.const ${RESULT_AT})) (i64.store (i32.const ${FRAME + 40}) (i64.const 1))
      (call $valueCall (i32.const ${FRAME})) (i64.load (i32.const ${FRAME + 56})))
    (func $index (param $of i64) (param $at i64) (result i64)
      (i64.store (i32.const ${FRAME + 8}) (local.get $of)) (i64.store (i32.const ${FRAME + 16}) (local.get $at))
      (call $valueIndex (i32.const ${FRAME})) (i64.load (i32.const ${FRAME + 24})))
    (func $invoke (param $function i64) (param $first i64) (param $second i64)
      (i64.store (i32.const ${FRAME + 8}) (local.get $function))
      (i64.store (i32.const ${RESULT_AT}) (local.get $first)) (i64.store (i32.const ${RESULT_AT + 8}) (local.get $second))
      (i64.store (i32.const ${FRAME + 16}) (i64.const ${RESULT_AT})) (i64.store (i32.const ${FRAME + 24}) (i64.const 2))
      (call $valueInvoke (i32.const ${FRAME})))
    (func $ok (result i32) (i32.load8_u (i32.const ${FRAME + 64})))
    (func $new (param $class i64) (param $argument i64) (result i64)
      (i64.store (i32.const ${FRAME + 8}) (local.get $class)) (i64.store (i32.const ${RESULT_AT}) (local.get $argument))
      (i64.store (i32.const ${FRAME + 16}) (i64.const ${RESULT_AT})) (i64.store (i32.const ${FRAME + 24}) (i64.const 1))
      (call $valueNew (i32.const ${FRAME})) (i64.load (i32.const ${FRAME + 40})))
    (func $name (param $at i32) (param $length i32)
      (i64.store (i32.const ${FRAME + 16}) (i64.extend_i32_u (local.get $at))) (i64.store (i32.const ${FRAME + 24}) (i64.extend_i32_u (local.get $length))))
    (func (export "run") (param i32 i32) ${run})
    (func (export "resume") ${resume})
    (func (export "getsp") (result i32) (i32.const ${FRAME})))`
}

/** Texts in the module's memory: their data segments, and each as `(i32.const at) (i32.const length)`. */
export function texts (list: readonly string[]): { fields: string, at: (text: string) => string } {
  const encoder = new TextEncoder()
  let next = 16
  const places = new Map<string, string>()
  const fields: string[] = []
  for (const text of new Set(list)) {
    const { length } = encoder.encode(text)
    places.set(text, `(i32.const ${next}) (i32.const ${length})`)
    fields.push(`(data (i32.const ${next}) ${JSON.stringify(text)})`)
    next += length + 1
  }
  return { fields: fields.join('\n'), at: (text) => places.get(text) ?? '' }
}

/** A program that registers `name`; a call of it does `body`, with the locals `$event` and `$arguments`, and then waits again. */
export function serving (name: string, body: (at: (text: string) => string) => string, words: readonly string[] = [], imports: string[] = []): string {
  const { fields, at } = texts([name, '_makeFuncWrapper', '_pendingEvent', 'args', 'result', ...words])
  return goModule({
    fields,
    imports,
    run: `(call $set ${GLOBAL} ${at(name)} (call $call ${GO} ${at('_makeFuncWrapper')} (i64.reinterpret_f64 (f64.const 1))))`,
    resume: `(local $event i64) (local $arguments i64)
      (local.set $event (call $get ${GO} ${at('_pendingEvent')}))
      (local.set $arguments (call $get (local.get $event) ${at('args')}))
      ${body(at)}`,
  })
}

/** A program that follows a path of fields from the global object and prints `true` when the last one is undefined. */
export function probe (path: readonly string[]): string {
  const { fields, at } = texts([...path, 'true', 'false'])
  const value = path.reduce((of, name) => `(call $get ${of} ${at(name)})`, GLOBAL)
  return goModule({
    fields,
    run: `(if (i64.eqz ${value}) (then (call $print ${at('true')})) (else (call $print ${at('false')}))) (call $exit (i32.const 0))`,
  })
}
