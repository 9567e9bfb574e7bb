/** Large outputs of finished tasks: a file for each task, named by its id, on disk before the record that names it. */
import { crc32 } from 'node:zlib'
import { mkdir, opendir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { decode, encode } from '../../cbor.ts'
import { CorebrumError } from '../../errors.ts'
import { journalError } from '../../journal/journal-error.ts'
import { writeDurably } from '../../modules/durable-file.ts'
import { areSmall } from '../../task/blob.ts'
import { splitTaskId } from '../../task/task-id.ts'
import type { Value } from '../../task/values.ts'
import { outputsFrom } from './record.ts'

/** Size and CRC-32 of a file. */
export interface OutputsFile { readonly size: number, readonly crc: number }

export class OutputFiles {
  private readonly dir: string

  /** `dir` is made when it is needed. */
  constructor (dir: string) {
    this.dir = dir
  }

  /** True for outputs that do not lie in their record. Rough and cheap. */
  static takes (outputs: Record<string, Value> | undefined): outputs is Record<string, Value> {
    return outputs !== undefined && !areSmall(Object.values(outputs))
  }

  /** Rejects with ERR_JOURNAL. */
  async write (id: string, outputs: Record<string, Value>): Promise<OutputsFile> {
    const bytes = encode(outputs)
    try {
      await mkdir(this.dir, { recursive: true, mode: 0o700 })
      await writeDurably(this.path(id), bytes)
    } catch (error) {
      throw journalError(error, this.dir)
    }
    return { size: bytes.length, crc: crc32(bytes) }
  }

  /** Rejects with ERR_JOURNAL, also when the file is gone or damaged. */
  async read (id: string, { size, crc }: OutputsFile): Promise<Record<string, Value>> {
    const path = this.path(id)
    const bytes = await readFile(path).catch((error: unknown) => { throw journalError(error, path) })
    if (bytes.length !== size || crc32(bytes) !== crc) throw new CorebrumError('ERR_JOURNAL', `the outputs of task ${id} in ${path} are damaged: submit the task again`)
    return outputsFrom(decode(bytes))
  }

  /** A file that cannot be removed is in nobody's way. */
  async remove (id: string): Promise<void> {
    await rm(this.path(id), { force: true }).catch(() => {})
  }

  /** Ids of the tasks that have a file. */
  async * all (): AsyncGenerator<string> {
    const dir = await opendir(this.dir).catch(() => undefined)
    if (dir === undefined) return
    for await (const { name } of dir) {
      const [, id, partial] = /^([0-9a-f-]+)\.cbor(\.partial)?$/.exec(name) ?? []
      if (id !== undefined && partial === undefined && splitTaskId(id) !== undefined) yield id
    }
  }

  /** An id of a task holds nothing that a path could be built of. */
  private path (id: string): string {
    return join(this.dir, `${id}.cbor`)
  }
}
