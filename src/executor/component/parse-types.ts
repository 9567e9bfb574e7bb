/** The type sections of a component, core types among them, which are only read over. */
import { readLimits, readTypeEntry, readValueType } from '../binary/types.ts'
import type { ComponentReader } from './reader.ts'
import type { Alias, Declaration, ExternType, FunctionSyntax, Labelled, TypeRef, TypeSyntax } from './syntax.ts'
import { MAX_COMPONENT_DEPTH } from '../limits.ts'

/** Types that stand for things that happen while a call is suspended. */
const ASYNC_TYPES = new Map<number, string>([[0x66, 'stream'], [0x65, 'future']])

export function readType (reader: ComponentReader, depth = 0): TypeSyntax {
  const code = reader.u8()
  const name = reader.primitive(code)
  if (name !== undefined) return { kind: 'primitive', name }
  const asynchronous = ASYNC_TYPES.get(code)
  if (asynchronous !== undefined) {
    reader.optional(() => reader.typeRef())
    return { kind: 'unsupported', name: asynchronous }
  }
  switch (code) {
    case 0x72: return { kind: 'record', fields: readLabelled(reader) }
    case 0x71: return { kind: 'variant', cases: reader.list(() => readCase(reader)) }
    case 0x70: return { kind: 'list', element: reader.typeRef() }
    case 0x67: return { kind: 'list', element: reader.typeRef(), length: reader.u32() }
    case 0x6f: return { kind: 'tuple', items: reader.list(() => reader.typeRef()) }
    case 0x6e: return { kind: 'flags', names: reader.list(() => reader.name()) }
    case 0x6d: return { kind: 'enum', names: reader.list(() => reader.name()) }
    case 0x6b: return { kind: 'option', item: reader.typeRef() }
    case 0x6a: return readResult(reader)
    case 0x69: return { kind: 'own', resource: reader.u32() }
    case 0x68: return { kind: 'borrow', resource: reader.u32() }
    case 0x64: return { kind: 'unsupported', name: 'error-context' }
    case 0x63:
      reader.typeRef()
      reader.typeRef()
      return { kind: 'unsupported', name: 'map' }
    case 0x40: return readFunction(reader, false)
    case 0x43: return readFunction(reader, true)
    case 0x41:
      readDeclarations(reader, depth, true)
      return { kind: 'component' }
    case 0x42: return readInstanceType(reader, depth)
    case 0x3f: return readResource(reader)
    default: throw reader.damaged(`0x${code.toString(16)} is no form of type`)
  }
}

function readInstanceType (reader: ComponentReader, depth: number): TypeSyntax {
  const before = reader.budget.left
  const declarations = readDeclarations(reader, depth, false)
  return { kind: 'instance', declarations, weight: before - reader.budget.left }
}

function readLabelled (reader: ComponentReader): Labelled[] {
  return reader.list(() => ({ name: reader.name(), type: reader.typeRef() }))
}

function readCase (reader: ComponentReader): { name: string, type?: TypeRef } {
  const name = reader.name()
  const type = reader.optional(() => reader.typeRef())
  reader.expect(0x00, 'the end of a case')
  return { name, ...(type === undefined ? {} : { type }) }
}

function readResult (reader: ComponentReader): TypeSyntax {
  const ok = reader.optional(() => reader.typeRef())
  const err = reader.optional(() => reader.typeRef())
  return { kind: 'result', ...(ok === undefined ? {} : { ok }), ...(err === undefined ? {} : { err }) }
}

function readResource (reader: ComponentReader): TypeSyntax {
  reader.expect(0x7f, 'the representation i32 of a resource')
  const dtor = reader.optional(() => reader.u32())
  return { kind: 'resource', ...(dtor === undefined ? {} : { dtor }) }
}

function readFunction (reader: ComponentReader, async: boolean): FunctionSyntax {
  const params = readLabelled(reader)
  const result = readResults(reader)
  return { kind: 'func', params, ...(result === undefined ? {} : { result }), async }
}

/** One result or none; the form for named results was given up before WASI 0.2 and can only be empty. */
export function readResults (reader: ComponentReader): TypeRef | undefined {
  const form = reader.u8()
  if (form === 0) return reader.typeRef()
  if (form !== 1) throw reader.damaged(`0x${form.toString(16)} is no form of results`)
  reader.expect(0x00, 'an empty list of results')
  return undefined
}

