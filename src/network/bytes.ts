/** A libp2p stream as plain bytes, without copies. */
import type { Stream } from '@libp2p/interface'
import type { Uint8ArrayList } from 'uint8arraylist'
import type { ByteStream } from './network.ts'

async function * flatten (source: AsyncIterable<Uint8ArrayList>): AsyncGenerator<Uint8Array> {
  for await (const list of source) yield * list
}

export function createByteStream (peer: string, stream: Stream): ByteStream {
  return {
    peer,
    source: flatten(stream.source),
    sink: (source) => stream.sink(source),
    close: () => stream.close(),
    abort: (error) => { stream.abort(error) },
  }
}
