/** What one sandbox process holds: compiled modules and bound programs, least recently used out first. */
import { LRUCache } from 'lru-cache'
import { MAX_WARM_MODULES, MAX_WARM_MODULE_BYTES, MAX_WARM_PROGRAMS } from './limits.ts'
import { type Command, Op } from './protocol.ts'

/** The host decides what a sandbox keeps and tells it what to drop, so both always agree. */
export class Warm {
  private readonly modules: LRUCache<string, number>
  private readonly programs: LRUCache<string, number>
  private nextProgram = 0

  /** `tell` sends a command to the sandbox, behind all that was sent before. */
  constructor (tell: (command: Command) => void) {
    this.modules = new LRUCache({
      max: MAX_WARM_MODULES,
      maxSize: MAX_WARM_MODULE_BYTES,
      sizeCalculation: (size) => Math.max(size, 1),
      disposeAfter: (_size, key, reason) => { if (reason === 'evict' || reason === 'delete') tell([Op.DROP_MODULE, key]) },
    })
    this.programs = new LRUCache({
      max: MAX_WARM_PROGRAMS,
      disposeAfter: (id, _key, reason) => { if (reason === 'evict' || reason === 'delete') tell([Op.DROP_PROGRAM, id]) },
    })
  }

  holdsModule (key: string): boolean {
    return this.modules.has(key)
  }

  /** Like `holdsModule`, and counts as a use. */
  useModule (key: string): boolean {
    return this.modules.get(key) !== undefined
  }

  addModule (key: string, bytes: number): void {
    this.modules.set(key, bytes)
  }

  /** The sandbox's number for a program; `isNew` when it must be told what the number stands for. */
  program (key: string): { id: number, isNew: boolean } {
    const known = this.programs.get(key)
    if (known !== undefined) return { id: known, isNew: false }
    const id = this.nextProgram++
    this.programs.set(key, id)
    return { id, isNew: true }
  }
}
