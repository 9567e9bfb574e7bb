/** Wakes those who wait for the next change of something. */
export class Bell {
  private waiting: Array<() => void> = []

  next (): Promise<void> {
    return new Promise((resolve) => { this.waiting.push(resolve) })
  }

  /** The next change, or the time at which to look again, milliseconds from now; keeps no process alive. */
  async within (ms: number): Promise<void> {
    const timer = setTimeout(() => { this.ring() }, ms).unref()
    await this.next()
    clearTimeout(timer)
  }

  ring (): void {
    for (const resolve of this.waiting.splice(0)) resolve()
  }
}
