/** Run as a process of its own, under flags of the engine: prints the fuel that some modules use, and how they end. */
import { readFileSync } from 'node:fs'
import { bindProgram, runCall } from '../../src/executor/call.ts'
import { compileModule } from '../../src/executor/compile.ts'
import { wat } from './wat.ts'

const shipped = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(`../../task_definitions/wasm/${name}.wasm`, import.meta.url)))

/** Long enough that the engine's last tier takes over in the middle, where it may. */
const KERNEL = `(module (memory 2) (table funcref (elem $even $odd)) (type $t (func (param i32) (result i32)))
  (func $even (param i32) (result i32) (if (result i32) (local.get 0) (then (return_call $odd (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 1))))
  (func $odd (param i32) (result i32) (if (result i32) (local.get 0) (then (call $even (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 0))))
  (func (export "f") (param $n i32) (result i32) (local $i i32) (local $sum i32)
    (loop $l
      (local.set $sum (i32.add (local.get $sum) (call_indirect (type $t) (i32.and (local.get $i) (i32.const 15)) (i32.and (local.get $i) (i32.const 1)))))
      (memory.copy (i32.const 8) (i32.const 100) (i32.and (local.get $i) (i32.const 1023)))
      (br_if $l (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (drop (i32.div_u (i32.const 1) (i32.sub (local.get $n) (i32.const 13))))
    (local.get $sum)))`

const text = { takes: [{ name: 'text', type: 'string' as const }], gives: [{ name: 'result', type: 'string' as const }] }
const number = { takes: [{ name: 'n', type: 'integer' as const }], gives: [{ name: 'result', type: 'integer' as const }] }
const kernel = await wat(KERNEL)
const CASES = [
  { bytes: kernel, functionName: 'f', types: number, value: 300_000, fuel: 1e12 },
  { bytes: kernel, functionName: 'f', types: number, value: 300_000, fuel: 10_000_000 },
  { bytes: kernel, functionName: 'f', types: number, value: 13, fuel: 1e12 },
  { bytes: shipped('primes'), functionName: 'primes', types: number, value: 200_000, fuel: 1e12 },
  { bytes: shipped('text'), functionName: 'upper', types: text, value: 'straße '.repeat(5), fuel: 1e12 },
]

const found = CASES.map(({ bytes, functionName, types, value, fuel }) => {
  const program = bindProgram(compileModule(bytes, 1000, { fuel: true }), { functionName, inputs: types.takes, outputs: types.gives })
  const { outputs, error, usage } = runCall(program, [value], { fuel })
  return [usage.fuel, error === undefined ? outputs : error.code]
})
console.log(JSON.stringify(found, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value)))
