/** A task that takes as long as its input says. */
import type { TaskDefinition } from '../../src/task/definition.ts'
import { parseTask } from './parse-task.ts'
import { wat } from './wat.ts'

/** Counts down from its input: about a nanosecond each. */
export const SPIN = `(module (func (export "spin") (param i64) (result i64)
  (loop $l (local.set 0 (i64.sub (local.get 0) (i64.const 1))) (br_if $l (i64.gt_s (local.get 0) (i64.const 0))))
  (i64.const 7)))`

/** SPIN as a definition with the input `n`. */
export async function spinDefinition (): Promise<TaskDefinition> {
  const binary = Buffer.from(await wat(SPIN)).toString('base64')
  const text = `name: spin\ncompute_logic: { type: wasm, wasm_binary: "${binary}", function_name: spin }\ninputs: [{ name: n, type: integer }]\n`
  return (await parseTask(text, { fileName: 'spin.yaml' })).definition
}
