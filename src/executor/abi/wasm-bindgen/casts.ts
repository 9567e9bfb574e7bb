/** Casts: since 0.2.104 a module imports one function for each pair of types that it turns into each other. */
import { CorebrumError } from '../../../errors.ts'
import type { Catalogue } from './imports.ts'
import { spec } from './host-function.ts'
import type { BindgenHost } from './host.ts'
import type { HostValue } from './host-values.ts'
import { ByteView } from './host-values.ts'

/** Pointer and length are text in nearly all modules; bytes that are none become an array of bytes. */
function fromPair (host: BindgenHost, view: HostValue): HostValue {
  if (!(view instanceof ByteView)) return undefined
  try {
    return host.text(view.offset, view.length)
  } catch (thrown) {
    if (!(thrown instanceof CorebrumError) || thrown.code !== 'ERR_RESULT_TYPE') throw thrown
    const made = host.newBytes(view.length)
    host.bytesOf(made).set(host.bytesOf(view))
    return made
  }
}

export const CASTS: Catalogue = {
  'bindgen:cast': [
    spec('bytes', 'ref', (host, [view]) => fromPair(host, view)),
    spec('i64', 'ref', (_host, [value]) => value),
    spec('taken', 'ref', (_host, [value]) => value),
    spec('number', 'ref', (_host, [value]) => value),
  ],
}
