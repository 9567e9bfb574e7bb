/** A task definition for a module: a guess from its signatures, for its author to correct. */
import type { ModuleReport, ReportedItem } from '../executor/inspect.ts'
import type { ValueType } from '../task/values.ts'

/** Exports that a toolchain adds and no task calls. */
const PLUMBING = /^(_initialize|_start|__.*|alloc|cb_alloc|allocate|wasm_alloc|_?malloc|_?free|dealloc|deallocate|stack(Save|Restore|Alloc)|_?emscripten_.*)$/

interface Guess {
  functionName?: string
  inputs: Array<{ name: string, type: ValueType }>
  output?: ValueType
}

export function starterDefinition (report: ModuleReport, { fileName, cid }: { fileName: string, cid: string }): string {
  const { functionName, inputs, output } = guess(report)
  const name = fileName.replace(/\.wasm$/i, '').replace(/[^\p{L}\p{N}._-]+/gu, '_') || 'task'
  const lines = [
    `name: ${quote(name)}`,
    'compute_logic:',
    '  type: wasm',
    '  wasm_source:',
    '    type: file',
    `    path: ${quote(fileName)}`,
    `    cid: ${cid}`,
    ...(functionName === undefined ? [] : [`  function_name: ${quote(functionName)}`]),
    '  timeout_seconds: 60',
    inputs.length === 0 ? 'inputs: []' : 'inputs:',
    ...inputs.flatMap((input) => [`  - name: ${input.name}`, `    type: ${input.type}`]),
    ...(output === undefined ? [] : ['outputs:', '  - name: result', `    type: ${output}`]),
  ]
  return `${lines.join('\n')}\n`
}

function guess (report: ModuleReport): Guess {
  // A WASI command reads its inputs as one JSON object and prints its result.
  if (report.convention === 'wasi-command') return { inputs: [{ name: 'input', type: 'json' }], output: 'json' }
  const functions = report.exports.filter((item) => item.kind === 'function')
  const target = functions.find((item) => item.name === report.defaultFunction) ?? functions.find((item) => !PLUMBING.test(item.name)) ?? functions[0]
  if (target === undefined) return { inputs: [] }
  const functionName = target.name
  if (report.convention === 'buffer' && takesBuffer(target)) return { functionName, inputs: [{ name: 'text', type: 'string' }], output: 'string' }
  const inputs = (target.params ?? []).map((type, i) => ({ name: `input_${i + 1}`, type: scalar(type) }))
  const [result] = target.results ?? []
  return { functionName, inputs, ...(result === undefined ? {} : { output: scalar(result) }) }
}

/** Pointer and length in; out, both packed into an i64, or a pair. Two numbers that give an i64 look the same. */
function takesBuffer ({ params = [], results = [] }: ReportedItem): boolean {
  return params.join() === 'i32,i32' && (results.join() === 'i64' || results.join() === 'i32,i32')
}

function scalar (type: string): ValueType {
  return type === 'f32' || type === 'f64' ? 'number' : 'integer'
}

/** A JSON string is a YAML string; a plain word needs no quotes. */
function quote (text: string): string {
  return /^[a-z][\w.-]*$/i.test(text) && !/^(true|false|yes|no|on|off|null|y|n)$/i.test(text) ? text : JSON.stringify(text)
}
