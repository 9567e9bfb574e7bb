/**
 * What many open tasks share, once under its digest: programs, and what outputs must be. It goes some time after the last
 * task that used it has ended. While a program is here, its module and files stay in the module store.
 */
import { createHash } from 'node:crypto'
import { decode, encode, encodeCanonical } from '../../cbor.ts'
import type { Database } from '../../journal/database.ts'
import { programDigest, type Program } from '../../task/program.ts'
import { programFromWire, programToWire } from '../../wire/program.ts'
import { allOf } from './keys.ts'
import { checkFromCbor, checkToCbor } from './task.ts'
import type { Tally } from './tally.ts'
import type { OutputCheck } from '../submitter/open-task.ts'
import { fileRefs } from '../program-files.ts'

interface Shared<T> {
  readonly value: T
  uses: number
  /** It is in the database, or on its way. */
  stored: boolean
  letGo?: () => void
}

export interface SharedInit {
  database: Database
  tally: Tally
  /** Keeps a module or file from eviction until the function that it returns is called. */
  hold: (cid: string) => () => void
}

export class SharedParts {
  private readonly init: SharedInit
  private readonly programs = new Map<string, Shared<Program>>()
  private readonly checks = new Map<string, Shared<OutputCheck>>()
  /** Every submit makes its own check, of parts that belong to the definition. */
  private readonly digests = new WeakMap<OutputCheck['outputs'], { name: string, schema: unknown, digest: string }>()

  constructor (init: SharedInit) {
    this.init = init
  }

  /** Reads what is there, with no use of it counted yet. */
  async load (): Promise<void> {
    const { database } = this.init
    for await (const rows of database.rows(allOf('p'))) {
      for (const { key, body } of rows) read(database, key, () => { this.addProgram(key.slice(2), programFromWire(decode(body)), true) })
    }
    for await (const rows of database.rows(allOf('k'))) {
      for (const { key, body } of rows) read(database, key, () => { this.checks.set(key.slice(2), { value: checkFromCbor(decode(body)), uses: 0, stored: true }) })
    }
  }

  program (digest: string): Program | undefined {
    return this.programs.get(digest)?.value
  }

  check (digest: string): OutputCheck | undefined {
    return this.checks.get(digest)?.value
  }

  /** Counts a use, and puts what is not there yet; its digest. */
  useProgram (program: Program): string {
    const digest = programDigest(program)
    const shared = this.programs.get(digest) ?? this.addProgram(digest, program, false)
    shared.uses++
    if (!shared.stored) this.put(shared, `p!${digest}`, encode(programToWire(program)))
    return digest
  }

  useCheck (check: OutputCheck): string {
    const digest = this.digestOf(check)
    let shared = this.checks.get(digest)
    if (shared === undefined) this.checks.set(digest, shared = { value: check, uses: 0, stored: false })
    shared.uses++
    if (!shared.stored) this.put(shared, `k!${digest}`, encode(checkToCbor(check)))
    return digest
  }

  /** Counts a use of what is there already. */
  useAgain (program: string, check: string | undefined): void {
    const shared = this.programs.get(program)
    if (shared !== undefined) shared.uses++
    const other = check === undefined ? undefined : this.checks.get(check)
    if (other !== undefined) other.uses++
  }

  end (program: string, check: string | undefined): void {
    const shared = this.programs.get(program)
    if (shared !== undefined) shared.uses--
    const other = check === undefined ? undefined : this.checks.get(check)
    if (other !== undefined) other.uses--
  }

  /** Deletes what no open task uses any more. */
  collect (): void {
    for (const [digest, { uses, letGo }] of this.programs) {
      if (uses > 0) continue
      this.programs.delete(digest)
      this.drop(`p!${digest}`)
      letGo?.()
    }
    for (const [digest, { uses }] of this.checks) {
      if (uses > 0) continue
      this.checks.delete(digest)
      this.drop(`k!${digest}`)
    }
  }

  private addProgram (digest: string, program: Program, stored: boolean): Shared<Program> {
    const holds = [program.module, ...fileRefs(program)].map(({ cid }) => this.init.hold(cid))
    const shared = { value: program, uses: 0, stored, letGo: () => { for (const end of holds) end() } }
    this.programs.set(digest, shared)
    return shared
  }

  /** A put that fails is tried again, so that it is done once. */
  private put (shared: Shared<unknown>, key: string, body: Uint8Array): void {
    shared.stored = true
    this.init.tally.add(key)
    this.init.database.put(key, body)
  }

  private drop (key: string): void {
    this.init.tally.remove(key)
    this.init.database.delete(key)
  }

  private digestOf (check: OutputCheck): string {
    const known = this.digests.get(check.outputs)
    if (known !== undefined && known.name === check.name && known.schema === check.outputSchema) return known.digest
    const digest = createHash('sha256').update(encodeCanonical(checkToCbor(check))).digest('hex')
    this.digests.set(check.outputs, { name: check.name, schema: check.outputSchema, digest })
    return digest
  }
}

/** A record whose bytes are whole and say nothing that is known is damaged all the same. */
function read (database: Database, key: string, work: () => void): void {
  try {
    work()
  } catch {
    database.damaged(`the value of ${key}`)
  }
}
