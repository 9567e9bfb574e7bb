/** WebAssembly text to bytes; `names` are those of functions and locals, which stand in stack traces. */
import wabt from 'wabt'

const FEATURES = {
  bulk_memory: true, simd: true, multi_value: true, reference_types: true, tail_call: true, exceptions: true, threads: true, memory64: true, multi_memory: true,
}

let loading: ReturnType<typeof wabt> | undefined

export async function wat (source: string, { names = true }: { names?: boolean } = {}): Promise<Uint8Array> {
  loading ??= wabt()
  const module = (await loading).parseWat('test.wat', source, FEATURES)
  try {
    return new Uint8Array(module.toBinary({ write_debug_names: names }).buffer)
  } finally {
    module.destroy()
  }
}
