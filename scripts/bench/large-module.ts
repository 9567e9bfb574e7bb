/** A large module like real ones: a small one whose functions are there many times over. */
import { parseModule } from '../../src/executor/binary/parse.ts'
import { BinaryReader, leb } from '../../src/executor/binary/reader.ts'
import { Section, changeSections } from '../../src/executor/binary/sections.ts'

/** The module with as many copies of its own functions, which nothing calls, as make it `byteLength` long. */
export function enlarge (bytes: Uint8Array, byteLength: number): Uint8Array {
  const info = parseModule(bytes)
  const copies = Math.ceil((byteLength - bytes.length) / info.codeBytes)
  const repeated = (id: number): Uint8Array[] => {
    const section = info.sections.find((item) => item.id === id)
    if (section === undefined) throw new Error('the module has no functions')
    const reader = new BinaryReader(bytes, section.start, section.end)
    const count = reader.u32() * (copies + 1)
    return [Uint8Array.from(leb(count)), ...Array<Uint8Array>(copies + 1).fill(bytes.subarray(reader.offset, section.end))]
  }
  return changeSections(bytes, info, new Map([[Section.FUNCTION, { body: repeated(Section.FUNCTION) }], [Section.CODE, { body: repeated(Section.CODE) }]]))
}
