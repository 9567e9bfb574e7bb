/** The part of the WebAssembly JavaScript interface that is used here; the type library has it only together with all of the DOM. */
declare namespace WebAssembly {
  type ImportValue = ((...args: never[]) => unknown) | Memory | Table | Global
  type Imports = Record<string, Record<string, ImportValue>>
  type ExportValue = ((...args: unknown[]) => unknown) | Memory | Table | Global
  type Exports = Record<string, ExportValue>

  function validate (bytes: Uint8Array<ArrayBuffer>): boolean

  class Module {
    constructor (bytes: Uint8Array<ArrayBuffer>)
  }

  class Instance {
    constructor (module: Module, imports?: Imports)
    readonly exports: Exports
  }

  class Memory {
    constructor (descriptor: { initial: number, maximum?: number })
    readonly buffer: ArrayBuffer
    grow (pages: number): number
  }

  class Table {
    constructor (descriptor: { element: 'anyfunc', initial: number, maximum?: number })
    readonly length: number
    get (index: number): ((...args: unknown[]) => unknown) | null
    set (index: number, value: unknown): void
    grow (count: number): number
  }

  class Global {
    constructor (descriptor: { value: 'i32' | 'i64' | 'f32' | 'f64', mutable?: boolean }, value: number | bigint)
    value: unknown
  }

  class Exception {}
  class CompileError extends Error {}
  class LinkError extends Error {}
  class RuntimeError extends Error {}
}
