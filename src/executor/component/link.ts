/**
 * Links a component: follows its definitions, those of nested components where they are instantiated, to one list of
 * core instances and the exports that lead to them. Nothing runs; what a call does later is known from here on.
 */
import { CorebrumError } from '../../errors.ts'
import { MAX_COMPONENT_DEFINITIONS, MAX_COMPONENT_DEPTH, MAX_COMPONENT_FUNCTIONS, MAX_COMPONENT_INSTANCES } from '../limits.ts'
import { parseModule } from '../binary/parse.ts'
import { exportedFunctions } from './exports.ts'
import { hostImport } from './host-imports.ts'
import type { CanonOptions, ComponentItem, CoreInstance, CoreItem, CoreModule, Instance, Item, LinkedComponent, Scope } from './items.ts'
import { functionAt, resolveType, resourceAt } from './resolve.ts'
import { at, coreExport, damaged, isCoreSort, itemAt, makeScope, outer, push, quotedName } from './scope.ts'
import { requireDestructor, requireImport, requireLift, requireOptions } from './signatures.ts'
import type { Alias, CanonOptions as OptionSyntax, ComponentSyntax, Definition, NamedIndex } from './syntax.ts'

/** Throws ERR_MODULE_INVALID, ERR_MODULE_UNSUPPORTED, or ERR_MODULE_TOO_LARGE above the limits of components. */
export function linkComponent (bytes: Uint8Array, syntax: ComponentSyntax): LinkedComponent {
  return new ComponentLinker(bytes).link(syntax)
}

/** One instantiation of a component: its scope, its number, and what it is given. */
interface Frame {
  scope: Scope
  instance: number
  /** Undefined for the outermost: the host gives what it imports. */
  args: Instance | undefined
  exports: Map<string, Item>
  depth: number
}

class ComponentLinker {
  private readonly bytes: Uint8Array
  private readonly linked: LinkedComponent = { cores: [], parents: [], imports: [], exports: new Map(), unsupported: [], customs: [] }
  private readonly modules = new Map<number, CoreModule>()
  private steps = 0

  constructor (bytes: Uint8Array) {
    this.bytes = bytes
  }

  link (syntax: ComponentSyntax): LinkedComponent {
    this.linked.exports = this.instantiate({ syntax, scope: makeScope() }, undefined, undefined, 0)
    this.linked.customs = syntax.customs
    const most = Math.max(this.linked.imports.length, exportedFunctions(this.linked).length)
    if (most > MAX_COMPONENT_FUNCTIONS) throw new CorebrumError('ERR_MODULE_TOO_LARGE', `the component imports or exports ${most} functions; ${MAX_COMPONENT_FUNCTIONS} are allowed`)
    return this.linked
  }

  private instantiate ({ syntax, scope }: ComponentItem, args: Instance | undefined, parent: number | undefined, depth: number): Instance {
    if (depth >= MAX_COMPONENT_DEPTH) throw damaged(`components instantiate each other deeper than ${MAX_COMPONENT_DEPTH} levels`)
    const instance = this.linked.parents.push(parent) - 1
    this.requireRoom(instance, 'instances of components')
    this.spend(syntax.weight)
    const frame: Frame = { scope: makeScope(scope), instance, args, exports: new Map(), depth }
    for (const definition of syntax.definitions) this.define(definition, frame)
    return frame.exports
  }

  /** Counts definitions again each time that they are instantiated: small components can describe very large ones. */
  private readonly spend = (definitions: number): void => {
    this.steps += definitions
    if (this.steps > MAX_COMPONENT_DEFINITIONS) throw new CorebrumError('ERR_MODULE_TOO_LARGE', `the component's instances have more than ${MAX_COMPONENT_DEFINITIONS} definitions together`)
  }

  private define (definition: Definition, frame: Frame): void {
    const { scope, instance } = frame
    const coreFuncs = scope.coreItems['core func']
    switch (definition.kind) {
      case 'core module': scope.coreModules.push(this.module(definition.start, definition.end)); break
      case 'core instance': scope.coreInstances.push(this.coreInstance(definition.module, definition.args, scope)); break
      case 'core exports': scope.coreInstances.push({ kind: 'exports', exports: coreExports(definition.exports, scope) }); break
      case 'core type': break
      case 'component': scope.components.push({ syntax: definition.component, scope }); break
      case 'instance': scope.instances.push(this.instance(definition, frame)); break
      case 'exports': scope.instances.push(new Map(definition.exports.map((item) => [item.name, itemAt(scope, item)]))); break
      case 'alias': this.alias(definition, scope); break
      case 'type': scope.types.push(resolveType(definition.type, scope, instance, this.noteUnsupported)); break
      case 'lift': this.lift(definition, frame); break
      case 'lower': coreFuncs.push(this.lower(definition, frame)); break
      case 'resource.new': case 'resource.drop': case 'resource.rep': coreFuncs.push(this.resourceFunction(definition, frame)); break
      case 'unsupported':
        this.noteUnsupported(definition.name)
        if (definition.makes === 'core func') coreFuncs.push({ kind: 'unsupported', name: definition.name })
        break
      case 'import': this.import(definition, frame); break
      case 'export': this.export(definition, frame); break
    }
  }

  private readonly noteUnsupported = (name: string): void => {
    if (!this.linked.unsupported.includes(name)) this.linked.unsupported.push(name)
  }

  private module (start: number, end: number): CoreModule {
    let module = this.modules.get(start)
    if (module === undefined) {
      this.requireRoom(this.modules.size, 'different core modules')
      const bytes = this.bytes.subarray(start, end)
      const info = parseModule(bytes)
      module = { bytes, info, exports: new Map(info.exports.map((item) => [item.name, item])) }
      this.modules.set(start, module)
    }
    return module
  }

