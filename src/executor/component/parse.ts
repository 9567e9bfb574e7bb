/** The sections of a component (Component Model, Binary.md): bytes to definitions, nothing looked up yet. */
import { MAX_COMPONENT_DEPTH } from '../limits.ts'
import { readCanon } from './parse-canon.ts'
import { readAlias, readCoreType, readExternType, readType } from './parse-types.ts'
import { ComponentReader } from './reader.ts'
import type { ComponentSyntax, Definition, NamedIndex } from './syntax.ts'

const HEADER_BYTES = 8
const COMPONENT_SECTION = 4

const VECTOR_SECTIONS = new Map<number, (reader: ComponentReader) => Definition>([
  [2, readCoreInstance],
  [3, (reader) => { readCoreType(reader); return { kind: 'core type' } }],
  [5, readInstance],
  [6, readAlias],
  [7, (reader) => ({ kind: 'type', type: readType(reader) })],
  [8, readCanon],
  [10, (reader) => ({ kind: 'import', name: reader.externName(), type: readExternType(reader) })],
  [11, readExport],
])

/** Throws ERR_MODULE_INVALID, or ERR_MODULE_TOO_LARGE above MAX_COMPONENT_DEFINITIONS. Expects the header to be checked. */
export function parseComponent (bytes: Uint8Array): ComponentSyntax {
  return readComponent(new ComponentReader(bytes, 0, bytes.length), 0)
}

function readComponent (reader: ComponentReader, depth: number): ComponentSyntax {
  if (depth >= MAX_COMPONENT_DEPTH) throw reader.damaged(`components are nested deeper than ${MAX_COMPONENT_DEPTH} levels`)
  const { bytes, budget } = reader
  const component: ComponentSyntax = { definitions: [], customs: [], weight: 0 }
  reader.skip(HEADER_BYTES)
  while (!reader.done) {
    const id = reader.u8()
    const length = reader.u32()
    const start = reader.offset
    reader.skip(length)
    const section = new ComponentReader(bytes, start, reader.offset, budget)
    const before = budget.left
    section.spend(1)
    if (id === COMPONENT_SECTION) component.definitions.push({ kind: 'component', component: readNested(section, depth) })
    else readSection(id, section, component)
    component.weight += id === COMPONENT_SECTION ? 1 : before - budget.left
  }
  return component
}

function readSection (id: number, section: ComponentReader, { definitions, customs }: ComponentSyntax): void {
  const readItem = VECTOR_SECTIONS.get(id)
  if (readItem !== undefined) {
    section.list(() => { definitions.push(readItem(section)) })
    if (!section.done) throw section.damaged('a section is longer than what it holds')
    return
  }
  const { offset, end } = section
  switch (id) {
    case 0:
      customs.push({ name: section.name(), byteLength: end - section.offset })
      break
    case 1: definitions.push({ kind: 'core module', start: offset, end }); break
    case 9: definitions.push({ kind: 'unsupported', name: 'start' }); break
    case 12: section.list(() => { definitions.push({ kind: 'unsupported', name: 'value', makes: 'value' }) }); break
    default: throw section.damaged(`0x${id.toString(16)} is no section of a component`)
  }
}

function readNested (section: ComponentReader, depth: number): ComponentSyntax {
  const { bytes, offset } = section
  const header = bytes.subarray(offset, Math.min(offset + HEADER_BYTES, section.end))
  const expected = [0x00, 0x61, 0x73, 0x6d, 0x0d, 0x00, 0x01, 0x00]
  if (expected.some((byte, index) => header[index] !== byte)) throw section.damaged('a nested component has no header')
  return readComponent(section, depth + 1)
}

function readCoreInstance (reader: ComponentReader): Definition {
  const form = reader.u8()
  if (form === 0x00) {
    const module = reader.u32()
    const args = reader.list(() => {
      const name = reader.name()
      reader.expect(0x12, 'an instance')
      return { name, instance: reader.u32() }
    })
    return { kind: 'core instance', module, args }
  }
  if (form !== 0x01) throw reader.damaged(`0x${form.toString(16)} is no form of core instance`)
  return { kind: 'core exports', exports: reader.list((): NamedIndex => ({ name: reader.name(), sort: reader.coreSort(), index: reader.u32() })) }
}

function readInstance (reader: ComponentReader): Definition {
  const form = reader.u8()
  if (form === 0x00) {
    const component = reader.u32()
    return { kind: 'instance', component, args: reader.list((): NamedIndex => ({ name: reader.name(), sort: reader.sort(), index: reader.u32() })) }
  }
  if (form !== 0x01) throw reader.damaged(`0x${form.toString(16)} is no form of instance`)
  return { kind: 'exports', exports: reader.list((): NamedIndex => ({ name: reader.externName(), sort: reader.sort(), index: reader.u32() })) }
}

function readExport (reader: ComponentReader): Definition {
  const name = reader.externName()
  const sort = reader.sort()
  const index = reader.u32()
  // What it is declared as can only hide what it is, which nothing here asks for.
  reader.optional(() => readExternType(reader))
  return { kind: 'export', name, sort, index }
}
