import assert from 'node:assert/strict'
import { CorebrumError, type ErrorCode } from '../../../src/errors.ts'
import { createDiskWatch, type DiskWatch } from '../../../src/roles/worker/disk-watch.ts'
import { DISK_WARNING_EVERY_MS } from '../../../src/roles/worker/limits.ts'
import type { HeldLease } from '../../../src/roles/worker/held-lease.ts'
import type { Provisions } from '../../../src/roles/worker/provisions.ts'

describe('disk watch of a worker', () => {
  let now: number
  let said: string[]
  let watch: DiskWatch

  beforeEach(() => {
    now = 0
    said = []
    watch = createDiskWatch({ warn: (message) => { said.push(message) }, now: () => now })
  })

  const failing = (code: ErrorCode): Provisions => ({
    isComplete: () => false,
    fetch: async () => { throw new CorebrumError(code, 'the disk is full') },
    files: () => undefined,
  })
  const fetch = (provisions: Provisions): Promise<void> => watch.provisions(provisions).fetch({} as HeldLease, { submitter: 's' })

  it('warns once of a disk that is full, and again after a while; the error goes on', async () => {
    await assert.rejects(fetch(failing('ERR_STORE')), { code: 'ERR_STORE' })
    await assert.rejects(watch.blobs({ put: async () => { throw new CorebrumError('ERR_STORE', 'full') } }).put(new Uint8Array(1)), { code: 'ERR_STORE' })
    assert.equal(said.length, 1)
    assert.match(said[0] ?? '', /given back to their submitters.*the disk is full/)
    now += DISK_WARNING_EVERY_MS
    await assert.rejects(fetch(failing('ERR_STORE')))
    assert.equal(said.length, 2)
  })

  it('says nothing of what is no matter of the disk, nor of what works', async () => {
    await assert.rejects(fetch(failing('ERR_MODULE_NOT_FOUND')), { code: 'ERR_MODULE_NOT_FOUND' })
    await fetch({ ...failing('ERR_STORE'), fetch: async () => {} })
    assert.deepEqual(said, [])
  })
})
