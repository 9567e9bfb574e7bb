/**
 * What Go's own compiler expects of its host (module `go` up to 1.20, `gojs` since): each function gets the address of
 * Go's stack and finds its arguments 8 bytes above it, its results behind them. Go code that runs in between may move
 * the stack, so results go to where `getsp` says.
 */
import type { ImportProvider } from '../adapter.ts'
import type { FunctionType, ImportInfo } from '../../binary/module-info.ts'
import { type Guest, ProgramExit } from '../guest.ts'
import { bytesOf, callMethod, construct, deleteField, getField, getItem, invoke, isInstance, lengthOf, requireLength, setField, setItem, textOf } from './operations.ts'
import { type GoProgram, programOf } from './program.ts'
import { makeBytes } from './lists.ts'
import { writeTo } from './system.ts'
import { type Inert, Thrown } from './thing.ts'

type StackFunction = (program: GoProgram, sp: number, guest: Guest) => void

const NS_PER_SECOND = 1_000_000_000n
const VALUE_BYTES = 8
/** Timers fire no earlier than asked for, and again when the runtime missed them. */
const TIMER_GRACE_MS = 1
const encoder = new TextEncoder()

function load ({ memory, refs }: GoProgram, address: number): Inert {
  return refs.read(memory.view(address, VALUE_BYTES), address)
}

function store ({ memory, refs }: GoProgram, address: number, value: Inert): void {
  refs.write(memory.view(address, VALUE_BYTES), address, value)
}

/** A slice or string header: an address and a length. */
function bytesAt ({ memory }: GoProgram, address: number): Uint8Array {
  return memory.bytes(memory.int64(address), memory.int64(address + 8))
}

function textAt ({ memory }: GoProgram, address: number): string {
  return memory.text(memory.int64(address), memory.int64(address + 8))
}

export function loadValues ({ memory, refs }: GoProgram, start: number, count: number): Inert[] {
  const view = memory.view(start, count * VALUE_BYTES)
  requireLength(count)
  return Array.from({ length: count }, (_, index) => refs.read(view, start + index * VALUE_BYTES))
}

function valuesAt (program: GoProgram, address: number): Inert[] {
  return loadValues(program, program.memory.int64(address), program.memory.int64(address + 8))
}

function setFlag ({ memory }: GoProgram, address: number, flag: boolean): void {
  memory.view(address, 1).setUint8(address, flag ? 1 : 0)
}

function stackNow (guest: Guest): number {
  return Number(guest.call('getsp')) >>> 0
}

/** Stores what `run` gives and whether it did; what it throws for the program goes there instead. */
function attempt (program: GoProgram, guest: Guest, resultAt: number, run: () => Inert): void {
  const [result, ok] = outcomeOf(run)
  const sp = stackNow(guest)
  store(program, sp + resultAt, result)
  setFlag(program, sp + resultAt + VALUE_BYTES, ok)
}

export function outcomeOf (run: () => Inert): [result: Inert, ok: boolean] {
  try {
    return [run(), true]
  } catch (thrown) {
    if (thrown instanceof Thrown) return [thrown.value, false]
    throw thrown
  }
}

/** Copies as much as fits; how many bytes, undefined when one of them is no Uint8Array. */
export function copyBytes (target: Uint8Array | undefined, source: Uint8Array | undefined): number | undefined {
  if (target === undefined || source === undefined) return undefined
  const part = source.subarray(0, target.length)
  target.set(part)
  return part.length
}

function storeCopied (program: GoProgram, address: number, copied: number | undefined): void {
  if (copied !== undefined) program.memory.setInt64(address, copied)
  setFlag(program, address + 8, copied !== undefined)
}

function storeWallTime (program: GoProgram, sp: number): void {
  const now = program.realm.ambient.wallClockNs()
  const view = program.memory.view(sp + 8, 12)
  view.setBigInt64(sp + 8, now / NS_PER_SECOND, true)
  view.setInt32(sp + 16, Number(now % NS_PER_SECOND), true)
}

