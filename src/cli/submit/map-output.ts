/** Where the results of a map go: standard output, or a file that is written anew; as fast as whoever reads takes them. */
import { createWriteStream } from 'node:fs'
import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { codeOf, describeSystemError } from '../../config/system-error.ts'
import { CorebrumError } from '../../errors.ts'

export interface MapOutput {
  /** It could not be written. */
  readonly failed: boolean
  /** Rejects with ERR_USAGE when it cannot be written, with ERR_CANCELLED when nobody reads any more. */
  write (chunk: Uint8Array): Promise<void>
  /** All of it is written when it resolves. */
  end (): Promise<void>
}

/** `path` undefined, or `-`: standard output. A file is opened with the first write, or the end. */
export function createMapOutput (path?: string): MapOutput {
  const isFile = path !== undefined && path !== '-'
  let opened: Writable | undefined
  let failure: CorebrumError | undefined
  let go: () => void = () => {}
  const fail = (cause: Error): void => {
    failure = codeOf(cause) === 'EPIPE'
      ? new CorebrumError('ERR_CANCELLED', 'nobody reads the results any more', { cause })
      : new CorebrumError('ERR_USAGE', `${isFile ? `--output ${path}` : 'standard output'} cannot be written: ${describeSystemError(cause)}`, { cause })
    go()
  }
  const open = (): Writable => {
    opened ??= (isFile ? createWriteStream(path) : process.stdout).on('error', fail).on('drain', () => { go() })
    return opened
  }
  return {
    get failed () { return failure !== undefined },
    async write (chunk) {
      if (failure !== undefined) throw failure
      if (open().write(chunk)) return
      await new Promise<void>((resolve) => { go = resolve })
      if (failure !== undefined) throw failure
    },
    async end () {
      if (failure !== undefined) throw failure
      const stream = open()
      if (isFile) {
        stream.end()
        await finished(stream).catch(() => {})
      } else await new Promise<void>((resolve) => { stream.write('', () => { resolve() }) })
      if (failure !== undefined) throw failure
    },
  }
}
