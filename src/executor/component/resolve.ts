/** Types as they are written to types with their layout, in the scope where they stand. */
import type { Scope, TypeItem } from './items.ts'
import { at, damaged } from './scope.ts'
import type { FunctionSyntax, Primitive, TypeRef, TypeSyntax } from './syntax.ts'
import { type FuncType, type ResourceType, type ValType, flagsType, handleType, listType, primitiveType, recordType, tupleType, variantType } from './types.ts'

const primitives = new Map<Primitive, ValType>()

/** What to do with a type that does not exist here. */
export type OnUnsupported = (name: string) => void

/** `instance` is the component instance that a resource type belongs to; undefined where none may be defined. */
export function resolveType (syntax: TypeSyntax, scope: Scope, instance: number | undefined, onUnsupported: OnUnsupported): TypeItem {
  const resolve = (ref: TypeRef): ValType => resolveValue(ref, scope)
  const value = (type: ValType): TypeItem => ({ kind: 'value', type })
  switch (syntax.kind) {
    case 'primitive': return value(resolve(syntax.name))
    case 'record': return value(recordType(syntax.fields.map(({ name, type }) => ({ name, type: resolve(type) })), false))
    case 'tuple': return value(tupleType(syntax.items.map(resolve)))
    case 'list': return value(listType(resolve(syntax.element), syntax.length))
    case 'flags': return value(flagsType(syntax.names))
    case 'enum': return value(variantType(syntax.names.map((name) => ({ name })), 'enum'))
    case 'variant': return value(variantType(syntax.cases.map(({ name, type }) => withType(name, type, resolve)), 'variant'))
    case 'option': return value(variantType([{ name: 'none' }, { name: 'some', type: resolve(syntax.item) }], 'option'))
    case 'result': return value(variantType([withType('ok', syntax.ok, resolve), withType('error', syntax.err, resolve)], 'result'))
    case 'own': case 'borrow': return value(handleType(syntax.kind, resourceAt(syntax.resource, scope)))
    case 'func': return { kind: 'func', type: resolveFunction(syntax, scope) }
    case 'instance': return { kind: 'instance', declarations: syntax.declarations, weight: syntax.weight, scope }
    case 'component': return { kind: 'component' }
    case 'resource': return { kind: 'resource', resource: resourceType(syntax.dtor, scope, instance) }
    case 'unsupported':
      onUnsupported(syntax.name)
      return value(resolve('u32'))
  }
}

function withType (name: string, type: TypeRef | undefined, resolve: (ref: TypeRef) => ValType): { name: string, type?: ValType } {
  return type === undefined ? { name } : { name, type: resolve(type) }
}

function resolveValue (ref: TypeRef, scope: Scope): ValType {
  if (typeof ref === 'number') {
    const found = at(scope.types, ref, 'type')
    if (found.kind !== 'value') throw damaged(`the type ${ref} is a ${found.kind} type where a value type is expected`)
    return found.type
  }
  let type = primitives.get(ref)
  if (type === undefined) primitives.set(ref, type = primitiveType(ref))
  return type
}

function resolveFunction ({ params, result, async }: FunctionSyntax, scope: Scope): FuncType {
  return {
    params: params.map(({ name, type }) => ({ name, type: resolveValue(type, scope) })),
    ...(result === undefined ? {} : { result: resolveValue(result, scope) }),
    async,
  }
}

function resourceType (dtor: number | undefined, scope: Scope, instance: number | undefined): ResourceType {
  if (instance === undefined) throw damaged('a type declares a resource type')
  return { name: 'resource', owner: { instance }, ...(dtor === undefined ? {} : { dtor: at(scope.coreItems['core func'], dtor, 'core func') }) }
}

export function resourceAt (index: number, scope: Scope): ResourceType {
  const found = at(scope.types, index, 'type')
  if (found.kind !== 'resource') throw damaged(`the type ${index} is no resource type`)
  return found.resource
}

export function functionAt (index: number, scope: Scope): FuncType {
  const found = at(scope.types, index, 'type')
  if (found.kind !== 'func') throw damaged(`the type ${index} is no function type`)
  return found.type
}
