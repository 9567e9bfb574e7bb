/** What one pass over a module's sections tells; types only. */

/** Value types by name; all reference types beyond the two first ones read as `ref`. */
export type WasmType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128' | 'funcref' | 'externref' | 'ref'

export interface FunctionType {
  params: WasmType[]
  results: WasmType[]
}

/** Limits of a memory (pages of 64 KiB) or of a table (entries). */
export interface Limits {
  min: bigint
  max?: bigint
  shared: boolean
  /** 64-bit addresses or indices. */
  wide: boolean
  /** Set by the custom-page-sizes proposal. */
  pageSizeLog2?: number
  /** Where the limits stand in the bytes, flags included: for rewriting. */
  start: number
  end: number
}

export interface ImportInfo {
  module: string
  name: string
  kind: 'function' | 'table' | 'memory' | 'global' | 'tag'
  /** Of a function; absent where its type is not a function type. */
  type?: FunctionType
  /** Of a global. */
  valueType?: WasmType
  mutable?: boolean
  /** Of a memory or table. */
  limits?: Limits
}

export interface ExportInfo {
  name: string
  kind: ImportInfo['kind']
  index: number
  /** Of a function. */
  type?: FunctionType
}

export interface SectionInfo {
  id: number
  /** Of its id byte. */
  header: number
  start: number
  end: number
}

export interface CustomSection {
  name: string
  /** Of its contents, behind the name. */
  start: number
  end: number
}

export interface ModuleInfo {
  byteLength: number
  sections: SectionInfo[]
  types: Array<FunctionType | undefined>
  imports: ImportInfo[]
  exports: ExportInfo[]
  /** Imported ones first, as in the index space. */
  memories: Limits[]
  tables: Limits[]
  /** A table that is filled by an initialiser expression; such limits cannot be rewritten. */
  tableInitialiser: boolean
  globals: number
  tags: number
  functions: number
  hasStart: boolean
  customs: CustomSection[]
  codeBytes: number
  dataBytes: number
  largestBodyBytes: number
  mostLocals: number
  /** Proposals beyond the first version that the module shows or claims to use. */
  features: string[]
}
