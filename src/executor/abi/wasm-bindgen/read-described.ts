/**
 * What a module from cargo says of its functions, read from the code that says it: rows of `i32.const n; call describe`,
 * alone or through other functions. For reports on a module, which run nothing of it.
 */
import { MAX_BINDGEN_STEPS, MAX_BINDGEN_WORDS } from '../../limits.ts'
import type { ModuleInfo } from '../../binary/module-info.ts'
import { BinaryReader } from '../../binary/reader.ts'
import { Section } from '../../binary/sections.ts'
import { type Described, decodeFunction } from './descriptors.ts'
import { releaseOf } from './release.ts'

const DESCRIBE = '__wbindgen_describe_'
const DESCRIBE_IMPORT = '__wbindgen_describe'
const MAX_DEPTH = 8
const MORE = 'it does more than to describe a type'
const NOP = 0x01
const END = 0x0b
const CALL = 0x10
const CONST = 0x41

/** By the name of the function; without those whose description is made in another way. */
export function readDescribed (bytes: Uint8Array, info: ModuleInfo): Map<string, Described> {
  const found = new Map<string, Described>()
  const imported = info.imports.filter((item) => item.kind === 'function')
  const describe = imported.findIndex((item) => item.name === DESCRIBE_IMPORT)
  if (describe < 0) return found
  const speech = new Speech(bytes, bodiesOf(bytes, info), imported.length, describe)
  for (const { name, kind, index } of info.exports) {
    if (kind !== 'function' || !name.startsWith(DESCRIBE)) continue
    const described = tried(() => decodeFunction(speech.wordsOf(index), releaseOf(info)))
    if (described !== undefined) found.set(name.slice(DESCRIBE.length), described)
  }
  return found
}

/** What cannot be read here is left out: a call of the function tells why it fails. */
function tried<T> (read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** Where each defined function begins, its size in front. */
function bodiesOf (bytes: Uint8Array, info: ModuleInfo): number[] {
  const section = info.sections.find(({ id }) => id === Section.CODE)
  if (section === undefined) return []
  const reader = new BinaryReader(bytes, section.start, section.end)
  return Array.from({ length: reader.u32() }, () => {
    const start = reader.offset
    reader.skip(reader.u32())
    return start
  })
}

/** Follows functions that do nothing but describe. */
class Speech {
  private readonly bytes: Uint8Array
  private readonly bodies: readonly number[]
  private readonly imported: number
  private readonly describe: number
  /** Instructions that may still be read: a few functions that call each other can say very much. */
  private steps = MAX_BINDGEN_STEPS

  constructor (bytes: Uint8Array, bodies: readonly number[], imported: number, describe: number) {
    this.bytes = bytes
    this.bodies = bodies
    this.imported = imported
    this.describe = describe
  }

  /** What calling the function would say; throws ERR_MODULE_INVALID where it does more than that. */
  wordsOf (index: number): number[] {
    const words: number[] = []
    this.follow(index, words, 0)
    return words
  }

  private follow (index: number, words: number[], depth: number): void {
    const start = this.bodies[index - this.imported]
    const reader = new BinaryReader(this.bytes, start)
    if (start === undefined || depth > MAX_DEPTH) throw reader.damaged(MORE)
    // Its size, then its groups of locals: it needs none.
    reader.u32()
    if (reader.u32() > 0) throw reader.damaged(MORE)
    const stack: number[] = []
    for (let opcode = reader.u8(); opcode !== END; opcode = reader.u8()) {
      if (--this.steps < 0 || words.length > MAX_BINDGEN_WORDS) throw reader.damaged(MORE)
      const target = opcode === CALL ? reader.u32() : undefined
      if (opcode === CONST) stack.push(reader.s32())
      else if (target === this.describe) words.push((stack.pop() ?? 0) >>> 0)
      else if (target !== undefined) this.follow(target, words, depth + 1)
      else if (opcode !== NOP) throw reader.damaged(MORE)
    }
  }
}
