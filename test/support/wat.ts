/** WebAssembly text to bytes. */
import wabt from 'wabt'

let loading: ReturnType<typeof wabt> | undefined

export async function wat (source: string): Promise<Uint8Array> {
  loading ??= wabt()
  const module = (await loading).parseWat('test.wat', source, { bulk_memory: true, simd: true, multi_value: true, reference_types: true })
  try {
    return new Uint8Array(module.toBinary({ write_debug_names: true }).buffer)
  } finally {
    module.destroy()
  }
}
