/** The memory behind the DHT and the peer store, with a budget: peers can write to it, so the least recently used goes. */
import { BaseDatastore } from 'datastore-core'
import { NotFoundError } from '@libp2p/interface'
import { Key, type KeyQuery, type Pair, type Query } from 'interface-datastore'
import { LRUCache } from 'lru-cache'
import { MAX_DATASTORE_BYTES, MAX_DATASTORE_ENTRIES } from './limits.ts'

class BoundedDatastore extends BaseDatastore {
  private readonly entries = new LRUCache<string, Uint8Array>({
    max: MAX_DATASTORE_ENTRIES,
    maxSize: MAX_DATASTORE_BYTES,
    sizeCalculation: (value, key) => value.length + key.length + 1,
  })

  override put (key: Key, value: Uint8Array): Key {
    this.entries.set(key.toString(), value)
    return key
  }

  override get (key: Key): Uint8Array {
    const value = this.entries.get(key.toString())
    if (value === undefined) throw new NotFoundError('not found')
    return value
  }

  override has (key: Key): boolean {
    return this.entries.has(key.toString())
  }

  override delete (key: Key): void {
    this.entries.delete(key.toString())
  }

  override * _all (_query: Query): Generator<Pair> {
    for (const [key, value] of [...this.entries.entries()]) yield { key: new Key(key), value }
  }

  override * _allKeys (_query: KeyQuery): Generator<Key> {
    for (const key of [...this.entries.keys()]) yield new Key(key)
  }
}

export function createDatastore (): BaseDatastore {
  return new BoundedDatastore()
}
