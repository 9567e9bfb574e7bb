/** What the definitions of a component stand for once it is linked: one graph for all its nested components. Types only. */
import type { ExportInfo, ModuleInfo } from '../binary/module-info.ts'
import type { CanonOptions as OptionSyntax, ComponentSyntax, Declaration } from './syntax.ts'
import type { FuncType, ResourceType, ValType } from './types.ts'

/** A core module inside a component. */
export interface CoreModule {
  bytes: Uint8Array
  info: ModuleInfo
  exports: ReadonlyMap<string, ExportInfo>
}

export interface CoreExport { kind: 'export', sort: ExportInfo['kind'], instance: number, name: string }

/** A core definition: an export of a core instance, or a function that the component's own rules make. */
export type CoreItem =
  | CoreExport
  | { kind: 'lower', func: FuncItem, options: CanonOptions, owner: number }
  | { kind: 'resource.new' | 'resource.drop' | 'resource.rep', resource: ResourceType, owner: number }
  /** A built-in function that does not exist here. */
  | { kind: 'unsupported', name: string }

export interface CanonOptions extends Pick<OptionSyntax, 'encoding' | 'async'> {
  memory?: CoreExport
  realloc?: CoreItem
  postReturn?: CoreItem
}

export type CoreInstance =
  | { kind: 'instance', id: number, module: CoreModule }
  | { kind: 'exports', exports: ReadonlyMap<string, CoreItem> }

/** A function of a component: made from a core function, or of the host. `owner` is the component instance it belongs to. */
export type LiftItem = { kind: 'lift', core: CoreItem, options: CanonOptions, type: FuncType, owner: number }
export type HostItem = { kind: 'host', interface: string, name: string, type: FuncType }
export type FuncItem = LiftItem | HostItem

/** A type as it stands in a type index space. */
export type TypeItem =
  | { kind: 'value', type: ValType }
  | { kind: 'func', type: FuncType }
  | { kind: 'resource', resource: ResourceType }
  /** Read only when something of this type is imported, in the scope where it stands. */
  | { kind: 'instance', declarations: Declaration[], weight: number, scope: Scope }
  | { kind: 'component' }

export interface ComponentItem {
  syntax: ComponentSyntax
  /** Where its outer aliases lead. */
  scope: Scope
}

export type Item =
  | { sort: 'func', item: FuncItem }
  | { sort: 'type', item: TypeItem }
  | { sort: 'instance', item: Instance }
  | { sort: 'component', item: ComponentItem }
  | { sort: 'core module', item: CoreModule }

/** Exports of a component instance, by name. */
export type Instance = ReadonlyMap<string, Item>

/** The index spaces of one component, or of one type that declares things. */
export interface Scope {
  readonly parent: Scope | undefined
  readonly coreItems: Record<'core func' | 'core table' | 'core memory' | 'core global' | 'core tag', CoreItem[]>
  readonly coreModules: CoreModule[]
  readonly coreInstances: CoreInstance[]
  readonly funcs: FuncItem[]
  readonly types: TypeItem[]
  readonly instances: Instance[]
  readonly components: ComponentItem[]
}

/** A component with all its nested components linked: what one instantiation of it does. */
export interface LinkedComponent {
  /** Core instances in the order in which they are made; a `CoreExport` names them by their place here. */
  cores: Array<{ module: CoreModule, imports: Array<{ module: string, name: string, item: CoreItem }> }>
  /** Of each component instance, the one that it was made in; undefined for the outermost, which is the first. */
  parents: Array<number | undefined>
  imports: HostImport[]
  exports: Instance
  /** Asynchronous built-in functions and types, and other definitions that do not run here. */
  unsupported: string[]
  customs: ComponentSyntax['customs']
}

/** Something that the outermost component imports. */
export interface HostImport {
  /** `wasi:io/streams@0.2.0`; empty for what is imported by itself. */
  interface: string
  name: string
  item: Item | undefined
}
