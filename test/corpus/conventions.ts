/** Modules that look like the output of wasm-bindgen, AssemblyScript, Extism and Go, and lie, or reach for the host's own objects. */
import { type Attack, DEADLINE_MS } from './attack.ts'
import { GLOBAL, goModule, texts } from '../support/go-module.ts'

const BINDGEN = '(memory (export "memory") 1) (func (export "__wbindgen_free") (param i32 i32 i32)) (func (export "__wbindgen_add_to_stack_pointer") (param i32) (result i32) (i32.const 64))'
const malloc = (answer: string): string => `(func (export "__wbindgen_malloc") (param i32 i32) (result i32) ${answer})`

/** A wasm-bindgen module that calls one import of `wbg` and returns what it gave; text lies at 16. */
const reaches = (name: string, params: string, args: string, text = 'return process'): string => `(module (import "wbg" "${name}" (func $f (param ${params}) (result i32))) ${BINDGEN} ${malloc('(i32.const 8)')}
  (data (i32.const 16) "${text}") (func (export "main") (result i32) (call $f ${args})))`

/** A wasm-bindgen function that returns a string through a return pointer: this pointer and this length. */
const returns = (pointer: string, length: string): string => `(module ${BINDGEN} ${malloc('(i32.const 8)')} (data (i32.const 16) "\\ff\\fe")
  (func (export "main") (param i32) (i32.store (local.get 0) (i32.const ${pointer})) (i32.store offset=4 (local.get 0) (i32.const ${length}))))`

const bindgen: Attack[] = [
  { name: 'wasm-bindgen: Function made from text', module: reaches('__wbg_newnoargs_581967eacc0e2604', 'i32 i32', '(i32.const 16) (i32.const 14)'), gives: { result: 'integer' }, ends: 'ERR_MISSING_IMPORT' },
  { name: 'wasm-bindgen: eval', module: reaches('__wbg_eval_581967eacc0e2604', 'i32 i32', '(i32.const 16) (i32.const 14)'), gives: { result: 'integer' }, ends: 'ERR_MISSING_IMPORT' },
  ...['require', 'process', 'msCrypto'].map((name): Attack => ({ name: `wasm-bindgen: ${name}, which is there but nothing`, gives: { result: 'integer' }, ends: { result: 1 },
    module: `(module (import "wbg" "__wbg_${name}_edfaedd93e302925" (func $f (param i32) (result i32))) (import "wbg" "__wbindgen_is_undefined" (func $nothing (param i32) (result i32))) (import "wbg" "__wbindgen_is_function" (func $function (param i32) (result i32)))
      ${BINDGEN} ${malloc('(i32.const 8)')} (func (export "main") (result i32) (local i32) (local.set 0 (call $f (i32.const 128))) (i32.or (call $nothing (local.get 0)) (i32.eqz (call $function (local.get 0))))))` })),
  { name: 'wasm-bindgen: a constructor by reflection', module: reaches('__wbg_construct_0123456789abcdef', 'i32 i32', '(i32.const 0) (i32.const 0)'), gives: { result: 'integer' }, ends: 'ERR_MISSING_IMPORT' },
  { name: 'wasm-bindgen: a result beyond the memory', module: returns('0x7fffffff', '10'), gives: { result: 'string' }, ends: 'ERR_POINTER' },
  { name: 'wasm-bindgen: a result of 4 GB', module: returns('16', '-1'), gives: { result: 'string' }, ends: 'ERR_POINTER' },
  { name: 'wasm-bindgen: a result that is not UTF-8', module: returns('16', '2'), gives: { result: 'string' }, ends: 'ERR_RESULT_TYPE' },
  { name: 'wasm-bindgen: an allocator that returns -1', ends: 'ERR_POINTER', takes: { text: 'string' }, gives: { result: 'integer' }, values: ['hello'],
    module: `(module ${BINDGEN} ${malloc('(i32.const -1)')} (func (export "main") (param i32 i32) (result i32) (i32.const 0)))` },
  { name: 'wasm-bindgen: an allocator that does not return', ends: 'ERR_TIME_LIMIT', takes: { text: 'string' }, gives: { result: 'integer' }, values: ['hello'], timeLimitMs: DEADLINE_MS,
    module: `(module ${BINDGEN} ${malloc('(loop (br 0)) (i32.const 0)')} (func (export "main") (param i32 i32) (result i32) (i32.const 0)))` },
  { name: 'wasm-bindgen: a heap index out of range', module: reaches('__wbg_getTime_ad1e9878a735af08', 'i32', '(i32.const 0x7fffffff)'), gives: { result: 'integer' }, ends: 'ERR_POINTER' },
]

const RUNTIME = '(memory (export "memory") 1) (func (export "__pin") (param i32) (result i32) (local.get 0)) (func (export "__unpin") (param i32)) (func (export "__collect"))'
const script = (made: string, main: string): string => `(module ${RUNTIME} (func (export "__new") (param i32 i32) (result i32) ${made}) ${main})`

