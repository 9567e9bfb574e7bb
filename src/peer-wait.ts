/** Those who wait for a node to have its first peer. */
export class PeerWait {
  private readonly waiters = new Set<() => void>()

  /** True once `found` was called, false after `timeoutMs`. */
  wait (timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const found = (): void => {
        clearTimeout(timer)
        resolve(true)
      }
      const timer = setTimeout(() => {
        this.waiters.delete(found)
        resolve(false)
      }, timeoutMs)
      this.waiters.add(found)
    })
  }

  found (): void {
    for (const found of this.waiters) found()
    this.waiters.clear()
  }
}
