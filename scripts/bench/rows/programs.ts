/** A string call by wasm-bindgen and a small WASI command, warm: in the sandbox, and in this process as plain Node would run them. */
import { closeSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WASI } from 'node:wasi'
import type { TaskDefinition } from 'corebrum'
import { parseModule } from '../../../src/executor/binary/parse.ts'
import { createExecutor } from '../../../src/executor/pool.ts'
import { cidOf } from '../../../src/modules/cid.ts'
import { toProgram } from '../../../src/task/to-program.ts'
import type { Value } from '../../../src/task/values.ts'
import type { Figure, Row, RowContext } from '../row.ts'
import { median, percentile, timed } from '../statistics.ts'
import { readTask, TASKS } from '../tasks.ts'

const WARM_UP = 500
const BINDGEN_LIMIT_MS = 0.3
const COMMAND_LIMIT_MS = 1.5
const TEXT = 'one two\nthree\n'

interface Compared {
  definition: TaskDefinition
  bytes: Buffer
  value: Value
  /** What the call returns, in both ways of running it. */
  expected: string
  plain: () => string
  shown: (outputs: Record<string, Value>) => string
}

async function compare (context: RowContext, { definition, bytes, value, expected, plain, shown }: Compared): Promise<{ calls: number[], plainCalls: number[] }> {
  const program = toProgram(definition, { cid: cidOf(bytes), size: bytes.length, urls: [] })
  const executor = createExecutor({ loadModule: () => Promise.resolve(bytes) }, { slots: 1 })
  await executor.start()
  context.after(() => executor.stop())
  const calls: number[] = []
  const plainCalls: number[] = []
  for (let i = 0; i < WARM_UP + context.samples(3_000); i++) {
    let found = ''
    const plainMs = await timed(() => { found = plain() })
    if (found !== expected) throw new Error(`plain Node gave ${found}`)
    const callMs = await timed(async () => { found = shown((await executor.run({ program, values: [value], taskId: 'bench', workerId: 'bench' })).outputs) })
    if (found !== expected) throw new Error(`the sandbox gave ${found}`)
    if (i < WARM_UP) continue
    plainCalls.push(plainMs)
    calls.push(callMs)
  }
  return { calls, plainCalls }
}

function figure (what: string, baseline: string, limitMs: number, { calls, plainCalls }: { calls: number[], plainCalls: number[] }): Figure {
  const measured = median(calls)
  return {
    what,
    measured,
    unit: 'ms',
    baseline: { what: baseline, value: median(plainCalls) },
    target: `<= ${limitMs} ms`,
    met: measured <= limitMs,
    details: { samples: calls.length, 'p90 ms': percentile(calls, 90), 'p99 ms': percentile(calls, 99) },
  }
}

/** What the generated JavaScript does for `greet(name: &str) -> String`, by hand, as the module comes straight from cargo. */
function greeter (bytes: Buffer<ArrayBuffer>): () => string {
  const module = new WebAssembly.Module(bytes)
  const imports: Record<string, Record<string, () => never>> = {}
  for (const { module: from, name } of parseModule(bytes).imports) (imports[from] ??= {})[name] = () => { throw new Error(`${name} was called`) }
  const name = new TextEncoder().encode('Ada')
  return () => {
    const { memory, greet, __wbindgen_malloc: malloc } = new WebAssembly.Instance(module, imports).exports
    if (!(memory instanceof WebAssembly.Memory) || typeof greet !== 'function' || typeof malloc !== 'function') throw new Error('the module has other exports')
    const [at, area] = [Number(malloc(name.length)), Number(malloc(8))]
    new Uint8Array(memory.buffer).set(name, at)
    greet(area, at, name.length)
    const words = new Uint32Array(memory.buffer, area, 2)
    return new TextDecoder().decode(new Uint8Array(memory.buffer, words[0], words[1]))
  }
}

/** The program on Node's own WASI host, its streams in files. */
function counter (context: RowContext, bytes: Buffer<ArrayBuffer>): () => string {
  const dir = mkdtempSync(join(tmpdir(), 'corebrum-bench-'))
  context.after(() => rmSync(dir, { recursive: true }))
  const [input, output] = [join(dir, 'in'), join(dir, 'out')]
  writeFileSync(input, TEXT)
  const stdout = openSync(output, 'w+')
  context.after(() => closeSync(stdout))
  const module = new WebAssembly.Module(bytes)
  return () => {
    const stdin = openSync(input, 'r')
    ftruncateSync(stdout)
    const wasi = new WASI({ version: 'preview1', stdin, stdout, returnOnExit: true })
    wasi.start(new WebAssembly.Instance(module, { wasi_snapshot_preview1: wasi.wasiImport }))
    closeSync(stdin)
    return readFileSync(output, 'utf8').replaceAll(/[\0\n ]/g, '')
  }
}

async function runBindgen (context: RowContext): Promise<Figure[]> {
  const bytes = await readFile(`${TASKS}factorial_wasm_bindgen.wasm`)
  const definition: TaskDefinition = {
    ...await readTask('factorial_wasm_bindgen.yaml'),
    functionName: 'greet',
    inputs: [{ name: 'name', type: 'string', required: true }],
    outputs: [{ name: 'result', type: 'string' }],
  }
  const compared = await compare(context, { definition, bytes, value: 'Ada', expected: 'Hello, Ada!', plain: greeter(bytes), shown: ({ result }) => String(result) })
  return [figure('wasm-bindgen: a string call, warm, p50', 'the call in this process', BINDGEN_LIMIT_MS, compared)]
}

async function runCommand (context: RowContext): Promise<Figure[]> {
  const bytes = await readFile(`${TASKS}wc.wasm`)
  const expected = '{"lines":2,"words":3,"bytes":14}'
  const compared = await compare(context, { definition: await readTask('wc.yaml'), bytes, value: TEXT, expected, plain: counter(context, bytes), shown: (outputs) => JSON.stringify(outputs) })
  return [figure(`WASI command of ${Math.round(bytes.length / 1024)} KB, warm, p50`, 'with node:wasi in this process', COMMAND_LIMIT_MS, compared)]
}

export const bindgen: Row = { name: 'wasm-bindgen', run: runBindgen }
export const wasiCommand: Row = { name: 'wasi-command', run: runCommand }