  private coreInstance (index: number, args: Array<{ name: string, instance: number }>, scope: Scope): CoreInstance {
    const { cores } = this.linked
    const module = at(scope.coreModules, index, 'core module')
    const given = new Map(args.map(({ name, instance }) => [name, at(scope.coreInstances, instance, 'core instance')]))
    const imports = module.info.imports.map((item) => {
      const source = given.get(item.module)
      if (source === undefined) throw damaged(`a core module imports ${quotedName(item.module)}, which it is not given`)
      const found = coreExport(source, item.name)
      requireImport(item, found, cores)
      return { module: item.module, name: item.name, item: found }
    })
    const id = cores.push({ module, imports }) - 1
    this.requireRoom(id, 'instances of core modules')
    return { kind: 'instance', id, module }
  }

  private requireRoom (index: number, what: string): void {
    if (index >= MAX_COMPONENT_INSTANCES) throw new CorebrumError('ERR_MODULE_TOO_LARGE', `the component has more than ${MAX_COMPONENT_INSTANCES} ${what}`)
  }

  private instance ({ component, args }: Extract<Definition, { kind: 'instance' }>, { scope, instance, depth }: Frame): Instance {
    const given = new Map(args.map((arg) => [arg.name, itemAt(scope, arg)]))
    return this.instantiate(at(scope.components, component, 'component'), given, instance, depth + 1)
  }

  private alias ({ sort, from }: Alias, scope: Scope): void {
    if (from.kind === 'core export') {
      if (!isCoreSort(sort)) throw damaged(`an alias leads to a core export of the sort ${sort}`)
      scope.coreItems[sort].push(coreExport(at(scope.coreInstances, from.instance, 'core instance'), from.name, sort))
    } else if (from.kind === 'export') {
      const found = at(scope.instances, from.instance, 'instance').get(from.name)
      if (found?.sort !== sort) throw damaged(`an instance exports no ${sort} ${quotedName(from.name)}`)
      push(scope, found)
    } else if (from.kind === 'outer' && sort !== 'core type') {
      push(scope, itemAt(outer(scope, from.count), { sort, index: from.index }))
    }
  }

  private options ({ encoding, async, memory, realloc, postReturn }: OptionSyntax, scope: Scope): CanonOptions {
    const memoryItem = memory === undefined ? undefined : at(scope.coreItems['core memory'], memory, 'core memory')
    const func = (index: number): CoreItem => at(scope.coreItems['core func'], index, 'core func')
    return {
      encoding,
      async,
      ...(memoryItem?.kind === 'export' ? { memory: memoryItem } : {}),
      ...(realloc === undefined ? {} : { realloc: func(realloc) }),
      ...(postReturn === undefined ? {} : { postReturn: func(postReturn) }),
    }
  }

  private lift (definition: Extract<Definition, { kind: 'lift' }>, { scope, instance }: Frame): void {
    const type = functionAt(definition.type, scope)
    const core = at(scope.coreItems['core func'], definition.func, 'core func')
    const options = this.options(definition.options, scope)
    if (type.async || options.async) this.noteUnsupported('async functions')
    else requireLift(core, type, options, this.linked.cores)
    scope.funcs.push({ kind: 'lift', core, options, type, owner: instance })
  }

  private lower (definition: Extract<Definition, { kind: 'lower' }>, { scope, instance }: Frame): CoreItem {
    const func = at(scope.funcs, definition.func, 'func')
    const options = this.options(definition.options, scope)
    requireOptions(options, this.linked.cores)
    if (!options.async && !func.type.async) return { kind: 'lower', func, options, owner: instance }
    this.noteUnsupported('async functions')
    return { kind: 'unsupported', name: 'async' }
  }

  private resourceFunction ({ kind, resource: index }: Extract<Definition, { resource: number }>, { scope, instance }: Frame): CoreItem {
    const resource = resourceAt(index, scope)
    const { owner, dtor } = resource
    if (kind !== 'resource.drop' && (!('instance' in owner) || owner.instance !== instance)) throw damaged(`${kind} is used with a resource type of another component`)
    if (dtor !== undefined) requireDestructor(dtor, this.linked.cores)
    return { kind, resource, owner: instance }
  }

  private import ({ name, type }: Extract<Definition, { kind: 'import' }>, { scope, args }: Frame): void {
    const item = args === undefined
      ? hostImport(name, type, { scope, found: this.linked.imports, onUnsupported: this.noteUnsupported, spend: this.spend })
      : args.get(name)
    if (args !== undefined && item?.sort !== type.sort) throw damaged(`a nested component imports the ${type.sort} ${quotedName(name)}, which it is not given`)
    if (item !== undefined) push(scope, item)
    else throw new CorebrumError('ERR_MODULE_UNSUPPORTED', `the component imports the ${type.sort} ${quotedName(name)}; only functions and interfaces can be given: link it with the component that provides it`)
  }

  private export (definition: Extract<Definition, { kind: 'export' }>, { scope, exports }: Frame): void {
    const item = itemAt(scope, definition)
    if (exports.has(definition.name)) throw damaged(`two exports have the name ${quotedName(definition.name)}`)
    if (item.sort === 'type' && item.item.kind === 'resource' && item.item.resource.name === 'resource') item.item.resource.name = definition.name
    exports.set(definition.name, item)
    push(scope, item)
  }
}

function coreExports (items: NamedIndex[], scope: Scope): Map<string, CoreItem> {
  return new Map(items.map(({ name, sort, index }) => {
    if (!isCoreSort(sort)) throw damaged(`a core instance exports a ${sort}`)
    return [name, at(scope.coreItems[sort], index, sort)]
  }))
}
