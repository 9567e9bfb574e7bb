/** Modules that claim to come from cargo with wasm-bindgen, written as text. */
import { wat } from './wat.ts'

/** The section by which such a module is known, with the release that made it. */
export async function rawModule (release: string, text: string): Promise<Uint8Array> {
  const json = Buffer.from(JSON.stringify({ schema_version: release, version: release }))
  const name = Buffer.from('__wasm_bindgen_unstable')
  const length = Buffer.alloc(4)
  length.writeUInt32LE(json.length)
  const body = Buffer.concat([Uint8Array.of(name.length), name, length, json])
  return Buffer.concat([await wat(text), Uint8Array.of(0, body.length), body])
}

/** A module with `main` of the given type, which describes it with the given words. */
export function describedModule (release: string, words: readonly number[], main: string, more = ''): Promise<Uint8Array> {
  return rawModule(release, `(module
    (import "__wbindgen_placeholder__" "__wbindgen_describe" (func $describe (param i32)))
    ${more}
    (memory (export "memory") 1)
    (global $top (mut i32) (i32.const 4096))
    (func (export "__wbindgen_malloc") (param i32 i32) (result i32)
      (global.get $top)
      (global.set $top (i32.add (global.get $top) (i32.const 256))))
    (func (export "__wbindgen_describe_main") ${words.map((word) => `(call $describe (i32.const ${word}))`).join(' ')})
    (func (export "main") ${main}))`)
}
