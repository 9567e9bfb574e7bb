/** Where the results of a map go: standard output, or a file that is written anew; as fast as whoever reads takes them. */
import { open, rm, stat, type FileHandle } from 'node:fs/promises'
import type { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { codeOf, describeSystemError } from '../../config/system-error.ts'
import { CorebrumError } from '../../errors.ts'

export interface MapOutput {
  /** Sees to it that it can be written, before anything is run for it; what is there stays. Rejects with ERR_USAGE. */
  open (): Promise<void>
  /** Rejects with ERR_USAGE when it cannot be written, with ERR_CANCELLED when nobody reads any more. */
  write (chunk: Uint8Array): Promise<void>
  /** All of it is written when it resolves. */
  end (): Promise<void>
  /** Nothing will be written: a file that `open` made goes. */
  abandon (): Promise<void>
}

/** `path` undefined, or `-`: standard output. What a file held goes with the first write, or the end. `reading`: a file that is read meanwhile. */
export function createMapOutput (path?: string, { reading }: { reading?: string | undefined } = {}): MapOutput {
  const isFile = path !== undefined && path !== '-'
  let file: FileHandle | undefined
  let isMade = false
  let stream: Writable | undefined
  let failure: CorebrumError | undefined
  let go: () => void = () => {}
  const wrong = (cause: unknown): CorebrumError => new CorebrumError('ERR_USAGE', `${isFile ? `--output: ${path === '' ? 'an empty name' : path}` : 'standard output'} cannot be written: ${describeSystemError(cause)}`, { cause })
  const fail = (cause: Error): void => {
    failure = codeOf(cause) === 'EPIPE' ? new CorebrumError('ERR_CANCELLED', 'nobody reads the results any more', { cause }) : wrong(cause)
    go()
  }

  async function openFile (): Promise<FileHandle> {
    if (file !== undefined) return file
    const name = path ?? ''
    const [before, input] = await Promise.all([name, reading ?? ''].map(async (one) => await stat(one).catch(() => undefined)))
    if (before !== undefined && input?.isFile() === true && before.ino === input.ino && before.dev === input.dev) {
      throw new CorebrumError('ERR_USAGE', `--output: ${name} is the file that --map reads; name another one`)
    }
    try {
      file = await open(name, 'a')
      isMade = before === undefined
      return file
    } catch (error) {
      throw wrong(error)
    }
  }

  async function begun (): Promise<Writable> {
    if (stream !== undefined) return stream
    let target: Writable = process.stdout
    if (isFile) {
      const opened = await openFile()
      // A pipe or a device holds nothing that could be taken away.
      if ((await opened.stat()).isFile()) await opened.truncate(0)
      target = opened.createWriteStream()
    }
    stream = target.on('error', fail).on('drain', () => { go() })
    return stream
  }

  return {
    async open () {
      if (isFile) await openFile()
    },
    async write (chunk) {
      if (failure !== undefined) throw failure
      if ((await begun()).write(chunk)) return
      await new Promise<void>((resolve) => { go = resolve })
      if (failure !== undefined) throw failure
    },
    async end () {
      if (failure !== undefined) throw failure
      const target = await begun()
      if (isFile) {
        target.end()
        await finished(target).catch(() => {})
      } else await new Promise<void>((resolve) => { target.write('', () => { resolve() }) })
      if (failure !== undefined) throw failure
    },
    async abandon () {
      await file?.close().catch(() => {})
      if (isMade && path !== undefined) await rm(path, { force: true }).catch(() => {})
    },
  }
}
