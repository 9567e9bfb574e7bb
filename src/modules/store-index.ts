/** What the module store knows in memory: which modules it has, how large, when used, and which must stay. */
import type { StoredModule } from './modules.ts'

export interface IndexEntry extends StoredModule {
  /** The bytes on disk were checked against the CID since this process started. */
  verified: boolean
}

/** Modules in the order of their last use, the oldest first. */
export class StoreIndex {
  /** A Map keeps the order of insertion; a use moves an entry to the end. */
  readonly #entries = new Map<string, IndexEntry>()
  readonly #holds = new Map<string, number>()
  #bytes = 0

  get bytes (): number { return this.#bytes }
  get count (): number { return this.#entries.size }

  get (cid: string): IndexEntry | undefined {
    return this.#entries.get(cid)
  }

  /** Adds a module as the one used last. */
  add (entry: IndexEntry): void {
    this.delete(entry.cid)
    this.#entries.set(entry.cid, entry)
    this.#bytes += entry.size
  }

  delete (cid: string): boolean {
    const entry = this.#entries.get(cid)
    if (entry === undefined) return false
    this.#bytes -= entry.size
    return this.#entries.delete(cid)
  }

  touch (entry: IndexEntry, nowMs: number): void {
    entry.usedAtMs = nowMs
    if (this.#entries.delete(entry.cid)) this.#entries.set(entry.cid, entry)
  }

  list (): StoredModule[] {
    return [...this.#entries.values()].map(({ cid, size, usedAtMs }) => ({ cid, size, usedAtMs }))
  }

  /** Keeps `cid` from being a victim; returns the function that ends it, once. */
  hold (cid: string): () => void {
    this.#holds.set(cid, (this.#holds.get(cid) ?? 0) + 1)
    let held = true
    return () => {
      if (!held) return
      held = false
      const left = (this.#holds.get(cid) ?? 1) - 1
      if (left === 0) this.#holds.delete(cid)
      else this.#holds.set(cid, left)
    }
  }

  /** Takes out the modules used longest ago, until the rest fits; those that are held stay. */
  takeVictims (maxBytes: number, maxCount: number): string[] {
    const victims: string[] = []
    for (const cid of this.#entries.keys()) {
      if (this.#bytes <= maxBytes && this.#entries.size <= maxCount) break
      if (this.#holds.has(cid)) continue
      this.delete(cid)
      victims.push(cid)
    }
    return victims
  }
}
