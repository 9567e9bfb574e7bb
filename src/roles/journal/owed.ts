/**
 * Results that this node, as a worker, owes submitters.
 *
 *   owed    = [submitter: tstr, at: ms, result, promise / null]      ; result: the message (wire/messages.ts)
 *   promise = [call: bstr, hashes: bstr, started, ended]               ; what its receipt will say besides: see record.ts
 */
import { decode, encode } from '../../cbor.ts'
import { CorebrumError } from '../../errors.ts'
import type { Database } from '../../journal/database.ts'
import type { KeptBlob } from '../../modules/blobs.ts'
import { workerMessageFromWire, workerMessageToWire, type LeaseRef } from '../../wire/messages.ts'
import { asAmount, asArray, asText } from '../../wire/shape.ts'
import type { OwedResult } from '../journal.ts'
import { allOf, seqText } from './keys.ts'
import { promiseFromCbor, promiseToCbor } from './receipt.ts'
import type { Tally } from './tally.ts'

/** A PeerId has some 60. */
const MAX_PEER_CHARS = 256

export interface OwedRowsInit {
  database: Database
  tally: Tally
  nextSeq: () => number
  adopt: (cid: string) => Promise<KeptBlob>
}

export class OwedRows {
  private readonly init: OwedRowsInit
  /** Keys by submitter, task and fence. */
  private readonly keys = new Map<string, string>()

  constructor (init: OwedRowsInit) {
    this.init = init
  }

  async owe (result: OwedResult, sync: boolean): Promise<void> {
    const { database, tally, nextSeq } = this.init
    const name = nameOf(result.submitter, result)
    const before = this.keys.get(name)
    const key = before ?? `w!${seqText(nextSeq())}`
    database.put(key, encode(owedToCbor(result)), { fresh: before === undefined, strict: before === undefined })
    if (before === undefined) {
      tally.add(key)
      this.keys.set(name, key)
    }
    try {
      await database.strictly(sync)
    } catch (error) {
      if (before === undefined) this.settled(result.submitter, result)
      throw error
    }
  }

  settled (submitter: string, ref: LeaseRef): void {
    const name = nameOf(submitter, ref)
    const key = this.keys.get(name)
    if (key === undefined) return
    this.keys.delete(name)
    this.init.database.delete(key)
    this.init.tally.remove(key)
  }

  async * owed (): AsyncGenerator<OwedResult> {
    const { database } = this.init
    for await (const rows of database.rows(allOf('w'))) {
      for (const { key, body } of rows) {
        let result: OwedResult
        try {
          result = owedFromCbor(body)
        } catch {
          database.damaged(`the value of ${key}`)
          continue
        }
        const name = nameOf(result.submitter, result)
        if (this.keys.has(name)) continue
        this.keys.set(name, key)
        const kept = await this.adopted(result)
        // Without its large outputs nobody can use it; the submitter leases the task again.
        if (kept === undefined) this.settled(result.submitter, result)
        else yield kept.length === 0 ? result : { ...result, release: () => { for (const blob of kept) blob.release() } }
      }
    }
  }

  private async adopted ({ outcome }: OwedResult): Promise<KeptBlob[] | undefined> {
    const kept: KeptBlob[] = []
    try {
      if (outcome.ok) for (const { blob } of outcome.refs ?? []) kept.push(await this.init.adopt(blob.cid))
      return kept
    } catch {
      for (const blob of kept) blob.release()
      return undefined
    }
  }
}

function nameOf (submitter: string, { taskId, fence }: LeaseRef): string {
  return `${submitter} ${taskId} ${fence}`
}

function owedToCbor ({ submitter, taskId, fence, outcome, body, atMs }: OwedResult): unknown[] {
  return [submitter, atMs, workerMessageToWire({ kind: 'result', taskId, fence, outcome }), body === undefined ? null : promiseToCbor(body)]
}

/** Throws ERR_PROTOCOL. */
export function owedFromCbor (bytes: Uint8Array): OwedResult {
  const f = asArray(decode(bytes), 'owed', 4)
  const message = workerMessageFromWire(f[2])
  if (message?.kind !== 'result') throw new CorebrumError('ERR_PROTOCOL', 'what is owed is no result')
  const { taskId, fence, outcome } = message
  return {
    submitter: asText(f[0], 'owed.submitter', MAX_PEER_CHARS),
    taskId,
    fence,
    outcome,
    ...(f[3] === null ? {} : { body: promiseFromCbor(f[3], message) }),
    atMs: asAmount(f[1], 'owed.at'),
  }
}
