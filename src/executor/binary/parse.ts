/** One pass over a module's sections: everything that is known of it before it is compiled. */
import { BinaryReader } from './reader.ts'
import type { ImportInfo, ModuleInfo } from './module-info.ts'
import { requireModuleHeader } from './sniff.ts'
import { readLimits, readTypeEntry, readValueType } from './types.ts'

const I32 = 0x7f
const I64 = 0x7e

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
  10: readCode,
  11: ({ info, reader }) => { info.dataBytes = reader.end - reader.offset },
  12: ({ features }) => { features.add('bulk-memory') },
  13: ({ info, reader, features }) => {
    info.tags += reader.u32()
    features.add('exception-handling')
  },
}

/** Throws ERR_NOT_WASM, ERR_MODULE_UNSUPPORTED (components) or ERR_MODULE_INVALID. Checks the frame, not the code. */
export function parseModule (bytes: Uint8Array): ModuleInfo {
  requireModuleHeader(bytes)
  const info: ModuleInfo = {
    byteLength: bytes.length, sections: [], types: [], imports: [], exports: [], functionTypes: [], memories: [], tables: [], tableInitialiser: false,
    globals: 0, tags: 0, functions: 0, hasStart: false, customs: [], codeBytes: 0, dataBytes: 0, largestBodyBytes: 0, mostLocals: 0, features: [],
  }
  const features = new Set<string>()
  const outer = new BinaryReader(bytes, 8)
  while (!outer.done) {
    const header = outer.offset
    const id = outer.u8()
    const length = outer.u32()
    const start = outer.offset
    outer.skip(length)
    info.sections.push({ id, header, start, end: outer.offset })
    READERS[id]?.({ info, features, reader: new BinaryReader(bytes, start, outer.offset) })
  }
  for (const item of info.exports) {
    if (item.kind !== 'function') continue
    const type = info.types[info.functionTypes[item.index] ?? -1]
    if (type !== undefined) item.type = type
  }
  noteFeatures(info, features)
  info.features = [...features].sort()
  return info
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

function readFunctions ({ info, reader }: Pass): void {
  for (let count = reader.u32(); count > 0; count--) {
    info.functionTypes.push(reader.u32())
    info.functions++
  }
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

/** Large modules have 100,000 functions and more, and this runs before the engine has compiled it: few calls for each. */
function readCode ({ info, features, reader }: Pass): void {
  const { bytes } = reader
  let { largestBodyBytes, mostLocals } = info
  info.codeBytes = reader.end - reader.offset
  for (let count = reader.u32(); count > 0; count--) {
    const size = reader.u32()
    const start = reader.offset
    if (size > largestBodyBytes) largestBodyBytes = size
    reader.skip(size)
    if (size > 0 && bytes[start] === 0) continue
    reader.offset = start
    let locals = 0
    for (let groups = reader.u32(); groups > 0; groups--) {
      locals += reader.u32()
      const type = bytes[reader.offset]
      if (type === I32 || type === I64) reader.offset++
      else if (readValueType(reader) === 'v128') features.add('simd')
    }
    if (locals > mostLocals) mostLocals = locals
    if (reader.offset > start + size) throw reader.damaged('a function is longer than it says')
    reader.offset = start + size
  }
  info.largestBodyBytes = largestBodyBytes
  info.mostLocals = mostLocals
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
