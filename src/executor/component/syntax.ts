/** What the bytes of a component say, definition by definition, with indices as they stand there; types only. */

export type Primitive = 'bool' | 's8' | 'u8' | 's16' | 'u16' | 's32' | 'u32' | 's64' | 'u64' | 'f32' | 'f64' | 'char' | 'string'

/** A primitive type, or the index of a type. */
export type TypeRef = Primitive | number

export interface Labelled { name: string, type: TypeRef }

export type CoreSort = 'core func' | 'core table' | 'core memory' | 'core global' | 'core tag'
export type Sort = CoreSort | 'core type' | 'core module' | 'core instance' | 'func' | 'value' | 'type' | 'component' | 'instance'

export interface FunctionSyntax { kind: 'func', params: Labelled[], result?: TypeRef, async: boolean }

export type TypeSyntax =
  | { kind: 'primitive', name: Primitive }
  | { kind: 'record', fields: Labelled[] }
  | { kind: 'tuple', items: TypeRef[] }
  | { kind: 'variant', cases: Array<{ name: string, type?: TypeRef }> }
  | { kind: 'list', element: TypeRef, length?: number }
  | { kind: 'flags' | 'enum', names: string[] }
  | { kind: 'option', item: TypeRef }
  | { kind: 'result', ok?: TypeRef, err?: TypeRef }
  | { kind: 'own' | 'borrow', resource: number }
  /** Known by name, and refused by it where it is used. */
  | { kind: 'unsupported', name: string }
  | FunctionSyntax
  | { kind: 'component' }
  /** `weight`: declarations, with what they list. */
  | { kind: 'instance', declarations: Declaration[], weight: number }
  | { kind: 'resource', dtor?: number }

/** What an import or an export is declared to be. */
export type ExternType =
  | { sort: 'func' | 'instance' | 'component', type: number }
  | { sort: 'type', equal: number }
  | { sort: 'type', equal: undefined }
  | { sort: 'core module' | 'value' }

export type Declaration =
  | { kind: 'core type' }
  | { kind: 'type', type: TypeSyntax }
  | Alias
  | { kind: 'export', name: string, type: ExternType }

export interface Alias {
  kind: 'alias'
  sort: Sort
  from:
    | { kind: 'export' | 'core export', instance: number, name: string }
    | { kind: 'outer', count: number, index: number }
}

export interface NamedIndex { name: string, sort: Sort, index: number }

export interface CanonOptions {
  encoding: 'utf8' | 'utf16' | 'latin1+utf16'
  memory?: number
  realloc?: number
  postReturn?: number
  async: boolean
}

export type Definition =
  | { kind: 'core module', start: number, end: number }
  | { kind: 'core instance', module: number, args: Array<{ name: string, instance: number }> }
  | { kind: 'core exports', exports: NamedIndex[] }
  | { kind: 'core type' }
  | { kind: 'component', component: ComponentSyntax }
  | { kind: 'instance', component: number, args: NamedIndex[] }
  | { kind: 'exports', exports: NamedIndex[] }
  | Alias
  | { kind: 'type', type: TypeSyntax }
  | { kind: 'lift', func: number, options: CanonOptions, type: number }
  | { kind: 'lower', func: number, options: CanonOptions }
  | { kind: 'resource.new' | 'resource.drop' | 'resource.rep', resource: number }
  /** A built-in function or definition that is refused by its name. */
  | { kind: 'unsupported', name: string, makes?: 'core func' | 'value' }
  | { kind: 'import', name: string, type: ExternType }
  | { kind: 'export', name: string, sort: Sort, index: number }

export interface ComponentSyntax {
  definitions: Definition[]
  customs: Array<{ name: string, byteLength: number }>
  /** Definitions, with what they list; those of nested components count for themselves. */
  weight: number
}
