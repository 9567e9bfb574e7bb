/** Static checks: what is refused before a module is compiled, each with the number found and the number allowed. */
import { CorebrumError, type ErrorCode } from '../../errors.ts'
import { MAX_MODULE_BYTES, WASM_PAGE_BYTES } from '../../limits.ts'
import { MAX_FUNCTION_BODY_BYTES, MAX_GLOBALS, MAX_LOCALS_PER_FUNCTION, MAX_TABLES, MAX_TABLE_ENTRIES } from '../limits.ts'
import type { ModuleInfo } from './module-info.ts'

export interface Problem { code: ErrorCode, message: string }

/** Every reason why the module may not run with `maxPages` of memory (64 KiB each); empty when it may. */
export function moduleProblems (info: ModuleInfo, maxPages: number): Problem[] {
  const problems: Problem[] = []
  const refuse = (code: ErrorCode, message: string): void => { problems.push({ code, message }) }

  if (info.byteLength > MAX_MODULE_BYTES) refuse('ERR_MODULE_TOO_LARGE', `the module has ${info.byteLength} bytes; ${MAX_MODULE_BYTES} are allowed`)
  if (info.memories.length > 1) refuse('ERR_MODULE_UNSUPPORTED', `the module has ${info.memories.length} memories (multi-memory); build it with one`)
  if ([...info.memories, ...info.tables].some((limits) => limits.shared)) refuse('ERR_MODULE_UNSUPPORTED', sharedMemory(info))
  if ([...info.memories, ...info.tables].some((limits) => limits.wide)) refuse('ERR_MODULE_UNSUPPORTED', 'the module uses 64-bit memory (memory64); build it for wasm32')
  if (info.memories.some((limits) => limits.pageSizeLog2 !== undefined)) refuse('ERR_MODULE_UNSUPPORTED', 'the module uses custom page sizes; build it without them')
  if (info.tableInitialiser) refuse('ERR_MODULE_UNSUPPORTED', 'the module has a table with an initialiser expression; build it without the garbage collection proposal')
  for (const { min } of info.memories) {
    if (min > BigInt(maxPages)) {
      const needs = min * BigInt(WASM_PAGE_BYTES)
      refuse('ERR_MEMORY_LIMIT', `the module starts with ${inMiB(needs)} of memory; this task may have ${inMiB(BigInt(maxPages) * BigInt(WASM_PAGE_BYTES))}: raise memory_limit or build the module with less`)
    }
  }
  if (info.tables.length > MAX_TABLES) refuse('ERR_TABLE_LIMIT', `the module has ${info.tables.length} tables; ${MAX_TABLES} are allowed`)
  for (const { min } of info.tables) {
    if (min > BigInt(MAX_TABLE_ENTRIES)) refuse('ERR_TABLE_LIMIT', `the module has a table of ${min} entries; ${MAX_TABLE_ENTRIES} are allowed`)
  }
  if (info.globals > MAX_GLOBALS) refuse('ERR_MODULE_TOO_LARGE', `the module has ${info.globals} globals; ${MAX_GLOBALS} are allowed`)
  if (info.largestBodyBytes > MAX_FUNCTION_BODY_BYTES) refuse('ERR_MODULE_TOO_LARGE', `the module has a function of ${info.largestBodyBytes} bytes; ${MAX_FUNCTION_BODY_BYTES} are allowed`)
  if (info.mostLocals > MAX_LOCALS_PER_FUNCTION) refuse('ERR_MODULE_TOO_LARGE', `the module has a function with ${info.mostLocals} locals; ${MAX_LOCALS_PER_FUNCTION} are allowed`)
  return problems
}

/** Names what is shared, and how to build without it. */
function sharedMemory ({ imports }: ModuleInfo): string {
  const found = imports.find(({ limits }) => limits?.shared)
  const what = found === undefined ? 'has shared memory' : `imports the shared memory ${found.module}.${found.name}`
  return `the module ${what}, which threads use: build it without threads (emcc, clang and wasi-sdk: without -pthread; Rust: without -C target-feature=+atomics, for wasm32-wasip1 and not its -threads variant; AssemblyScript: without --sharedMemory)`
}

/** Throws the first of `moduleProblems`, with all of them in `problems`. */
export function checkModule (info: ModuleInfo, maxPages: number): void {
  const problems = moduleProblems(info, maxPages)
  const [first] = problems
  if (first !== undefined) throw new CorebrumError(first.code, first.message, { problems: problems.map((problem) => problem.message) })
}

function inMiB (bytes: bigint): string {
  return `${(Number(bytes) / 1048576).toFixed(2).replace(/\.?0+$/, '')} MiB`
}
