import assert from 'node:assert/strict'
import fc from 'fast-check'
import { CommitQueue, type Batch } from '../../../src/journal/commit-queue.ts'

const body = (text: string): Uint8Array => Buffer.from(text)

/** Writes that the test lets end, into a map. */
class FakeDisk {
  readonly rows = new Map<string, string>()
  readonly batches: Batch[] = []
  #ends: Array<(error?: Error) => void> = []

  readonly write = (batch: Batch): Promise<void> => {
    this.batches.push(batch)
    return new Promise((resolve, reject) => {
      this.#ends.push((error) => {
        if (error !== undefined) return reject(error)
        for (const [key, operation] of batch.operations) {
          if (operation.body === undefined) this.rows.delete(key)
          else this.rows.set(key, Buffer.from(operation.body).toString())
        }
        resolve()
      })
    })
  }

  async end (error?: Error): Promise<void> {
    while (this.#ends.length === 0) await new Promise((resolve) => { setImmediate(resolve) })
    this.#ends.shift()?.(error)
    await new Promise((resolve) => { setImmediate(resolve) })
  }

  keys (batch: number): string[] {
    return [...this.batches[batch]?.operations.keys() ?? []]
  }
}

describe('commit queue', () => {
  let disk: FakeDisk
  let queue: CommitQueue
  beforeEach(() => {
    disk = new FakeDisk()
    queue = new CommitQueue({ write: disk.write, lazyMs: 1 })
  })

  it('writes together what comes together, and what comes meanwhile with the next write', async () => {
    queue.put('a', body('1'))
    queue.put('b', body('2'))
    const first = queue.strictly(false)
    assert.equal(queue.patiently(true), queue.patiently(false))
    await disk.end()
    await first
    queue.put('c', body('3'))
    const second = queue.strictly(false)
    await new Promise((resolve) => { setImmediate(resolve) })
    queue.put('d', body('4'))
    queue.put('c', body('5'))
    const third = queue.patiently(false)
    await disk.end()
    await second
    await disk.end()
    await third
    assert.deepEqual([disk.keys(0), disk.keys(1), disk.keys(2)], [['a', 'b'], ['c'], ['d', 'c']])
    assert.deepEqual(disk.batches.map(({ sync }) => sync), [true, false, false])
    assert.equal(disk.rows.get('c'), '5')
  })

  it('never writes what is put and deleted before it was written', async () => {
    queue.put('a', body('1'), { fresh: true })
    queue.put('b', body('2'), { fresh: true })
    queue.put('c', body('3'))
    queue.delete('a')
    queue.delete('c')
    const done = queue.patiently(false)
    await new Promise((resolve) => { setImmediate(resolve) })
    queue.delete('b')
    await disk.end()
    await done
    await disk.end()
    assert.deepEqual([disk.keys(0), disk.keys(1)], [['b', 'c'], ['b']])
    assert.equal(disk.rows.size, 0)
  })

  it('resolves at once where nothing is left to write', async () => {
    queue.put('a', body('1'), { fresh: true })
    queue.delete('a')
    await queue.patiently(true)
    assert.equal(disk.batches.length, 0)
  })

  it('lets lie for a while what nobody waits for, and does not make what is deleted before', async () => {
    const made: string[] = []
    const make = (key: string) => (): Uint8Array => {
      made.push(key)
      return body(key)
    }
    queue.putLater('a', make('a'))
    queue.putLater('b', make('b'))
    queue.delete('a')
    queue.put('c', body('3'))
    assert.equal(Buffer.from(queue.peek('b') ?? []).toString(), 'b')
    await disk.end()
    await disk.end()
    assert.deepEqual([disk.keys(0), disk.keys(1)], [['c'], ['b']])
    queue.putLater('d', make('d'))
    const ended = queue.end()
    await disk.end()
    await ended
    assert.deepEqual(made, ['b', 'b', 'd'])
    assert.deepEqual([...disk.rows.keys()], ['c', 'b', 'd'])
  })

  it('writes at once what lay, when it is hurried', async () => {
    queue.putLater('a', () => body('1'))
    queue.putLater('b', () => body('2'))
    queue.hurry('a')
    queue.hurry('none')
    await new Promise((resolve) => { setImmediate(resolve) })
    assert.deepEqual(disk.batches.length, 1)
    assert.deepEqual(disk.keys(0), ['a'])
    await disk.end()
  })

  it('shows what waits, on its way too', async () => {
    queue.put('a', body('1'))
    queue.delete('b')
    assert.deepEqual([queue.peek('a'), queue.peek('b'), queue.peek('c')], [body('1'), null, undefined])
    await new Promise((resolve) => { setImmediate(resolve) })
    queue.delete('a')
    assert.deepEqual([queue.peek('a'), queue.peek('b')], [null, null])
  })

  it('takes strict ones back when a write fails, and tries the others again', async () => {
    queue.put('strict', body('1'), { fresh: true, strict: true })
    queue.put('patient', body('2'))
    const strict = queue.strictly(true)
    const patient = queue.patiently(true)
    await new Promise((resolve) => { setImmediate(resolve) })
    queue.put('later', body('3'), { fresh: true, strict: true })
    queue.put('patient', body('4'))
    const later = queue.strictly(false)
    const afterwards = queue.patiently(false)
    await disk.end(new Error('no room'))
    await assert.rejects(strict, /no room/)
    await assert.rejects(later, /no room/)
    await assert.rejects(queue.strictly(false), /no room/)
    assert.throws(() => { queue.put('more', body('5'), { strict: true }) }, /no room/)
    queue.put('more', body('6'), { fresh: true })
    assert.equal(disk.batches.length, 1)
    queue.resume()
    await disk.end()
    await Promise.all([patient, afterwards])
    assert.deepEqual([...disk.rows], [['patient', '4'], ['more', '6']])
    assert.deepEqual(disk.keys(1).sort(), ['later', 'more', 'patient', 'strict'])
    assert.equal(disk.batches[1]?.sync, true)
  })

  it('ends with the failure that is left', async () => {
    queue.put('a', body('1'))
    const patient = queue.patiently(true)
    await disk.end(new Error('no room'))
    await assert.rejects(queue.end(), /no room/)
    await assert.rejects(patient, /no room/)
  })

  it('tells whoever comes after its end, and writes nothing more', async () => {
    queue.put('a', body('1'))
    const [ended, waits] = [queue.end(), queue.patiently(true)]
    await disk.end()
    await Promise.all([ended, waits])
    queue.delete('a')
    queue.put('b', body('2'))
    await assert.rejects(queue.patiently(false), { code: 'ERR_JOURNAL' })
    await assert.rejects(queue.strictly(true), { code: 'ERR_JOURNAL' })
    await new Promise((resolve) => { setImmediate(resolve) })
    assert.deepEqual([disk.batches.length, [...disk.rows.keys()]], [1, ['a']])
  })

  it('leaves what the last operations say, whatever fails between', async () => {
    const operation = fc.record({ kind: fc.constantFrom('put', 'later', 'delete', 'write', 'fail'), key: fc.constantFrom('a', 'b', 'c') })
    await fc.assert(fc.asyncProperty(fc.array(operation, { maxLength: 40 }), async (operations) => {
      const rows = new Map<string, string>()
      let fails = false
      const subject = new CommitQueue({
        lazyMs: 10_000,
        write: async (batch) => {
          if (fails) {
            fails = false
            setImmediate(() => { subject.resume() })
            throw new Error('no room')
          }
          for (const [key, { body }] of batch.operations) {
            if (body === undefined) rows.delete(key)
            else rows.set(key, Buffer.from(body).toString())
          }
        },
      })
      const expected = new Map<string, string>()
      for (const [i, { kind, key }] of operations.entries()) {
        const name = kind === 'later' ? `${key}${i}` : key
        if (kind === 'put') subject.put(name, body(String(i)))
        if (kind === 'later') subject.putLater(name, () => body(String(i)))
        if (kind === 'put' || kind === 'later') expected.set(name, String(i))
        if (kind === 'delete') {
          for (const each of [...expected.keys()].filter((other) => other.startsWith(key))) {
            subject.delete(each)
            expected.delete(each)
          }
        }
        if (kind === 'fail') fails = true
        if (kind === 'write' || kind === 'fail') await subject.patiently(true)
      }
      fails = false
      await subject.end()
      assert.deepEqual(new Map([...rows].sort()), new Map([...expected].sort()))
    }), { numRuns: 200 })
  })
})