/** Declarations of an instance type; those of a component type may import, and nothing here looks at them. */
function readDeclarations (reader: ComponentReader, depth: number, imports: boolean): Declaration[] {
  if (depth >= MAX_COMPONENT_DEPTH) throw reader.damaged(`types are nested deeper than ${MAX_COMPONENT_DEPTH} levels`)
  return reader.list((): Declaration => {
    const code = reader.u8()
    switch (code) {
      case 0x00:
        readCoreType(reader, depth + 1)
        return { kind: 'core type' }
      case 0x01: return { kind: 'type', type: readType(reader, depth + 1) }
      case 0x02: return readAlias(reader)
      case 0x03:
        if (!imports) break
        return { kind: 'export', name: reader.externName(), type: readExternType(reader) }
      case 0x04: return { kind: 'export', name: reader.externName(), type: readExternType(reader) }
    }
    throw reader.damaged(`0x${code.toString(16)} is no declaration`)
  })
}

export function readExternType (reader: ComponentReader): ExternType {
  const code = reader.u8()
  switch (code) {
    case 0x00:
      reader.expect(0x11, 'a core module')
      reader.u32()
      return { sort: 'core module' }
    case 0x01: return { sort: 'func', type: reader.u32() }
    case 0x02:
      if (reader.u8() === 0) reader.u32()
      else reader.typeRef()
      return { sort: 'value' }
    case 0x03: return { sort: 'type', equal: reader.u8() === 0 ? reader.u32() : undefined }
    case 0x04: return { sort: 'component', type: reader.u32() }
    case 0x05: return { sort: 'instance', type: reader.u32() }
    default: throw reader.damaged(`0x${code.toString(16)} is no type of an import or export`)
  }
}

export function readAlias (reader: ComponentReader): Alias {
  const sort = reader.sort()
  const form = reader.u8()
  switch (form) {
    case 0x00: return { kind: 'alias', sort, from: { kind: 'export', instance: reader.u32(), name: reader.name() } }
    case 0x01: return { kind: 'alias', sort, from: { kind: 'core export', instance: reader.u32(), name: reader.name() } }
    case 0x02: return { kind: 'alias', sort, from: { kind: 'outer', count: reader.u32(), index: reader.u32() } }
    default: throw reader.damaged(`0x${form.toString(16)} is no form of alias`)
  }
}

/** Core types only serve to declare the imports of modules, which are checked when modules are linked. */
export function readCoreType (reader: ComponentReader, depth = 0): void {
  if (depth > MAX_COMPONENT_DEPTH) throw reader.damaged(`types are nested deeper than ${MAX_COMPONENT_DEPTH} levels`)
  if (reader.peek() === 0x00) reader.u8()
  else if (reader.peek() === 0x50) {
    reader.u8()
    reader.list(() => readModuleDeclaration(reader, depth))
    return
  }
  readTypeEntry(reader, [])
}

function readModuleDeclaration (reader: ComponentReader, depth: number): void {
  const code = reader.u8()
  switch (code) {
    case 0x00:
      reader.name()
      reader.name()
      return readCoreExtern(reader)
    case 0x01: return readCoreType(reader, depth + 1)
    case 0x02:
      reader.expect(0x10, 'a core type')
      reader.expect(0x01, 'an outer alias')
      reader.u32()
      reader.u32()
      return
    case 0x03:
      reader.name()
      return readCoreExtern(reader)
    default: throw reader.damaged(`0x${code.toString(16)} is no declaration of a module type`)
  }
}

function readCoreExtern (reader: ComponentReader): void {
  const code = reader.u8()
  if (code === 0x00) reader.u32()
  else if (code === 0x02) readLimits(reader)
  else if (code === 0x01 || code === 0x03) {
    readValueType(reader)
    if (code === 0x01) readLimits(reader)
    else reader.u8()
  } else if (code === 0x04) {
    reader.u8()
    reader.u32()
  } else throw reader.damaged(`0x${code.toString(16)} is no kind of import`)
}
