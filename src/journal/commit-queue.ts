/**
 * Groups what is written: operations that are handed over while one write is under way leave together with the next. What is
 * put under a new key and deleted before it was written is not written at all, and what nobody waits for may lie for a while,
 * so that most of it never is.
 *
 * When a write fails, operations that were `strict` are taken back and their promise rejects; the others stay for the next try.
 */
import { CorebrumError } from '../errors.ts'
import { JOURNAL_LAZY_MS } from '../limits.ts'

/** How `put` is meant. */
export interface PutOptions {
  /** The key is on no disk and in no write under way: a deletion before it is written leaves nothing to delete. Default false. */
  fresh?: boolean
  /** Whoever waits for it hears of a failure, and it is then taken back. Default false: it is tried again. */
  strict?: boolean
}

export interface Operation {
  /** Undefined: the key is deleted. */
  readonly body: Uint8Array | undefined
  readonly fresh: boolean
  readonly strict: boolean
}

/** One write. */
export interface Batch {
  readonly operations: Map<string, Operation>
  sync: boolean
}

type Waiter = { promise: Promise<void>, resolve: () => void, reject: (error: Error) => void }

export interface CommitQueueInit {
  /** Puts a batch on disk, all of it or nothing. */
  write: (batch: Batch) => Promise<void>
  /** Called right before a batch is written, to add what belongs to each one. */
  beforeWrite?: () => void
  /** Default JOURNAL_LAZY_MS. */
  lazyMs?: number
}

export class CommitQueue {
  private readonly init: CommitQueueInit
  private pending: Batch = newBatch()
  private flying: Batch | undefined
  /** Bodies that are made only when they must be written; the older ones leave with the next write after their time. */
  private young = new Map<string, () => Uint8Array>()
  private old = new Map<string, () => Uint8Array>()
  private lazyTimer: NodeJS.Timeout | undefined
  private strictWaiter: Waiter | undefined
  private patientWaiter: Waiter | undefined
  private scheduled = false
  private writing: Promise<void> | undefined
  /** The last write failed, and nothing is written before `resume`. */
  private error: Error | undefined
  private queuedBytes = 0
  /** What comes now reaches no disk any more. */
  private ended = false

  constructor (init: CommitQueueInit) {
    this.init = init
  }

  /** What the last write failed with. */
  get failure (): Error | undefined { return this.error }
  /** Bytes that wait for their write, about. */
  get bytes (): number { return this.queuedBytes }

  /** Throws what the last write failed with, when it is strict. */
  put (key: string, body: Uint8Array, { fresh = false, strict = false }: PutOptions = {}): void {
    if (strict && this.error !== undefined) throw this.error
    this.pending.operations.set(key, { body, fresh, strict })
    this.queuedBytes += key.length + body.length
    this.schedule()
  }

  /** A put that nobody waits for, of a fresh key; it leaves after a moment, unless it is deleted before. */
  putLater (key: string, make: () => Uint8Array): void {
    this.young.set(key, make)
    this.lazyTimer ??= setTimeout(() => { this.age() }, this.init.lazyMs ?? JOURNAL_LAZY_MS).unref()
  }

  /** A put that waits lies no longer: it leaves with the next write. */
  hurry (key: string): void {
    const make = this.young.get(key) ?? this.old.get(key)
    if (make === undefined) return
    this.young.delete(key)
    this.old.delete(key)
    this.put(key, make(), { fresh: true })
  }

  delete (key: string): void {
    if (this.young.delete(key) || this.old.delete(key)) return
    const { operations } = this.pending
    if (operations.get(key)?.fresh === true) operations.delete(key)
    else operations.set(key, { body: undefined, fresh: false, strict: false })
    this.schedule()
  }

  /** What waits under this key: its body, `null` when it waits to be deleted, undefined when nothing waits. */
  peek (key: string): Uint8Array | null | undefined {
    const lazy = this.young.get(key) ?? this.old.get(key)
    if (lazy !== undefined) return lazy()
    const operation = this.pending.operations.get(key) ?? this.flying?.operations.get(key)
    return operation === undefined ? undefined : operation.body ?? null
  }

  /** Resolves when all that was handed over is on disk; rejects when its write fails, and what was strict is taken back then. */
  strictly (sync: boolean): Promise<void> {
    if (this.error !== undefined || this.ended) return Promise.reject(this.error ?? tooLate())
    if (sync) this.pending.sync = true
    this.schedule()
    this.strictWaiter ??= newWaiter()
    return this.strictWaiter.promise
  }

  /** Resolves when all that was handed over is on disk, however often that takes; rejects only after `end`. */
  patiently (sync: boolean): Promise<void> {
    if (this.ended) return Promise.reject(this.error ?? tooLate())
    if (sync) this.pending.sync = true
    this.schedule()
    this.patientWaiter ??= newWaiter()
    return this.patientWaiter.promise
  }

