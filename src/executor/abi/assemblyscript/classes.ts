/**
 * The classes of an AssemblyScript module, from its own runtime type information (`__rtti_base`): a count, then flags
 * for each class id. Up to 0.21 an entry has a second word, its base class; before 0.10 its flags stood one bit lower.
 */
import { MAX_TABLE_ENTRIES } from '../../limits.ts'
import type { Guest } from '../guest.ts'

/** What the elements of an array are. */
export type ElementKind = 'signed' | 'unsigned' | 'float' | 'managed'

export interface ArrayClass {
  id: number
  /** `view`: an object that points to its elements (Array, typed arrays); `flat`: the elements themselves (StaticArray). */
  layout: 'view' | 'flat'
  /** It has a length of its own besides the bytes it may use (Array). */
  growable: boolean
  kind: ElementKind
  /** Bytes of one element. */
  size: 1 | 2 | 4 | 8
}

export interface Classes {
  bufferId: number
  stringId: number
  /** The compiler is one of those (up to 0.21) whose hosts could make no array whose id the module did not export. */
  needsExportedIds: boolean
  arrays: ReadonlyMap<number, ArrayClass>
  /** Ids that the module exports, by name (`export const Int32Array_ID = idof<Int32Array>()`). */
  exportedIds: ReadonlyMap<string, number>
}

const FLAG = { view: 1 << 0, array: 1 << 1, static: 1 << 2, firstAlign: 6, signed: 1 << 11, float: 1 << 12, managed: 1 << 14 } as const
/** Flags of a string where flags stand one bit lower. */
const EARLY_STRING_FLAGS = 0x10
const RTTI_EXPORT = '__rtti_base'

/** Reads the table; undefined where the module exports none or points outside of its memory. */
export function readClasses (guest: Guest, idExports: readonly string[]): Classes | undefined {
  const base = guest.globalValue(RTTI_EXPORT)
  const words = base === undefined ? undefined : tableWords(guest, base >>> 0)
  if (words === undefined) return undefined
  // The second word is the flags of class 1, which are never 0, or the base of class 0, which has none.
  const wide = words[1] === 0
  const stringId = wide ? 1 : 2
  const flagsOf = (id: number): number => words[wide ? 2 * id : id] ?? 0
  const early = flagsOf(stringId) === EARLY_STRING_FLAGS
  const arrays = new Map<number, ArrayClass>()
  for (let id = 0; id < words.length / (wide ? 2 : 1); id++) {
    const found = arrayClass(id, early ? modernFlags(flagsOf(id)) : flagsOf(id))
    if (found !== undefined) arrays.set(id, found)
  }
  const exportedIds = new Map<string, number>()
  for (const name of idExports) exportedIds.set(name, guest.globalValue(name) ?? -1)
  return { bufferId: stringId - 1, stringId, needsExportedIds: wide, arrays, exportedIds }
}

/** The words of the table, behind its count. */
function tableWords (guest: Guest, base: number): number[] | undefined {
  if (base + 4 > guest.memoryBytes) return undefined
  const view = guest.view()
  const count = view.getUint32(base, true)
  const wide = base + 12 <= guest.memoryBytes && view.getUint32(base + 8, true) === 0
  const words = count * (wide ? 2 : 1)
  if (count < 2 || count > MAX_TABLE_ENTRIES || base + 4 + 4 * words > guest.memoryBytes) return undefined
  return Array.from({ length: words }, (_, index) => view.getUint32(base + 4 + 4 * index, true))
}

/** There was no StaticArray then, whose bit came in front of the rest. */
function modernFlags (flags: number): number {
  const shapes = FLAG.view | FLAG.array
  return (flags & shapes) | ((flags & ~shapes) << 1)
}

function arrayClass (id: number, flags: number): ArrayClass | undefined {
  const growable = (flags & FLAG.array) !== 0
  const layout = growable || (flags & FLAG.view) !== 0 ? 'view' : (flags & FLAG.static) !== 0 ? 'flat' : undefined
  const size = ([1, 2, 4, 8] as const).find((_, align) => (flags & (1 << (FLAG.firstAlign + align))) !== 0)
  if (layout === undefined || size === undefined) return undefined
  const kind = (flags & FLAG.managed) !== 0 ? 'managed' : (flags & FLAG.float) !== 0 ? 'float' : (flags & FLAG.signed) !== 0 ? 'signed' : 'unsigned'
  return { id, layout, growable, kind, size }
}

/** The element type as AssemblyScript names it. */
export function elementName ({ kind, size }: ArrayClass): string {
  return kind === 'managed' ? 'references' : `${kind === 'float' ? 'f' : kind === 'signed' ? 'i' : 'u'}${size * 8}`
}