const FUNCTIONS = new Map<string, StackFunction>([
  ['debug', () => {}],
  ['runtime.resetMemoryDataView', () => {}],
  ['runtime.wasmExit', ({ memory }, sp) => { throw new ProgramExit(memory.view(sp + 8, 4).getInt32(sp + 8, true)) }],
  ['runtime.wasmWrite', ({ memory, realm }, sp) => {
    const length = memory.view(sp + 24, 4).getInt32(sp + 24, true)
    writeTo(realm, memory.int64(sp + 8), memory.bytes(memory.int64(sp + 16), length))
  }],
  ['runtime.nanotime1', ({ memory, realm }, sp) => { memory.view(sp + 8, 8).setBigInt64(sp + 8, realm.ambient.monotonicNs(), true) }],
  ['runtime.walltime', storeWallTime],
  ['runtime.walltime1', storeWallTime],
  ['runtime.scheduleTimeoutEvent', (program, sp) => {
    const id = program.realm.loop.after(program.memory.int64(sp + 8) + TIMER_GRACE_MS, () => { program.resume() }, TIMER_GRACE_MS)
    program.memory.view(sp + 16, 4).setInt32(sp + 16, id, true)
  }],
  ['runtime.clearTimeoutEvent', ({ memory, realm }, sp) => { realm.loop.cancel(memory.view(sp + 8, 4).getInt32(sp + 8, true)) }],
  ['runtime.getRandomData', (program, sp) => { program.realm.ambient.random(bytesAt(program, sp + 8)) }],
  ['syscall/js.finalizeRef', ({ memory, refs }, sp) => { refs.release(memory.view(sp + 8, 4).getUint32(sp + 8, true)) }],
  ['syscall/js.stringVal', (program, sp) => { store(program, sp + 24, textAt(program, sp + 8)) }],
  ['syscall/js.valueGet', (program, sp) => { store(program, sp + 32, getField(program.realm, load(program, sp + 8), textAt(program, sp + 16))) }],
  ['syscall/js.valueSet', (program, sp) => { setField(program.realm, load(program, sp + 8), textAt(program, sp + 16), load(program, sp + 32)) }],
  ['syscall/js.valueDelete', (program, sp) => { deleteField(load(program, sp + 8), textAt(program, sp + 16)) }],
  ['syscall/js.valueIndex', (program, sp) => { store(program, sp + 24, getItem(program.realm, load(program, sp + 8), program.memory.int64(sp + 16))) }],
  ['syscall/js.valueSetIndex', (program, sp) => { setItem(program.realm, load(program, sp + 8), program.memory.int64(sp + 16), load(program, sp + 24)) }],
  ['syscall/js.valueCall', (program, sp, guest) => {
    attempt(program, guest, 56, () => callMethod(program.realm, load(program, sp + 8), textAt(program, sp + 16), valuesAt(program, sp + 32)))
  }],
  ['syscall/js.valueInvoke', (program, sp, guest) => {
    attempt(program, guest, 40, () => invoke(program.realm, load(program, sp + 8), undefined, valuesAt(program, sp + 16)))
  }],
  ['syscall/js.valueNew', (program, sp, guest) => {
    attempt(program, guest, 40, () => construct(program.realm, load(program, sp + 8), valuesAt(program, sp + 16)))
  }],
  ['syscall/js.valueLength', (program, sp) => { program.memory.setInt64(sp + 16, lengthOf(load(program, sp + 8))) }],
  ['syscall/js.valuePrepareString', (program, sp) => {
    const text = encoder.encode(textOf(load(program, sp + 8)))
    store(program, sp + 16, makeBytes(program.realm, text))
    program.memory.setInt64(sp + 24, text.length)
  }],
  ['syscall/js.valueLoadString', (program, sp) => { copyBytes(bytesAt(program, sp + 16), bytesOf(load(program, sp + 8))) }],
  ['syscall/js.valueInstanceOf', (program, sp) => { setFlag(program, sp + 24, isInstance(load(program, sp + 8), load(program, sp + 16))) }],
  ['syscall/js.copyBytesToGo', (program, sp) => { storeCopied(program, sp + 40, copyBytes(bytesAt(program, sp + 8), bytesOf(load(program, sp + 32)))) }],
  ['syscall/js.copyBytesToJS', (program, sp) => { storeCopied(program, sp + 40, copyBytes(bytesOf(load(program, sp + 8)), bytesAt(program, sp + 16))) }],
])

export const provideStackImports: ImportProvider = (item) => {
  const run = isStackImport(item) ? FUNCTIONS.get(item.name) : undefined
  if (run === undefined) return undefined
  return (guest) => {
    const program = programOf(guest)
    return (sp: number) => { run(program, sp >>> 0, guest) }
  }
}

function isStackImport ({ kind, module, type }: ImportInfo): boolean {
  return kind === 'function' && (module === 'gojs' || module === 'go') && takesStack(type)
}

function takesStack (type: FunctionType | undefined): boolean {
  return type !== undefined && type.params.length === 1 && type.params[0] === 'i32' && type.results.length === 0
}
