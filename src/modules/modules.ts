/** Ports of the modules folder: types only. */
import type { ModuleRef } from '../task/program.ts'

export interface StoredModule {
  cid: string
  size: number
  /** Unix time of the last use, milliseconds. */
  usedAtMs: number
}

/** One module that is being received; bytes are verified as a whole at `commit`. */
export interface ModuleWriter {
  /** Bytes already held, from an earlier attempt too: where to resume. */
  readonly offset: number
  /** Keeps the chunk until it is on disk: the caller must not change it. Rejects with ERR_STORE, ERR_MODULE_TOO_LARGE. */
  write (chunk: Uint8Array): Promise<void>
  /** Verifies and files the module. Rejects with ERR_MODULE_HASH_MISMATCH and drops the bytes. */
  commit (): Promise<void>
  /** Stops; the bytes stay for a later attempt to resume. */
  release (): Promise<void>
  /** Stops and drops the bytes. */
  discard (): Promise<void>
}

/** Bytes by CID that peers may ask for. */
export interface ByteSource {
  find (cid: string): Promise<boolean>
  size (cid: string): number | undefined
  /** Keeps the bytes, there or yet to come, from eviction until the function that it returns is called. */
  hold (cid: string): () => void
  /** The bytes from `offset` in chunks, read as the consumer takes them. */
  stream (cid: string, offset: number): AsyncIterable<Uint8Array>
}

export interface ModuleStore extends ByteSource {
  start (): Promise<void>
  stop (): Promise<void>
  /** Synchronous: an index in memory. */
  has (cid: string): boolean
  /** As `has`, and on a miss looks at the disk, which another process may share. */
  find (cid: string): Promise<boolean>
  /** The bytes; counts as a use. Rejects with ERR_MODULE_NOT_FOUND. */
  read (cid: string): Promise<Uint8Array>
  /** Files bytes under their own CID, which it returns. Rejects with ERR_MODULE_TOO_LARGE, ERR_STORE. */
  put (bytes: Uint8Array): Promise<string>
  /** Receives a module of known CID; of several writers at once, the first takes over what an earlier attempt left. */
  writer (cid: string): Promise<ModuleWriter>
  list (): StoredModule[]
  remove (cid: string): Promise<boolean>
}

export interface RetrieveOptions {
  signal?: AbortSignal
  /** Asked first: the submitter, who named the module. */
  submitter?: string
}

export interface Retriever {
  /**
   * Makes sure that the store holds the module. Concurrent calls for one CID share one retrieval.
   * Rejects with ERR_MODULE_NOT_FOUND (what each source said is in `problems`), ERR_MODULE_TOO_LARGE, ERR_STORE,
   * ERR_CID, ERR_CANCELLED.
   */
  ensure (module: ModuleRef, options?: RetrieveOptions): Promise<void>
}
