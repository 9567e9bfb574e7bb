/** What a worker needs to run a lease, besides the lease: the program's module and files, and the inputs that it only names. */
import type { CallFile } from '../../executor/executor.ts'
import type { BlobFetcher } from '../../modules/blob-fetch.ts'
import type { RetrieveOptions } from '../../modules/modules.ts'
import type { Program } from '../../task/program.ts'
import type { HeldLease } from './held-lease.ts'
import { unpackValues } from '../large-values.ts'
import { ensureFiles, fileRefs, hasFiles, readFiles, type ProgramFilesComponents } from '../program-files.ts'

export interface ProvisionsComponents extends ProgramFilesComponents {
  fetcher: BlobFetcher
}

export interface Provisions {
  /** True when the lease can be run at once. */
  isComplete (lease: HeldLease): boolean
  /**
   * Gets what is missing; the large inputs are then in the lease. Rejects as `Retriever.ensure`, or, where an input cannot
   * be had, with ERR_BLOB_NOT_FOUND, or with ERR_PROTOCOL when its bytes are not what the submitter said.
   */
  fetch (lease: HeldLease, options: RetrieveOptions & { submitter: string }): Promise<void>
  /** Undefined when the program has none to be read; rejects as `Retriever.ensure`. */
  files (program: Program): Promise<CallFile[]> | undefined
}

export function createProvisions (components: ProvisionsComponents): Provisions {
  const { store, retriever, fetcher } = components
  return {
    isComplete: ({ program, refs }) => refs === undefined && store.has(program.module.cid) && hasFiles(program, components),
    async fetch (lease, { submitter, signal }) {
      const options = signal === undefined ? {} : { signal }
      await retriever.ensure(lease.program.module, { ...options, submitter })
      await ensureFiles(lease.program, components, { ...options, submitter })
      if (lease.refs === undefined) return
      lease.values = await unpackValues(lease.values, lease.refs, (blob) => fetcher.fetch(submitter, blob, options))
      delete lease.refs
    },
    files: (program) => fileRefs(program).length === 0 ? undefined : readFiles(program, components),
  }
}
