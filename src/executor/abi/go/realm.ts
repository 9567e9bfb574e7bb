/** The world of one running Go program: its events, where its console goes, and a bound on what the host keeps for it. */
import { getHeapStatistics } from 'node:v8'
import { CorebrumError } from '../../../errors.ts'
import { GO_HOST_CHECK_BYTES, MAX_GO_HOST_BYTES } from '../../limits.ts'
import type { Ambient } from '../ambient.ts'
import type { Guest } from '../guest.ts'
import { EventLoop } from './event-loop.ts'
import { GoFiles } from './files.ts'

export class Realm {
  readonly guest: Guest
  readonly loop: EventLoop
  /** How far standard input has been read. */
  stdinPosition = 0
  private root: GoFiles | undefined
  /** The global that the program last asked for in vain: often why it then panics. */
  missedGlobal: string | undefined
  /** Bytes spent since the heap was last looked at. */
  private unchecked = 0
  private readonly externalBefore = getHeapStatistics().external_memory

  constructor (guest: Guest) {
    this.guest = guest
    this.loop = new EventLoop(guest.ambient)
  }

  /** Its files; undefined where the task gives it no root. */
  get files (): GoFiles | undefined {
    if (this.guest.fileSystem) this.root ??= new GoFiles(this.guest)
    return this.root
  }

  get ambient (): Ambient {
    return this.guest.ambient
  }

  /**
   * Counts what the program is about to make the host keep; what is garbage again costs nothing.
   * Throws ERR_MEMORY_LIMIT when more than MAX_GO_HOST_BYTES are in use.
   */
  spend (bytes: number): void {
    this.unchecked += bytes
    if (this.unchecked < GO_HOST_CHECK_BYTES) return
    this.unchecked = 0
    // Sandboxes have a collector at hand; elsewhere garbage cannot be told from what is in use.
    if (globalThis.gc === undefined || !this.overLimit(bytes)) return
    globalThis.gc()
    if (this.overLimit(bytes)) throw new CorebrumError('ERR_MEMORY_LIMIT', `the program holds more than ${MAX_GO_HOST_BYTES} bytes of JavaScript values`)
  }

  /** Modules that wait to be compiled count as external, so that only what came since the program began is its own. */
  private overLimit (more: number): boolean {
    const { used_heap_size: heap, external_memory: external } = getHeapStatistics()
    return heap + more > MAX_GO_HOST_BYTES || external - this.externalBefore + more > MAX_GO_HOST_BYTES
  }
}