const assemblyscript: Attack[] = [
  { name: 'AssemblyScript: an object beyond the memory', ends: 'ERR_POINTER', takes: { text: 'string' }, gives: { result: 'integer' }, values: ['hello'],
    module: script('(i32.const 0x7ffffff0)', '(func (export "main") (param i32) (result i32) (i32.const 0))') },
  { name: 'AssemblyScript: a string of 4 GB', ends: 'ERR_POINTER', gives: { result: 'string' },
    module: script('(i32.const 64)', '(func (export "main") (result i32) (i32.store (i32.const 60) (i32.const -2)) (i32.const 64))') },
  { name: 'AssemblyScript: a string at the start of the memory', ends: 'ERR_POINTER', gives: { result: 'string' },
    module: script('(i32.const 64)', '(func (export "main") (result i32) (i32.const 2))') },
  { name: 'AssemblyScript: an allocator that does not return', ends: 'ERR_TIME_LIMIT', takes: { text: 'string' }, gives: { result: 'integer' }, values: ['hello'], timeLimitMs: DEADLINE_MS,
    module: script('(loop (br 0)) (i32.const 0)', '(func (export "main") (param i32) (result i32) (i32.const 0))') },
]

const kernel = (...names: Array<[string, string]>): string => names.map(([name, type]) => `(import "extism:host/env" "${name}" (func $${name} ${type}))`).join(' ')

const extism: Attack[] = [
  { name: 'Extism: an output that was never allocated', ends: 'ERR_POINTER', gives: { result: 'string' },
    module: `(module ${kernel(['output_set', '(param i64 i64)'])} (memory (export "memory") 1) (func (export "main") (result i32) (call $output_set (i64.const 4096) (i64.const 100)) (i32.const 0)))` },
  { name: 'Extism: memory until there is none', ends: 'ERR_MEMORY_LIMIT', gives: { result: 'string' },
    module: `(module ${kernel(['alloc', '(param i64) (result i64)'])} (memory (export "memory") 1) (func (export "main") (result i32) (loop (drop (call $alloc (i64.const 1000000))) (br 0)) (i32.const 0)))` },
  { name: 'Extism: an allocation of 2^63 bytes', ends: 'ERR_MEMORY_LIMIT', gives: { result: 'string' },
    module: `(module ${kernel(['alloc', '(param i64) (result i64)'])} (memory (export "memory") 1) (func (export "main") (result i32) (drop (call $alloc (i64.const 0x7fffffffffffffff))) (i32.const 0)))` },
  { name: 'Extism: a request to the network', ends: 'ERR_NETWORK_REFUSED', gives: { result: 'string' },
    module: `(module ${kernel(['http_request', '(param i64 i64) (result i64)'], ['alloc', '(param i64) (result i64)'], ['store_u8', '(param i64 i32)'])} (memory (export "memory") 1) (func (export "main") (result i32) (local i64) (local.set 0 (call $alloc (i64.const 2))) (call $store_u8 (local.get 0) (i32.const 123)) (call $store_u8 (i64.add (local.get 0) (i64.const 1)) (i32.const 125)) (drop (call $http_request (local.get 0) (i64.const 0))) (i32.const 0)))` },
]

/** Prints `yes` for each name that leads to anything, from the global object down. */
function goReaches (...paths: string[][]): string {
  const { fields, at } = texts(['yes', ...paths.flat()])
  const probes = paths.map((path) => {
    const value = path.reduce((of, name) => `(call $get ${of} ${at(name)})`, GLOBAL)
    // A NaN with payload 0 is undefined in syscall/js.
    return `(if (i64.ne ${value} (i64.const 0)) (then (call $print ${at('yes')})))`
  })
  return goModule({ fields, run: `${probes.join(' ')} (call $exit (i32.const 0))` })
}

const go: Attack[] = [
  { name: 'Go: Function, eval and what else makes code', gives: { result: 'string' }, ends: { result: '' },
    module: goReaches(['Function'], ['eval'], ['require'], ['import'], ['WebAssembly'], ['Reflect'], ['Proxy'], ['setTimeout', 'constructor']) },
  { name: 'Go: the process and its modules', gives: { result: 'string' }, ends: { result: '' }, module: goReaches(['process', 'mainModule'], ['process', 'binding'], ['process', 'env'], ['process', 'exit', 'constructor'], ['Deno'], ['module']) },
  { name: 'Go: prototype chains', gives: { result: 'string' }, ends: { result: '' },
    module: goReaches(['__proto__'], ['constructor'], ['Object', 'prototype'], ['Array', 'prototype', 'constructor'], ['Object', '__proto__', '__proto__'], ['Uint8Array', 'constructor']) },
]

export const conventions: Attack[] = [...bindgen, ...assemblyscript, ...extism, ...go]
