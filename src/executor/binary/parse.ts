/** One pass over a module's sections: everything that is known of it before it is compiled. */
import { FunctionBodies } from './function-bodies.ts'
import { BinaryReader } from './reader.ts'
import type { ImportInfo, ModuleInfo } from './module-info.ts'
import { Section } from './sections.ts'
import { requireModuleHeader } from './sniff.ts'
import { readLimits, readTypeEntry, readValueType } from './types.ts'

const KINDS: Array<ImportInfo['kind']> = ['function', 'table', 'memory', 'global', 'tag']

/** Where the sections that name a release of wasm-bindgen do so. */
const BINDGEN_RELEASES: Readonly<Record<string, RegExp>> = Object.freeze(Object.assign(Object.create(null), {
  __wasm_bindgen_unstable: /"version":"(\d+\.\d+\.\d+)/,
  producers: /wasm-bindgen.(\d+\.\d+\.\d+)/s,
}))
/** Of such a section, as much as is looked at. */
const MAX_PRODUCERS_BYTES = 1024

/** What the pass collects besides the result. */
interface Pass {
  info: ModuleInfo
  features: Set<string>
  /** The section's own bytes. */
  reader: BinaryReader
}

const READERS: Record<number, (pass: Pass) => void> = {
  0: readCustom,
  1: readTypes,
  2: readImports,
  3: readFunctions,
  4: readTables,
  5: readMemories,
  6: ({ info, reader }) => { info.globals += reader.u32() },
  7: readExports,
  8: ({ info, reader }) => {
    info.hasStart = true
    info.start = reader.u32()
  },
  11: ({ info, reader }) => { info.dataBytes = reader.end - reader.offset },
  12: ({ features }) => { features.add('bulk-memory') },
  13: ({ info, reader, features }) => {
    info.tags += reader.u32()
    features.add('exception-handling')
  },
}

/** No section is read before the bytes of its header can all be there: its id and its length. */
const HEADER_BYTES = 6

/**
 * Reads a module of which the front part may be all that has arrived; the bytes behind it are not looked at. A section is
 * read when all of it is there, the code body by body. Throws what `parseModule` throws, as soon as it is seen.
 */
export class ModuleParser {
  private readonly info: ModuleInfo
  private readonly features = new Set<string>()
  private readonly outer: BinaryReader
  /** Numbers of the sections that were read. */
  private readonly seen = new Set<number>()
  /** Of the code section, while part of it is still to come. */
  private bodies: FunctionBodies | undefined

  /** `bytes` has the module's length; so much that `requireModuleHeader` can judge must be there. */
  constructor (bytes: Uint8Array) {
    requireModuleHeader(bytes)
    this.outer = new BinaryReader(bytes, 8)
    this.info = {
      byteLength: bytes.length, sections: [], types: [], imports: [], exports: [], functionTypes: [], memories: [], tables: [], tableInitialiser: false,
      globals: 0, tags: 0, functions: 0, hasStart: false, customs: [], codeBytes: 0, dataBytes: 0, largestBodyBytes: 0, mostLocals: 0, features: [],
    }
  }

  /** Reads on as far as the module's first `available` bytes allow. */
  advance (available: number): void {
    const { outer, info, features } = this
    const { bytes } = outer
    while (this.bodies?.advance(available) !== false && !outer.done) {
      this.bodies = undefined
      const header = outer.offset
      if (available < Math.min(header + HEADER_BYTES, bytes.length)) return
      const id = outer.u8()
      const length = outer.u32()
      const start = outer.offset
      outer.skip(length)
      if (id !== Section.CODE && available < outer.offset) {
        outer.offset = header
        return
      }
      // What is taken out of a module or changed in it is named by the number of its section: a second one would stay as it is.
      if (id !== Section.CUSTOM && this.seen.has(id)) throw outer.damaged(`its section ${id} stands there twice`)
      this.seen.add(id)
      info.sections.push({ id, header, start, end: outer.offset })
      const reader = new BinaryReader(bytes, start, outer.offset)
      if (id === Section.CODE) this.bodies = new FunctionBodies(reader, info, features)
      else READERS[id]?.({ info, features, reader })
    }
  }

  /** What the whole module holds; all of it must have arrived. */
  finish (): ModuleInfo {
    const { info, features } = this
    this.advance(info.byteLength)
    for (const item of info.exports) {
      if (item.kind !== 'function') continue
      const type = info.types[info.functionTypes[item.index] ?? -1]
      if (type !== undefined) item.type = type
    }
    noteFeatures(info, features)
    info.features = [...features].sort()
    return info
  }
}

