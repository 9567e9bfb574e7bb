/** A module that gives back the bytes that it is given. */
import { parseTask } from './parse-task.ts'
import type { TaskDefinition } from '../../src/task/definition.ts'
import { wat } from './wat.ts'

const ECHO = `(module (memory (export "memory") 1) (global $next (mut i32) (i32.const 1024))
  (func (export "alloc") (param $n i32) (result i32) (local $at i32)
    (local.set $at (global.get $next))
    (global.set $next (i32.add (local.get $at) (local.get $n)))
    (if (i32.gt_u (global.get $next) (i32.mul (memory.size) (i32.const 65536)))
      (then (drop (memory.grow (i32.add (i32.const 1) (i32.div_u (local.get $n) (i32.const 65536)))))))
    (local.get $at))
  (func (export "echo") (param i32 i32) (result i64)
    (i64.or (i64.shl (i64.extend_i32_u (local.get 0)) (i64.const 32)) (i64.extend_i32_u (local.get 1)))))`

/** Its definition as text; `type` is that of the input `data` and of the output `result`. */
export async function echoText (type: 'bytes' | 'string' | 'json' = 'bytes', more = ''): Promise<string> {
  const binary = Buffer.from(await wat(ECHO)).toString('base64')
  return `name: echo
compute_logic: { type: wasm, wasm_binary: "${binary}", function_name: echo }
inputs: [{ name: data, type: ${type} }]
outputs: [{ name: result, type: ${type} }]
${more}`
}

export async function echoDefinition (type?: 'bytes' | 'string' | 'json'): Promise<TaskDefinition> {
  return (await parseTask(await echoText(type), { fileName: 'echo.yaml' })).definition
}
