/** The sandbox processes of an executor: one for each slot, and a warm spare that takes the place of one that was killed. */
import type { Launcher } from './launch.ts'
import { Sandbox, type SandboxOwner } from './sandbox.ts'

/** Processes in a row that died before they were ready, after which no more are started until there is a new call. */
const MAX_FAILED_STARTS = 3

export class Slots {
  private readonly size: number
  private readonly memoryLimitBytes: number
  private readonly owner: SandboxOwner
  private readonly findLauncher: () => Promise<Launcher>
  private sandboxes: Sandbox[] = []
  private spare: Sandbox | undefined
  private launcher: Launcher | undefined
  /** Between start and stop. */
  private wanted = false
  /** Killed and not gone yet. */
  private readonly leaving = new Set<Promise<void>>()
  private failedStarts = 0

  constructor (size: number, memoryLimitBytes: number, owner: SandboxOwner, findLauncher: () => Promise<Launcher>) {
    this.findLauncher = findLauncher
    this.size = size
    this.memoryLimitBytes = memoryLimitBytes
    // The pool hears of everything; what is ready or dead matters here first.
    this.owner = {
      onReady: (sandbox) => {
        this.failedStarts = 0
        this.prepareSpare()
        owner.onReady(sandbox)
      },
      onReport: (...report) => owner.onReport(...report),
      onRoom: (sandbox) => owner.onRoom(sandbox),
      onRequest: (...request) => owner.onRequest(...request),
      onOverdue: (sandbox, job) => owner.onOverdue(sandbox, job),
      onSlow: (sandbox) => owner.onSlow(sandbox),
      onCrash: (sandbox, why) => {
        if (!sandbox.ready) this.failedStarts++
        owner.onCrash(sandbox, why)
      },
    }
  }

  /** Those that run calls; the spare is not among them. */
  get all (): readonly Sandbox[] {
    return this.sandboxes
  }

  /** True when processes do not start and none is left. */
  get broken (): boolean {
    return this.failedStarts >= MAX_FAILED_STARTS && this.sandboxes.length === 0
  }

  async start (): Promise<void> {
    this.wanted = true
    const launcher = await this.findLauncher()
    if (!this.wanted) return
    this.launcher = launcher
    this.fill()
  }

  /** Starts what is missing. */
  fill (): void {
    if (this.launcher === undefined) return
    if (this.sandboxes.length === 0) this.failedStarts = 0
    while (this.sandboxes.length < this.size) {
      const sandbox = this.launch()
      if (sandbox === undefined) return
      this.sandboxes.push(sandbox)
    }
  }

  /** Puts the spare, else a new process, in the place of one that was killed or died. */
  replace (old: Sandbox): void {
    this.await(old)
    if (old === this.spare) {
      this.spare = undefined
      return
    }
    const index = this.sandboxes.indexOf(old)
    if (index < 0) return
    const next = this.spare ?? this.launch()
    this.spare = undefined
    if (next === undefined) this.sandboxes.splice(index, 1)
    else this.sandboxes[index] = next
    // Not before the old one is gone: what counts now is the call that waits for this slot.
    void old.exited.then(() => this.prepareSpare())
  }

  /** Kills all; resolves when every process is gone. */
  async stop (): Promise<void> {
    this.wanted = false
    this.launcher = undefined
    for (const sandbox of [...this.sandboxes, ...(this.spare === undefined ? [] : [this.spare])]) {
      sandbox.kill()
      this.await(sandbox)
    }
    this.sandboxes = []
    this.spare = undefined
    await Promise.all(this.leaving)
  }

  private launch (): Sandbox | undefined {
    if (this.launcher === undefined || this.failedStarts >= MAX_FAILED_STARTS) return undefined
    return new Sandbox(this.launcher(this.memoryLimitBytes), this.owner)
  }

  private prepareSpare (): void {
    if (this.spare === undefined && this.sandboxes.length > 0) this.spare = this.launch()
  }

  private await (sandbox: Sandbox): void {
    this.leaving.add(sandbox.exited)
    void sandbox.exited.then(() => this.leaving.delete(sandbox.exited))
  }
}