/** Throws ERR_NOT_WASM, ERR_MODULE_UNSUPPORTED (components) or ERR_MODULE_INVALID. Checks the frame, not the code. */
export function parseModule (bytes: Uint8Array): ModuleInfo {
  return new ModuleParser(bytes).finish()
}

function readCustom ({ info, features, reader }: Pass): void {
  const name = reader.name()
  const release = bindgenRelease(name, reader)
  info.customs.push({ name, start: reader.offset, end: reader.end, ...(release === undefined ? {} : { release }) })
  if (name !== 'target_features') return
  for (let count = reader.u32(); count > 0; count--) {
    const used = reader.u8() !== 0x2d
    const feature = reader.name()
    if (used) features.add(feature === 'simd128' ? 'simd' : feature)
  }
}

/** Before its CLI a module has a section that begins with a JSON object, behind it an entry in `producers`. */
function bindgenRelease (name: string, { bytes, offset, end }: BinaryReader): string | undefined {
  const pattern = BINDGEN_RELEASES[name]
  if (pattern === undefined) return undefined
  const head = Buffer.from(bytes.subarray(offset, Math.min(end, offset + MAX_PRODUCERS_BYTES))).toString('latin1')
  return pattern.exec(head)?.[1]
}

function readTypes ({ info, reader }: Pass): void {
  for (let count = reader.u32(); count > 0; count--) readTypeEntry(reader, info.types)
}

function readImports ({ info, reader }: Pass): void {
  for (let count = reader.u32(); count > 0; count--) {
    const module = reader.name()
    const name = reader.name()
    const code = reader.u8()
    const kind = KINDS[code]
    if (kind === undefined) throw reader.damaged(`0x${code.toString(16)} is no kind of import`)
    const item: ImportInfo = { module, name, kind }
    if (kind === 'function') {
      const index = reader.u32()
      info.functionTypes.push(index)
      const type = info.types[index]
      if (type !== undefined) item.type = type
    } else if (kind === 'table') {
      const element = readValueType(reader)
      info.tables.push(item.limits = { ...readLimits(reader), element })
    } else if (kind === 'memory') {
      info.memories.push(item.limits = readLimits(reader))
    } else if (kind === 'global') {
      item.valueType = readValueType(reader)
      item.mutable = reader.u8() === 1
      info.globals++
    } else {
      reader.u8()
      reader.u32()
      info.tags++
    }
    info.imports.push(item)
  }
}

/** Large modules have 100,000 functions and more: the list is made in one piece, as growing it costs more than reading. */
function readFunctions ({ info, reader }: Pass): void {
  const { functionTypes } = info
  const count = reader.u32()
  const left = reader.end - reader.offset
  if (count > left) throw reader.damaged(`${count} functions are announced, ${left} bytes are left`)
  const first = functionTypes.length
  functionTypes.length = first + count
  for (let index = first; index < first + count; index++) functionTypes[index] = reader.u32()
  info.functions += count
}

function readTables ({ info, reader }: Pass): void {
  for (let count = reader.u32(); count > 0; count--) {
    if (reader.peek() === 0x40) {
      // What follows the limits is an expression; such a module is refused, so its length is of no use.
      info.tableInitialiser = true
      return
    }
    const element = readValueType(reader)
    info.tables.push({ ...readLimits(reader), element })
  }
}

function readMemories ({ info, reader }: Pass): void {
  for (let count = reader.u32(); count > 0; count--) info.memories.push(readLimits(reader))
}

function readExports ({ info, reader }: Pass): void {
  for (let count = reader.u32(); count > 0; count--) {
    const name = reader.name()
    const kind = KINDS[reader.u8()]
    const index = reader.u32()
    if (kind === undefined) throw reader.damaged(`the export ${JSON.stringify(name)} is of an unknown kind`)
    info.exports.push({ name, kind, index })
  }
}

function noteFeatures (info: ModuleInfo, features: Set<string>): void {
  for (const type of info.types) {
    if (type === undefined) {
      features.add('gc')
      continue
    }
    if (type.results.length > 1) features.add('multivalue')
    for (const value of [...type.params, ...type.results]) {
      if (value === 'v128') features.add('simd')
      if (value === 'externref' || value === 'ref') features.add('reference-types')
    }
  }
  if (info.memories.some((memory) => memory.shared)) features.add('threads')
  if ([...info.memories, ...info.tables].some((limits) => limits.wide)) features.add('memory64')
  if (info.memories.length > 1) features.add('multi-memory')
  if (info.tables.length > 1) features.add('reference-types')
}
