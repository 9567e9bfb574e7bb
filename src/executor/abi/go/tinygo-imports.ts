/** What TinyGo (0.28 or newer, target `wasm`) expects of its host besides WASI: the functions of syscall/js with plain parameters. */
import { CorebrumError } from '../../../errors.ts'
import type { HostFunction, ImportProvider } from '../adapter.ts'
import type { ImportInfo, ModuleInfo, WasmType } from '../../binary/module-info.ts'
import { sameType } from '../exports.ts'
import type { Guest } from '../guest.ts'
import { makeBytes } from './lists.ts'
import { bytesOf, callMethod, construct, deleteField, getField, getItem, invoke, isInstance, lengthOf, setField, setItem, textOf } from './operations.ts'
import { type GoProgram, programOf } from './program.ts'
import { copyBytes, loadValues, outcomeOf } from './stack-imports.ts'
import type { Inert } from './thing.ts'

const NS_PER_MS = 1_000_000
const VALUE_BYTES = 8
const encoder = new TextEncoder()
/** A reference travels as an i64 with the bits of a float. */
const scratch = new DataView(new ArrayBuffer(VALUE_BYTES))

function unbox ({ refs }: GoProgram, reference: bigint): Inert {
  scratch.setBigInt64(0, reference, true)
  return refs.read(scratch, 0)
}

function box ({ refs }: GoProgram, value: Inert): bigint {
  refs.write(scratch, 0, value)
  return scratch.getBigInt64(0, true)
}

function storeOutcome (program: GoProgram, address: number, run: () => Inert): void {
  const [result, ok] = outcomeOf(run)
  const view = program.memory.view(address, VALUE_BYTES + 1)
  program.refs.write(view, address, result)
  view.setUint8(address + VALUE_BYTES, ok ? 1 : 0)
}

function storeCopied ({ memory }: GoProgram, address: number, copied: number | undefined): void {
  const view = memory.view(address, 5)
  view.setUint32(address, copied ?? 0, true)
  view.setUint8(address + 4, copied === undefined ? 0 : 1)
}

interface TinyFunction {
  params: WasmType[]
  results: WasmType[]
  make: (program: GoProgram, guest: Guest) => HostFunction
}

/** Signatures in short: `i` is i32, `l` is i64, `d` is f64, `v` nothing. */
function tiny (params: string, result: 'i' | 'l' | 'd' | 'v', make: TinyFunction['make']): TinyFunction {
  const types = (letters: string): WasmType[] => Array.from(letters, (letter) => (letter === 'i' ? 'i32' : letter === 'l' ? 'i64' : 'f64'))
  return { params: types(params), results: result === 'v' ? [] : types(result), make }
}

function sleep ({ realm }: GoProgram, guest: Guest, milliseconds: number): void {
  realm.loop.after(milliseconds, () => { guest.call('go_scheduler') })
}

/** Time in milliseconds, as it was before nanoseconds. */
const OLDER_FUNCTIONS = new Map<string, TinyFunction>([
  ['runtime.ticks', tiny('', 'd', ({ realm }) => () => Number(realm.ambient.monotonicNs()) / NS_PER_MS)],
  ['runtime.sleepTicks', tiny('d', 'v', (program, guest) => (milliseconds: number) => { sleep(program, guest, milliseconds) })],
])

