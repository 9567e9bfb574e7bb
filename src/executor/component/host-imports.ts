/** What the outermost component imports, made from what it declares: functions, resource types and instances of the host. */
import { MAX_COMPONENT_DEPTH } from '../limits.ts'
import type { HostImport, Instance, Item, Scope, TypeItem } from './items.ts'
import { type OnUnsupported, functionAt, resolveType } from './resolve.ts'
import { at, damaged, makeScope, outer, push } from './scope.ts'
import type { Alias, Declaration, ExternType } from './syntax.ts'

export interface HostImports {
  scope: Scope
  found: HostImport[]
  onUnsupported: OnUnsupported
  /** Counts declarations: types can name each other, so that a few describe very many. */
  spend: (definitions: number) => void
}

type InstanceType = Extract<TypeItem, { kind: 'instance' }>

/** The host's side of one import; undefined for a kind that no host can give. */
export function hostImport (name: string, type: ExternType, { scope, ...context }: HostImports): Item | undefined {
  if (type.sort === 'instance') return { sort: 'instance', item: new HostInstance(name, context).make(instanceType(type.type, scope), 0) }
  const item = hostItem({ from: '', name, type, scope })
  context.found.push({ interface: '', name, item })
  return item
}

/** Makes the instance of one import by its type, with the instances inside. */
class HostInstance {
  private readonly name: string
  private readonly context: Omit<HostImports, 'scope'>

  constructor (name: string, context: Omit<HostImports, 'scope'>) {
    this.name = name
    this.context = context
  }

  make ({ declarations, weight, scope: around }: InstanceType, depth: number): Instance {
    if (depth >= MAX_COMPONENT_DEPTH) throw damaged(`instances are nested deeper than ${MAX_COMPONENT_DEPTH} levels`)
    this.context.spend(1 + weight)
    const scope = makeScope(around)
    const exports = new Map<string, Item>()
    for (const declaration of declarations) {
      if (declaration.kind === 'type') scope.types.push(resolveType(declaration.type, scope, undefined, this.context.onUnsupported))
      else if (declaration.kind === 'alias') push(scope, typeAlias(declaration, scope))
      else if (declaration.kind === 'export') {
        const item = this.member(declaration, scope, depth)
        if (item === undefined) throw damaged('an imported instance exports what no host can give')
        push(scope, item)
        exports.set(declaration.name, item)
      }
    }
    return exports
  }

  private member ({ name, type }: Extract<Declaration, { kind: 'export' }>, scope: Scope, depth: number): Item | undefined {
    if (type.sort === 'instance') return { sort: 'instance', item: this.make(instanceType(type.type, scope), depth + 1) }
    const item = hostItem({ from: this.name, name, type, scope })
    if (type.sort !== 'type') this.context.found.push({ interface: this.name, name, item })
    return item
  }
}

function instanceType (index: number, scope: Scope): InstanceType {
  const declared = at(scope.types, index, 'type')
  if (declared.kind !== 'instance') throw damaged(`the type ${index} is no instance type`)
  return declared
}

function hostItem ({ from, name, type, scope }: { from: string, name: string, type: ExternType, scope: Scope }): Item | undefined {
  switch (type.sort) {
    case 'func': return { sort: 'func', item: { kind: 'host', interface: from, name, type: functionAt(type.type, scope) } }
    case 'type':
      if (type.equal !== undefined) return { sort: 'type', item: named(name, at(scope.types, type.equal, 'type')) }
      return { sort: 'type', item: { kind: 'resource', resource: { name, owner: { host: from } } } }
    default: return undefined
  }
}

function named (name: string, item: TypeItem): TypeItem {
  return item.kind === 'value' ? { kind: 'value', type: { ...item.type, name } } : item
}

/** Aliases between types, the only ones that declarations need. */
function typeAlias ({ sort, from }: Alias, scope: Scope): Item {
  if (from.kind === 'outer' && sort === 'type') return { sort, item: at(outer(scope, from.count).types, from.index, 'type') }
  if (from.kind === 'export') {
    const found = at(scope.instances, from.instance, 'instance').get(from.name)
    if (found?.sort === sort) return found
  }
  throw damaged('a declaration holds an alias to something that is not there')
}
