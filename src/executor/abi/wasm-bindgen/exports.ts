/** The exports that wasm-bindgen adds for its generated JavaScript. Newer releases give them names that say nothing, so they are known by type. */
import type { FunctionType, ModuleInfo } from '../../binary/module-info.ts'
import type { FoundFunction } from '../adapter.ts'
import { exportedFunction, exportedFunctions } from '../exports.ts'

export interface BindgenExports {
  /** Takes a size, and since 0.2.88 an alignment. Several when more than one export could be it; none when nothing but numbers is passed. */
  allocators: FoundFunction[]
  /** `(i32) -> i32`: moves the module's stack pointer, to make room for results. */
  stackPointer?: string
  /** `(i32) -> ()`: notes a failed import for the function that called it. */
  storeFailure?: string
  /** The table that holds references, and the function that reserves a place in it. */
  table?: string
  tableAllocator?: string
  /** Runs before anything else. */
  start?: string
}

const ANONYMOUS = /^__wbindgen_export_?\d*$/

const isType = (type: FunctionType, params: string, results: string): boolean => type.params.join() === params && type.results.join() === results

export function findBindgenExports (info: ModuleInfo): BindgenExports {
  const anonymous = exportedFunctions(info).filter(({ name }) => ANONYMOUS.test(name))
  const byType = (params: string, results: string): FoundFunction[] => anonymous.filter(({ type }) => isType(type, params, results))
  const malloc = exportedFunction(info, '__wbindgen_malloc')
  const named = malloc !== undefined && (isType(malloc.type, 'i32', 'i32') || isType(malloc.type, 'i32,i32', 'i32')) ? malloc : undefined
  const stackPointer = functionNamed(info, '__wbindgen_add_to_stack_pointer', 'i32', 'i32')
  const storeFailure = functionNamed(info, '__wbindgen_exn_store', 'i32', '') ?? byType('i32', '')[0]?.name
  const table = info.exports.find((item) => item.kind === 'table' && info.tables[item.index]?.element === 'externref')?.name
  const tableAllocator = functionNamed(info, '__externref_table_alloc', '', 'i32') ?? byType('', 'i32')[0]?.name
  const start = functionNamed(info, '__wbindgen_start', '', '')
  return {
    allocators: named === undefined ? byType('i32,i32', 'i32') : [named],
    ...(stackPointer === undefined ? {} : { stackPointer }),
    ...(storeFailure === undefined ? {} : { storeFailure }),
    ...(table === undefined ? {} : { table }),
    ...(tableAllocator === undefined ? {} : { tableAllocator }),
    ...(start === undefined ? {} : { start }),
  }
}

function functionNamed (info: ModuleInfo, name: string, params: string, results: string): string | undefined {
  const found = exportedFunction(info, name)
  return found !== undefined && isType(found.type, params, results) ? name : undefined
}
