/** Letters on their way, in bytes: of all peers together, and of one at most half of that, so that one that stalls does not hold up all. */
export class LettersMoving {
  private readonly maxBytes: number
  private readonly byPeer = new Map<string, number>()
  private bytes = 0

  constructor (maxBytes: number) {
    this.maxBytes = maxBytes
  }

  /** False where there is no room now; else `end` is to be called. */
  begin (peer: string, size: number): boolean {
    const ofPeer = (this.byPeer.get(peer) ?? 0) + size
    if (this.bytes + size > this.maxBytes || ofPeer > this.maxBytes / 2) return false
    this.byPeer.set(peer, ofPeer)
    this.bytes += size
    return true
  }

  end (peer: string, size: number): void {
    const left = (this.byPeer.get(peer) ?? 0) - size
    if (left > 0) this.byPeer.set(peer, left)
    else this.byPeer.delete(peer)
    this.bytes -= size
  }
}
