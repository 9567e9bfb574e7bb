/**
 * Caches that cost what they hold: lru-cache makes the arrays of all that it may ever hold with `Array.from({ length }).fill()`, and
 * a schedule makes the caches of a whole node at each start of a process, which took most of its time. Long arrays made so
 * are empty here until something is put into them, which only who counts on their length would notice.
 */
const MIN_LENGTH = 128
const from = Array.from.bind(Array)

class GrowingArray extends Array<unknown> {
  override fill (): this {
    return this
  }
}

function isLong (source: unknown): boolean {
  return typeof source === 'object' && source !== null && 'length' in source && typeof source.length === 'number' &&
    source.length >= MIN_LENGTH && Object.getPrototypeOf(source) === Object.prototype
}

/** For this thread; to be called once. */
export function growArrays (): void {
  Object.assign(Array, {
    from: (source: ArrayLike<unknown>, ...rest: [] | [(value: unknown, index: number) => unknown]) => rest.length === 0 && isLong(source) ? new GrowingArray() : Reflect.apply(from, Array, [source, ...rest]),
  })
}
