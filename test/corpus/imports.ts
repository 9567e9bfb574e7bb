/** Modules that ask for what no module gets, or use names that a careless host looks up on a prototype. */
import { type Attack } from './attack.ts'

const PROTOTYPE_NAMES = ['__proto__', 'constructor', 'hasOwnProperty', 'toString', 'valueOf', '__defineGetter__', '__lookupSetter__']

const calls = (module: string, name: string): string => `(module (import "${module}" "${name}" (func $f)) (func (export "main") (call $f)))`

export const imports: Attack[] = [
  ...PROTOTYPE_NAMES.map((name): Attack => ({ name: `env.${name}`, module: calls('env', name), ends: 'ERR_MISSING_IMPORT' })),
  ...PROTOTYPE_NAMES.map((name): Attack => ({ name: `wasi_snapshot_preview1.${name}`, module: calls('wasi_snapshot_preview1', name), ends: 'ERR_MISSING_IMPORT' })),
  { name: 'a module called __proto__', module: calls('__proto__', 'polluted'), ends: 'ERR_MISSING_IMPORT' },
  { name: 'a module called constructor', module: calls('constructor', 'prototype'), ends: 'ERR_MISSING_IMPORT' },
  ...['process', 'globalThis', 'require', 'eval', 'Function', 'fetch', 'Buffer', 'console'].map((name): Attack => ({ name: `env.${name}`, module: calls('env', name), ends: 'ERR_MISSING_IMPORT' })),
  { name: 'a global object as a reference', module: '(module (import "env" "globalThis" (global externref)) (func (export "main")))', ends: 'ERR_MISSING_IMPORT' },
  { name: 'a function as a reference', module: '(module (import "env" "eval" (global funcref)) (func (export "main")))', ends: 'ERR_MISSING_IMPORT' },
  { name: 'a tag of the host', module: '(module (import "env" "error" (tag (param i32))) (func (export "main")))', ends: 'ERR_MISSING_IMPORT' },
  { name: 'an export that shadows a host name', ends: { result: 5 }, gives: { result: 'integer' }, functionName: 'hasOwnProperty',
    module: '(module (func (export "hasOwnProperty") (result i32) (i32.const 5)) (func (export "constructor") unreachable) (func (export "__proto__") unreachable))' },
  { name: 'an exported function called then', module: '(module (func (export "then") unreachable) (func (export "main")))', ends: {} },
]