  /** After a failure: writes again. */
  resume (): void {
    this.error = undefined
    this.schedule()
  }

  /** Writes what is left, lazy ones too. Rejects with what the last write failed with. What is handed over afterwards is not written, and whoever waits for it is told. */
  async end (): Promise<void> {
    clearTimeout(this.lazyTimer)
    this.lazyTimer = undefined
    this.moveLazy(this.old)
    this.moveLazy(this.young)
    while (this.writing !== undefined || (this.error === undefined && this.pending.operations.size > 0)) await (this.writing ?? this.flush())
    this.ended = true
    const { error, strictWaiter, patientWaiter } = this
    this.strictWaiter = undefined
    this.patientWaiter = undefined
    if (error === undefined) {
      strictWaiter?.resolve()
      patientWaiter?.resolve()
      return
    }
    strictWaiter?.reject(error)
    patientWaiter?.reject(error)
    throw error
  }

  private schedule (): void {
    if (this.scheduled || this.ended || this.writing !== undefined || this.error !== undefined) return
    this.scheduled = true
    // All that this turn of the loop hands over leaves together.
    setImmediate(() => {
      this.scheduled = false
      if (this.writing === undefined && this.error === undefined && !this.ended) void this.flush()
    })
  }

  private flush (): Promise<void> {
    this.writing = this.writeOnce().finally(() => {
      this.writing = undefined
      if (this.pending.operations.size > 0 || this.strictWaiter !== undefined || this.patientWaiter !== undefined) this.schedule()
    })
    return this.writing
  }

  private async writeOnce (): Promise<void> {
    const { strictWaiter, patientWaiter } = this
    this.strictWaiter = undefined
    this.patientWaiter = undefined
    if (this.pending.operations.size > 0) {
      this.init.beforeWrite?.()
      const batch = this.flying = this.pending
      this.pending = newBatch()
      this.queuedBytes = 0
      try {
        await this.init.write(batch)
      } catch (thrown) {
        this.takeBack(batch, thrown instanceof Error ? thrown : new Error(String(thrown)), strictWaiter, patientWaiter)
        return
      } finally {
        this.flying = undefined
      }
    }
    strictWaiter?.resolve()
    patientWaiter?.resolve()
  }

  private takeBack (batch: Batch, error: Error, strictWaiter: Waiter | undefined, patientWaiter: Waiter | undefined): void {
    this.error = error
    const newer = this.pending
    this.pending = newBatch()
    this.pending.sync = true
    for (const [key, { body, strict }] of batch.operations) {
      // It may be on disk all the same: a write that failed may have been written in part.
      const operation = { body: strict ? undefined : body, fresh: false, strict: false }
      this.pending.operations.set(key, operation)
    }
    for (const [key, operation] of newer.operations) {
      if (operation.strict) this.pending.operations.set(key, { body: undefined, fresh: false, strict: false })
      else this.pending.operations.set(key, batch.operations.has(key) ? { ...operation, fresh: false } : operation)
    }
    this.queuedBytes = 0
    for (const [key, { body }] of this.pending.operations) this.queuedBytes += key.length + (body?.length ?? 0)
    strictWaiter?.reject(error)
    this.strictWaiter?.reject(error)
    this.strictWaiter = undefined
    if (patientWaiter === undefined) return
    // Those that wait since then wait for the same write now.
    const later = this.patientWaiter
    this.patientWaiter = patientWaiter
    if (later !== undefined) patientWaiter.promise.then(later.resolve, later.reject)
  }

  private age (): void {
    this.lazyTimer = undefined
    this.moveLazy(this.old)
    this.old = this.young
    this.young = new Map()
    if (this.old.size > 0) this.lazyTimer = setTimeout(() => { this.age() }, this.init.lazyMs ?? JOURNAL_LAZY_MS).unref()
  }

  private moveLazy (lazy: Map<string, () => Uint8Array>): void {
    for (const [key, make] of lazy) this.put(key, make(), { fresh: true })
    lazy.clear()
  }
}

function tooLate (): CorebrumError {
  return new CorebrumError('ERR_JOURNAL', 'the journal is closed')
}

function newBatch (): Batch {
  return { operations: new Map(), sync: false }
}

function newWaiter (): Waiter {
  let resolve = (): void => {}
  let reject: (error: Error) => void = () => {}
  const promise = new Promise<void>((onResolve, onReject) => { resolve = onResolve; reject = onReject })
  // Whoever does not wait for it must not end the process.
  promise.catch(() => {})
  return { promise, resolve, reject }
}
