/**
 * Makes a module count its fuel, so that it stops at the same instruction on every machine. A global is added behind all
 * others, which every function makes smaller by what it is about to run; where it is below zero, loops and calls trap.
 * The module no longer starts by itself: the host sets the fuel of a fresh instance, and then calls what it would have started.
 */
import { CodeMeter } from './fuel-code.ts'
import { CHARGERS, CHARGER_TYPE } from './fuel-instructions.ts'
import type { ModuleInfo } from './module-info.ts'
import { leb } from './reader.ts'
import { Section, type SectionChanges } from './sections.ts'

/** The names under which a metered module exports its fuel, a mutable i64, and its start function, if it has one. */
export const FUEL_EXPORT = 'corebrum sandbox fuel'
export const START_EXPORT = 'corebrum sandbox start'

const KIND_FUNCTION = 0x00
const KIND_GLOBAL = 0x03
/** A mutable i64 that starts at 0: nothing runs before the host has set it. */
const FUEL_GLOBAL = Uint8Array.of(0x7e, 0x01, 0x42, 0x00, 0x0b)

/**
 * What makes a module count its fuel, for `confineModule`. No index of the module's own changes.
 * Throws ERR_MODULE_INVALID for damaged code, ERR_MODULE_UNSUPPORTED for instructions that
 * cannot be counted, ERR_MODULE_TOO_LARGE for a function that becomes larger than the engine takes.
 */
export function meterModule (bytes: Uint8Array, info: ModuleInfo): SectionChanges {
  const changes: SectionChanges = new Map()
  const add = (id: number, ...entries: Uint8Array[]): void => { changes.set(id, { entries }) }
  add(Section.GLOBAL, FUEL_GLOBAL)
  add(Section.EXPORT, ...exportsOf(info))
  if (info.start !== undefined) changes.set(Section.START, { removed: true })
  const code = info.sections.find(({ id }) => id === Section.CODE)
  if (code !== undefined) {
    const type = Uint8Array.from(leb(info.types.length))
    add(Section.TYPE, CHARGER_TYPE)
    add(Section.FUNCTION, ...Array<Uint8Array>(CHARGERS.length).fill(type))
    const meter = new CodeMeter(bytes, info, code, info.globals, info.functionTypes.length)
    changes.set(Section.CODE, { body: [meter.run()] })
  }
  return changes
}

function exportsOf (info: ModuleInfo): Uint8Array[] {
  const entry = (name: string, kind: number, index: number): Uint8Array =>
    Uint8Array.from([...leb(name.length), ...Buffer.from(name, 'latin1'), kind, ...leb(index)])
  const fuel = entry(FUEL_EXPORT, KIND_GLOBAL, info.globals)
  return info.start === undefined ? [fuel] : [fuel, entry(START_EXPORT, KIND_FUNCTION, info.start)]
}
