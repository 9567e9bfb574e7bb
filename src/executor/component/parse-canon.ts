/** The canonical functions of a component: what converts between its own values and those of core modules. */
import type { ComponentReader } from './reader.ts'
import { readResults } from './parse-types.ts'
import type { CanonOptions, Definition } from './syntax.ts'

type Operand = 'index' | 'options' | 'flag' | 'results' | 'core type'

/** Built-in functions of WASI 0.3 (asynchronous calls, threads), with what follows their code. */
const ASYNC_BUILT_INS = new Map<number, [name: string, ...operands: Operand[]]>([
  [0x05, ['task.cancel']],
  [0x06, ['subtask.cancel', 'flag']],
  [0x08, ['backpressure.set']],
  [0x09, ['task.return', 'results', 'options']],
  [0x0a, ['context.get', 'core type', 'index']],
  [0x0b, ['context.set', 'core type', 'index']],
  [0x0c, ['thread.yield', 'flag']],
  [0x0d, ['subtask.drop']],
  [0x0e, ['stream.new', 'index']],
  [0x0f, ['stream.read', 'index', 'options']],
  [0x10, ['stream.write', 'index', 'options']],
  [0x11, ['stream.cancel-read', 'index', 'flag']],
  [0x12, ['stream.cancel-write', 'index', 'flag']],
  [0x13, ['stream.drop-readable', 'index']],
  [0x14, ['stream.drop-writable', 'index']],
  [0x15, ['future.new', 'index']],
  [0x16, ['future.read', 'index', 'options']],
  [0x17, ['future.write', 'index', 'options']],
  [0x18, ['future.cancel-read', 'index', 'flag']],
  [0x19, ['future.cancel-write', 'index', 'flag']],
  [0x1a, ['future.drop-readable', 'index']],
  [0x1b, ['future.drop-writable', 'index']],
  [0x1c, ['error-context.new', 'options']],
  [0x1d, ['error-context.debug-message', 'options']],
  [0x1e, ['error-context.drop']],
  [0x1f, ['waitable-set.new']],
  [0x20, ['waitable-set.wait', 'flag', 'index']],
  [0x21, ['waitable-set.poll', 'flag', 'index']],
  [0x22, ['waitable-set.drop']],
  [0x23, ['waitable.join']],
  [0x24, ['backpressure.inc']],
  [0x25, ['backpressure.dec']],
  [0x26, ['thread.index']],
  [0x27, ['thread.new-indirect', 'index', 'index']],
  [0x28, ['thread.resume-later']],
  [0x29, ['thread.suspend', 'flag']],
  [0x2a, ['thread.suspend-then-resume', 'flag']],
  [0x2b, ['thread.yield-then-resume', 'flag']],
  [0x2c, ['thread.suspend-then-promote', 'flag']],
  [0x2d, ['thread.yield-then-promote', 'flag']],
  [0x40, ['thread.spawn-ref', 'flag', 'index']],
  [0x41, ['thread.spawn-indirect', 'flag', 'index', 'index']],
  [0x42, ['thread.available-parallelism', 'flag']],
])

export function readCanon (reader: ComponentReader): Definition {
  const code = reader.u8()
  switch (code) {
    case 0x00:
      reader.expect(0x00, 'a function')
      return { kind: 'lift', func: reader.u32(), options: readOptions(reader), type: reader.u32() }
    case 0x01:
      reader.expect(0x00, 'a function')
      return { kind: 'lower', func: reader.u32(), options: readOptions(reader) }
    case 0x02: return { kind: 'resource.new', resource: reader.u32() }
    case 0x03: return { kind: 'resource.drop', resource: reader.u32() }
    case 0x07: return { kind: 'resource.drop', resource: reader.u32() }
    case 0x04: return { kind: 'resource.rep', resource: reader.u32() }
  }
  const [name, ...operands] = ASYNC_BUILT_INS.get(code) ?? []
  if (name === undefined) throw reader.damaged(`0x${code.toString(16)} is no canonical function`)
  for (const operand of operands) skipOperand(reader, operand)
  return { kind: 'unsupported', name, makes: 'core func' }
}

function skipOperand (reader: ComponentReader, operand: Operand): void {
  switch (operand) {
    case 'index': reader.u32(); break
    case 'options': readOptions(reader); break
    case 'results': readResults(reader); break
    case 'flag': case 'core type': reader.u8(); break
  }
}

function readOptions (reader: ComponentReader): CanonOptions {
  const options: CanonOptions = { encoding: 'utf8', async: false }
  reader.list(() => {
    const code = reader.u8()
    switch (code) {
      case 0x00: options.encoding = 'utf8'; break
      case 0x01: options.encoding = 'utf16'; break
      case 0x02: options.encoding = 'latin1+utf16'; break
      case 0x03: options.memory = reader.u32(); break
      case 0x04: options.realloc = reader.u32(); break
      case 0x05: options.postReturn = reader.u32(); break
      case 0x06: options.async = true; break
      case 0x07:
        reader.u32()
        options.async = true
        break
      default: throw reader.damaged(`0x${code.toString(16)} is no option of a canonical function`)
    }
  })
  return options
}
