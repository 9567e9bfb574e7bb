/** Checks that core functions have the types that a component uses them with, so that no value of another kind ever crosses. */
import type { FunctionType, ImportInfo } from '../binary/module-info.ts'
import type { CanonOptions, CoreItem, LinkedComponent } from './items.ts'
import { damaged, kindOf, quotedName } from './scope.ts'
import { type FuncType, coreSignature } from './types.ts'

type Signature = Pick<FunctionType, 'params' | 'results'>

const REALLOC: Signature = { params: ['i32', 'i32', 'i32', 'i32'], results: ['i32'] }
const RESOURCE: Record<'resource.new' | 'resource.drop' | 'resource.rep', Signature> = {
  'resource.new': { params: ['i32'], results: ['i32'] },
  'resource.drop': { params: ['i32'], results: [] },
  'resource.rep': { params: ['i32'], results: ['i32'] },
}

type Cores = LinkedComponent['cores']

/** The core type of a function; undefined where nothing is known, as for a built-in function that is refused. */
function signatureOf (item: CoreItem, cores: Cores): Signature | undefined {
  switch (item.kind) {
    case 'export': return cores[item.instance]?.module.exports.get(item.name)?.type
    case 'lower': return coreSignature(item.func.type, 'lower')
    case 'unsupported': return undefined
    default: return RESOURCE[item.kind]
  }
}

function requireSignature (item: CoreItem, expected: Signature, cores: Cores, what: string): void {
  if (item.kind === 'unsupported') return
  const found = signatureOf(item, cores)
  if (found === undefined) throw damaged(`${what} is a ${kindOf(item)}, not a function of a known type`)
  if (text(found) !== text(expected)) throw damaged(`${what} is a core function ${text(found)}; it must be ${text(expected)}`)
}

/** The import of a module, and what the component gives for it. */
export function requireImport (item: ImportInfo, given: CoreItem, cores: Cores): void {
  const what = `what the import ${quotedName(`${item.module}.${item.name}`)} is given`
  if (kindOf(given) !== item.kind) throw damaged(`${what} is a ${kindOf(given)}, not a ${item.kind}`)
  // The engine compares what modules export with what they import.
  if (given.kind === 'export' || given.kind === 'unsupported') return
  if (item.type === undefined) throw damaged(`the import ${quotedName(item.name)} has no function type`)
  requireSignature(given, item.type, cores, what)
}

export function requireLift (core: CoreItem, type: FuncType, options: CanonOptions, cores: Cores): void {
  const signature = coreSignature(type, 'lift')
  requireSignature(core, signature, cores, 'the function behind an export')
  requireOptions(options, cores)
  if (options.postReturn !== undefined) requireSignature(options.postReturn, { params: signature.results, results: [] }, cores, 'a post-return function')
}

export function requireOptions ({ realloc }: CanonOptions, cores: Cores): void {
  if (realloc !== undefined) requireSignature(realloc, REALLOC, cores, 'a realloc function')
}

export function requireDestructor (dtor: CoreItem, cores: Cores): void {
  requireSignature(dtor, { params: ['i32'], results: [] }, cores, 'a destructor')
}

function text ({ params, results }: Signature): string {
  return `(${params.join(', ')}) -> (${results.join(', ')})`
}
