/** Wakes those who wait for the next change of something. */
export class Bell {
  private waiting: Array<() => void> = []

  next (): Promise<void> {
    return new Promise((resolve) => { this.waiting.push(resolve) })
  }

  ring (): void {
    for (const resolve of this.waiting.splice(0)) resolve()
  }
}
