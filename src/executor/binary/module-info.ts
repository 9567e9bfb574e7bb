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
  /** Of a table: what it holds. */
  element?: WasmType
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
  /** Of a section that says which release of wasm-bindgen made it: that release, as in `0.2.83`. */
  release?: string
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
  /** Type index of each function, imported ones first. */
  functionTypes: number[]
  /** Imported ones first, as in the index space. */
  memories: Limits[]
  tables: Limits[]
  /** A table that is filled by an initialiser expression; such limits cannot be rewritten. */
  tableInitialiser: boolean
  globals: number
  tags: number
  /** Defined ones, without those that are imported. */
  functions: number
  hasStart: boolean
  /** Index of the function that runs as soon as the module is instantiated. */
  start?: number
  customs: CustomSection[]
  codeBytes: number
  dataBytes: number
  largestBodyBytes: number
  mostLocals: number
  /** Proposals beyond the first version that the module shows or claims to use. */
  features: string[]
}
