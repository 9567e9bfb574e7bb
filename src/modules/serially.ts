/** Work that is begun in order and one after the other; what fails keeps nothing that comes after it. */
export type Serially = <T>(work: () => Promise<T>) => Promise<T>

export function createSerially (): Serially {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const turn = last.then(work)
    last = turn.catch(() => {})
    return turn
  }
}
