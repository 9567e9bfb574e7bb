/** The functions of `extism:host/env`, and of `env.extism_*` as plug-ins imported them before 1.0. */
import type { FunctionType, ImportInfo } from '../../binary/module-info.ts'
import type { HostFunction, ImportProvider } from '../adapter.ts'
import { sameType } from '../exports.ts'
import type { Guest } from '../guest.ts'
import { sendFromKernel } from './http.ts'
import type { Kernel } from './kernel.ts'

const MODULE = 'extism:host/env'
const LEGACY = /^extism_(\w+)$/
const encoder = new TextEncoder()

type Handle = bigint
interface KernelFunction {
  type: FunctionType
  make: (kernel: Kernel, guest: Guest) => HostFunction
}

const fits = (params: FunctionType['params'], ...results: FunctionType['results']): FunctionType => ({ params, results })
const handle = (address: number): Handle => BigInt(address)
/** An address that no block can have is none. */
const address = (value: Handle): number => Number(BigInt.asUintN(64, value))

function inputByte ({ input }: Kernel, at: Handle): number {
  return input[address(at)] ?? 0
}

function inputWord ({ input }: Kernel, at: Handle): bigint {
  const from = address(at)
  if (from + 8 > input.length) return 0n
  return new DataView(input.buffer, input.byteOffset, input.byteLength).getBigUint64(from, true)
}

/** One line of the log; the block is the host's from then on. */
function log (level: string): KernelFunction {
  return {
    type: fits(['i64']),
    make: (kernel, guest) => (text: Handle) => {
      guest.logs.writeText(`[${level}] ${kernel.text(address(text))}\n`)
      kernel.release(address(text))
    },
  }
}

const FUNCTIONS: ReadonlyMap<string, KernelFunction> = new Map<string, KernelFunction>([
  ['alloc', { type: fits(['i64'], 'i64'), make: (kernel) => (length: Handle) => handle(kernel.allocate(address(length))) }],
  ['free', { type: fits(['i64']), make: (kernel) => (at: Handle) => { kernel.release(address(at)) } }],
  ['length', { type: fits(['i64'], 'i64'), make: (kernel) => (at: Handle) => handle(kernel.lengthOf(address(at))) }],
  ['length_unsafe', { type: fits(['i64'], 'i64'), make: (kernel) => (at: Handle) => handle(kernel.lengthOf(address(at))) }],
  ['load_u8', { type: fits(['i64'], 'i32'), make: (kernel) => (at: Handle) => kernel.view(address(at), 1).getUint8(0) }],
  ['load_u64', { type: fits(['i64'], 'i64'), make: (kernel) => (at: Handle) => kernel.view(address(at), 8).getBigUint64(0, true) }],
  ['store_u8', { type: fits(['i64', 'i32']), make: (kernel) => (at: Handle, value: number) => { kernel.view(address(at), 1).setUint8(0, value) } }],
  ['store_u64', { type: fits(['i64', 'i64']), make: (kernel) => (at: Handle, value: bigint) => { kernel.view(address(at), 8).setBigUint64(0, value, true) } }],
  ['input_offset', { type: fits([], 'i64'), make: (kernel) => () => handle(kernel.inputAddress()) }],
  ['input_length', { type: fits([], 'i64'), make: (kernel) => () => handle(kernel.input.length) }],
  ['input_load_u8', { type: fits(['i64'], 'i32'), make: (kernel) => (at: Handle) => inputByte(kernel, at) }],
  ['input_load_u64', { type: fits(['i64'], 'i64'), make: (kernel) => (at: Handle) => inputWord(kernel, at) }],
  ['output_set', { type: fits(['i64', 'i64']), make: (kernel) => (at: Handle, length: Handle) => { kernel.setOutput(address(at), address(length)) } }],
  ['error_set', { type: fits(['i64']), make: (kernel) => (at: Handle) => { kernel.setError(address(at)) } }],
  ['error_get', { type: fits([], 'i64'), make: (kernel) => () => handle(kernel.error) }],
  ['config_get', {
    type: fits(['i64'], 'i64'),
    make: (kernel, guest) => (name: Handle) => {
      const key = kernel.text(address(name))
      const value = Object.hasOwn(guest.env, key) ? guest.env[key] : undefined
      return value === undefined ? 0n : handle(kernel.store(encoder.encode(value)))
    },
  }],
  ['var_get', {
    type: fits(['i64'], 'i64'),
    make: (kernel) => (name: Handle) => {
      const value = kernel.variable(kernel.text(address(name)))
      return value === undefined ? 0n : handle(kernel.store(value))
    },
  }],
  ['var_set', {
    type: fits(['i64', 'i64']),
    make: (kernel) => (name: Handle, value: Handle) => { kernel.setVariable(kernel.text(address(name)), value === 0n ? undefined : kernel.read(address(value))) },
  }],
  ...['trace', 'debug', 'info', 'warn', 'error'].map((level): [string, KernelFunction] => [`log_${level}`, log(level)]),
  // Everything is logged: 0 is the lowest of the levels.
  ['get_log_level', { type: fits([], 'i32'), make: () => () => 0 }],
  ['http_request', { type: fits(['i64', 'i64'], 'i64'), make: (kernel, guest) => (request: Handle, body: Handle) => handle(sendFromKernel(kernel, guest, address(request), address(body))) }],
  ['http_status_code', { type: fits([], 'i32'), make: (kernel) => () => kernel.httpStatus }],
  ['http_headers', { type: fits([], 'i64'), make: (kernel) => () => handle(kernel.httpHeaders) }],
])

/** The name of a kernel function that an import asks for, or undefined. */
export function kernelName ({ module, name }: Pick<ImportInfo, 'module' | 'name'>): string | undefined {
  if (module === MODULE) return name
  return module === 'env' ? LEGACY.exec(name)?.[1] : undefined
}

/** The imports of one plug-in; `kernelOf` gives the kernel of a call. An import of another type than the kernel's is not provided. */
export function provideKernel (kernelOf: (guest: Guest) => Kernel): ImportProvider {
  return (item) => {
    const name = kernelName(item)
    const found = name === undefined ? undefined : FUNCTIONS.get(name)
    if (found === undefined || item.type === undefined || !sameType(item.type, found.type)) return undefined
    return (guest) => found.make(kernelOf(guest), guest)
  }
}
