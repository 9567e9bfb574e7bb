/** Index spaces: making them, and looking things up in them. */
import { CorebrumError } from '../../errors.ts'
import type { CoreInstance, CoreItem, CoreModule, Item, Scope } from './items.ts'
import type { CoreSort, NamedIndex, Sort } from './syntax.ts'

export function makeScope (parent?: Scope): Scope {
  return {
    parent,
    coreItems: { 'core func': [], 'core table': [], 'core memory': [], 'core global': [], 'core tag': [] },
    coreModules: [], coreInstances: [], funcs: [], types: [], instances: [], components: [],
  }
}

export function damaged (what: string): CorebrumError {
  return new CorebrumError('ERR_MODULE_INVALID', `the component is damaged: ${what}`)
}

/** A name from the component, short enough for a message. */
export function quotedName (name: string): string {
  return JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name)
}

export function at<T> (space: readonly T[], index: number, what: string): T {
  const found = space[index]
  if (found === undefined) throw damaged(`there is no ${what} ${index}; there are ${space.length}`)
  return found
}

export function outer (scope: Scope, count: number): Scope {
  let found = scope
  for (let left = count; left > 0; left--) {
    if (found.parent === undefined) throw damaged(`an alias leads ${count} levels out, further than there are`)
    found = found.parent
  }
  return found
}

export function isCoreSort (sort: Sort): sort is CoreSort {
  return sort === 'core func' || sort === 'core table' || sort === 'core memory' || sort === 'core global' || sort === 'core tag'
}

/** What a sort and an index name, of those sorts that can be exported from a component. */
export function itemAt (scope: Scope, { sort, index }: Pick<NamedIndex, 'sort' | 'index'>): Item {
  switch (sort) {
    case 'func': return { sort, item: at(scope.funcs, index, sort) }
    case 'type': return { sort, item: at(scope.types, index, sort) }
    case 'instance': return { sort, item: at(scope.instances, index, sort) }
    case 'component': return { sort, item: at(scope.components, index, sort) }
    case 'core module': return { sort, item: at(scope.coreModules, index, sort) }
    default: throw damaged(`a ${sort} cannot be exported from a component`)
  }
}

export function push (scope: Scope, { sort, item }: Item): void {
  switch (sort) {
    case 'func': scope.funcs.push(item); break
    case 'type': scope.types.push(item); break
    case 'instance': scope.instances.push(item); break
    case 'component': scope.components.push(item); break
    case 'core module': scope.coreModules.push(item); break
  }
}

const CORE_KINDS = { 'core func': 'function', 'core table': 'table', 'core memory': 'memory', 'core global': 'global', 'core tag': 'tag' } as const

/** An export of a core instance. */
export function coreExport (instance: CoreInstance, name: string, sort?: CoreSort): CoreItem {
  const found = instance.kind === 'exports' ? instance.exports.get(name) : moduleExport(instance.id, instance.module, name)
  if (found === undefined) throw damaged(`a core instance does not export ${quotedName(name)}`)
  if (sort !== undefined && kindOf(found) !== CORE_KINDS[sort]) throw damaged(`the core export ${quotedName(name)} is a ${kindOf(found)}, not a ${CORE_KINDS[sort]}`)
  return found
}

function moduleExport (instance: number, module: CoreModule, name: string): CoreItem | undefined {
  const found = module.exports.get(name)
  return found === undefined ? undefined : { kind: 'export', sort: found.kind, instance, name }
}

export function kindOf (item: CoreItem): 'function' | 'table' | 'memory' | 'global' | 'tag' {
  return item.kind === 'export' ? item.sort : 'function'
}
