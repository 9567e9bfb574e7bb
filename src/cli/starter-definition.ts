/** A task definition for a module: a guess from its signatures, for its author to correct. */
import type { ModuleReport, ReportedItem } from '../executor/inspect.ts'
import type { ValueType } from '../task/values.ts'

/** Exports that a toolchain adds and no task calls. */
const PLUMBING = /^(_initialize|_start|__.*|alloc|cb_alloc|allocate|wasm_alloc|_?malloc|_?free|dealloc|deallocate|stack(Save|Restore|Alloc)|_?emscripten_.*|hs_(init|exit))$/

interface Guess {
  functionName?: string
  inputs: Array<{ name: string, type: ValueType }>
  output?: ValueType
  /** What the signature does not tell. */
  note?: string
}

export function starterDefinition (report: ModuleReport, { fileName, cid }: { fileName: string, cid: string }): string {
  const { functionName, inputs, output, note } = guess(report)
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
    ...(note === undefined ? [] : [`# ${note}`]),
    inputs.length === 0 ? 'inputs: []' : 'inputs:',
    ...inputs.flatMap((input) => [`  - name: ${input.name}`, `    type: ${input.type}`]),
    ...(output === undefined ? [] : ['outputs:', '  - name: result', `    type: ${output}`]),
  ]
  return `${lines.join('\n')}\n`
}

function guess (report: ModuleReport): Guess {
  if (isProgram(report)) return { inputs: [{ name: 'input', type: 'json' }], output: 'json' }
  const functions = report.exports.filter((item) => item.kind === 'function')
  const target = functions.find((item) => item.name === report.defaultFunction && !PLUMBING.test(item.name)) ??
    functions.find((item) => !PLUMBING.test(item.name)) ?? functions[0]
  if (target === undefined) return { inputs: [] }
  const functionName = target.name
  if (target.declared !== undefined) {
    const { inputs, output } = target.declared
    return { ...(report.defaultFunction === functionName ? {} : { functionName }), inputs, ...(output === undefined ? {} : { output }) }
  }
  switch (report.convention) {
    case 'extism': return { functionName, inputs: [{ name: 'input', type: 'string' }], output: 'string' }
    case 'buffer': case 'wasm-bindgen': return { functionName, ...guessTexts(target, report.convention) }
    case 'assemblyscript': {
      const numbers = guessNumbers(target)
      const pointers = [...target.params ?? [], ...target.results ?? []].includes('i32')
      return { functionName, ...numbers, ...(pointers ? { note: 'An i32 is a number, or a string, bytes or array: only you know which.' } : {}) }
    }
    default: return { functionName, ...guessNumbers(target) }
  }
}

/** It reads its inputs as one JSON object. Emscripten without --no-entry leaves a `_start` that calls a main function which does not exist. */
function isProgram ({ convention, imports }: ModuleReport): boolean {
  if (convention === 'go-js' || convention === 'c-main') return true
  return convention === 'wasi-command' && !imports.some((item) => item.kind === 'function' && item.name === 'main')
}

function guessNumbers ({ params = [], results = [] }: ReportedItem): Guess {
  const [result] = results
  return { inputs: params.map((type, i) => ({ name: `input_${i + 1}`, type: scalar(type) })), ...(result === undefined ? {} : { output: scalar(result) }) }
}

/**
 * Pointer and length in; out, both packed into an i64, a pair, or where the first parameter points. Numbers look the same, so
 * pairs are texts only where the result may be one.
 */
function guessTexts (target: ReportedItem, convention: 'buffer' | 'wasm-bindgen'): Guess {
  const { params = [], results = [] } = target
  const pointsToResult = results.length === 0 && params.length % 2 === 1 && params.every((type) => type === 'i32')
  const isText = pointsToResult || results.join() === 'i32,i32' || (convention === 'buffer' && results.join() === 'i64')
  if (!isText && convention === 'buffer') {
    const cStrings = [...params, ...results].includes('i32')
    return { ...guessNumbers(target), ...(cStrings ? { note: 'An i32 is a number, or a pointer to text that ends with NUL: only you know which.' } : {}) }
  }
  const inputs: Guess['inputs'] = []
  for (let at = pointsToResult ? 1 : 0; at < params.length; at++) {
    const pair = params[at] === 'i32' && params[at + 1] === 'i32'
    inputs.push({ name: pair ? 'text' : 'input', type: pair ? 'string' : scalar(params[at] ?? 'i32') })
    if (pair) at++
  }
  const several = inputs.length > 1
  const output = isText ? 'string' : guessNumbers(target).output
  return {
    inputs: inputs.map(({ name, type }, i) => ({ name: several ? `input_${i + 1}` : name, type })),
    ...(output === undefined ? {} : { output }),
    ...(inputs.some(({ type }) => type === 'string') ? { note: 'Two i32 in a row are a text, bytes or JSON, or two numbers: only you know which.' } : {}),
  }
}

function scalar (type: string): ValueType {
  return type === 'f32' || type === 'f64' ? 'number' : type === 'externref' ? 'json' : 'integer'
}

/** A JSON string is a YAML string; a plain word needs no quotes. */
function quote (text: string): string {
  return /^[a-z][\w.-]*$/i.test(text) && !/^(true|false|yes|no|on|off|null|y|n)$/i.test(text) ? text : JSON.stringify(text)
}
