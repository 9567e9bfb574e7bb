/** fast-check's records as plain objects, as a decoder makes them. */
import fc from 'fast-check'

export function record<T extends object> (model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record<T>(model, { noNullPrototype: true }) as fc.Arbitrary<T>
}