const FUNCTIONS = new Map<string, TinyFunction>([
  ['runtime.ticks', tiny('', 'l', ({ realm }) => () => realm.ambient.monotonicNs())],
  ['runtime.sleepTicks', tiny('l', 'v', (program, guest) => (nanoseconds: bigint) => { sleep(program, guest, Number(nanoseconds) / NS_PER_MS) })],
  ['syscall/js.finalizeRef', tiny('l', 'v', ({ refs }) => (reference: bigint) => { refs.release(Number(BigInt.asUintN(32, reference))) })],
  ['syscall/js.stringVal', tiny('ii', 'l', (program) => (pointer: number, length: number) => box(program, program.memory.text(pointer >>> 0, length >>> 0)))],
  ['syscall/js.valueGet', tiny('lii', 'l', (program) => (target: bigint, name: number, length: number) =>
    box(program, getField(program.realm, unbox(program, target), program.memory.text(name >>> 0, length >>> 0))))],
  ['syscall/js.valueSet', tiny('liil', 'v', (program) => (target: bigint, name: number, length: number, value: bigint) => {
    setField(program.realm, unbox(program, target), program.memory.text(name >>> 0, length >>> 0), unbox(program, value))
  })],
  ['syscall/js.valueDelete', tiny('lii', 'v', (program) => (target: bigint, name: number, length: number) => {
    deleteField(unbox(program, target), program.memory.text(name >>> 0, length >>> 0))
  })],
  ['syscall/js.valueIndex', tiny('li', 'l', (program) => (target: bigint, index: number) => box(program, getItem(program.realm, unbox(program, target), index)))],
  ['syscall/js.valueSetIndex', tiny('lil', 'v', (program) => (target: bigint, index: number, value: bigint) => {
    setItem(program.realm, unbox(program, target), index, unbox(program, value))
  })],
  ['syscall/js.valueCall', tiny('iliiiii', 'v', (program) => (result: number, target: bigint, name: number, length: number, args: number, count: number) => {
    storeOutcome(program, result >>> 0, () =>
      callMethod(program.realm, unbox(program, target), program.memory.text(name >>> 0, length >>> 0), loadValues(program, args >>> 0, count >>> 0)))
  })],
  ['syscall/js.valueInvoke', tiny('iliii', 'v', (program) => (result: number, target: bigint, args: number, count: number) => {
    storeOutcome(program, result >>> 0, () => invoke(program.realm, unbox(program, target), undefined, loadValues(program, args >>> 0, count >>> 0)))
  })],
  ['syscall/js.valueNew', tiny('iliii', 'v', (program) => (result: number, target: bigint, args: number, count: number) => {
    storeOutcome(program, result >>> 0, () => construct(program.realm, unbox(program, target), loadValues(program, args >>> 0, count >>> 0)))
  })],
  ['syscall/js.valueLength', tiny('l', 'i', (program) => (target: bigint) => lengthOf(unbox(program, target)))],
  ['syscall/js.valuePrepareString', tiny('il', 'v', (program) => (result: number, target: bigint) => {
    const text = encoder.encode(textOf(unbox(program, target)))
    const view = program.memory.view(result >>> 0, VALUE_BYTES + 4)
    program.refs.write(view, result >>> 0, makeBytes(program.realm, text))
    view.setUint32((result >>> 0) + VALUE_BYTES, text.length, true)
  })],
  ['syscall/js.valueLoadString', tiny('liii', 'v', (program) => (source: bigint, pointer: number, length: number) => {
    copyBytes(program.memory.bytes(pointer >>> 0, length >>> 0), bytesOf(unbox(program, source)))
  })],
  ['syscall/js.valueInstanceOf', tiny('ll', 'i', (program) => (value: bigint, constructor: bigint) =>
    Number(isInstance(unbox(program, value), unbox(program, constructor))))],
  ['syscall/js.copyBytesToGo', tiny('iiiil', 'v', (program) => (result: number, pointer: number, length: number, _capacity: number, source: bigint) => {
    storeCopied(program, result >>> 0, copyBytes(program.memory.bytes(pointer >>> 0, length >>> 0), bytesOf(unbox(program, source))))
  })],
  ['syscall/js.copyBytesToJS', tiny('iliii', 'v', (program) => (result: number, target: bigint, pointer: number, length: number) => {
    storeCopied(program, result >>> 0, copyBytes(bytesOf(unbox(program, target)), program.memory.bytes(pointer >>> 0, length >>> 0)))
  })],
])

function isOfTinyGo ({ kind, module, name }: ImportInfo): boolean {
  return kind === 'function' && (module === 'gojs' || module === 'env') && FUNCTIONS.has(name)
}

/** The function of this name and type. */
function findFunction ({ name, type }: ImportInfo): TinyFunction | undefined {
  return [FUNCTIONS.get(name), OLDER_FUNCTIONS.get(name)].find((candidate) => candidate !== undefined && type !== undefined && sameType(candidate, type))
}

export const provideTinyGoImports: ImportProvider = (item) => {
  const found = isOfTinyGo(item) ? findFunction(item) : undefined
  return found === undefined ? undefined : (guest) => found.make(programOf(guest), guest)
}

/** Throws ERR_MODULE_UNSUPPORTED for the imports of versions that passed values in another way. */
export function checkTinyGo (info: ModuleInfo): void {
  const odd = info.imports.find((item) => isOfTinyGo(item) && findFunction(item) === undefined)
  if (odd !== undefined) {
    throw new CorebrumError('ERR_MODULE_UNSUPPORTED', `the import ${odd.module}.${odd.name} has a type that only old versions of TinyGo give it: build with TinyGo 0.28 or newer, or with -target=wasip1`)
  }
}
