/** The port of a calling convention: how the inputs of a task become a call, and what it returns the outputs. */
import type { Value, ValueType } from '../../task/values.ts'
import type { FunctionType, ImportInfo, ModuleInfo } from '../binary/module-info.ts'
import type { Guest } from './guest.ts'

/** Conventions that are told apart; those without an adapter are refused by name. */
export type Convention =
  | 'numeric' | 'buffer' | 'wasi-command' | 'component'
  | 'assemblyscript' | 'wasm-bindgen' | 'wasm-bindgen-raw' | 'go-js' | 'extism'
  | 'c-main'
  | 'napi' | 'embind' | 'emscripten-minified' | 'dylink'

export interface TypedName { name: string, type: ValueType }

/** What an adapter needs to know of a program. */
export interface Signature {
  /** As the task names it; absent: the convention's default. */
  functionName?: string
  inputs: TypedName[]
  outputs: TypedName[]
}

/** One call with its inputs converted, ready to run on any fresh instance. */
export interface Invocation {
  /** What the program reads from its standard input; absent: it is no command, and its standard output is log text. */
  stdin?: Uint8Array
  /** Runs on a fresh instance, exactly once; throws CorebrumError or whatever the module throws. */
  run (guest: Guest): Record<string, Value>
}

/** A function of one module bound to the inputs and outputs of one program; used for many calls. */
export interface Binding {
  /** The export that is called. */
  functionName: string
  /** Converts the values; nothing has run yet. Throws ERR_INPUT, ERR_VALUE_RANGE. */
  prepare (values: ReadonlyArray<Value | undefined>): Invocation
  /** Imports that only this convention knows. */
  provide?: ImportProvider
}

export type HostFunction = (...args: never[]) => unknown

/** Makes a host function for one call; undefined for an import that is not this provider's. */
export type ImportProvider = (item: ImportInfo) => ((guest: Guest) => HostFunction) | undefined

export interface Adapter {
  convention: Convention
  /** Imports that only this convention knows, whatever function is called: for reports on a module. */
  provides?: ImportProvider
  /** Throws ERR_NO_EXPORT, ERR_SIGNATURE or ERR_RESULT_TYPE when the function cannot fit, whatever the values are. */
  bind (signature: Signature, info: ModuleInfo): Binding
}

/** An export found by name, with its type. */
export interface FoundFunction { name: string, type: FunctionType }
