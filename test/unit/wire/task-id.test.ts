/** Ids of tasks and of tasks of jobs, as bytes. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { MAX_CHILD_NUMBER, MAX_ID_LEVELS } from '../../../src/task/task-id.ts'
import { idFromWire, idToWire } from '../../../src/wire/task-id.ts'
import { refusesWire } from '../../support/rejects.ts'

const UUID = '3f0c2a1e-0b1d-4c5e-8f6a-0123456789ab'
const HEX = '3f0c2a1e0b1d4c5e8f6a0123456789ab'

describe('ids of tasks on the wire', () => {
  const golden: Array<[string, string]> = [
    [UUID, HEX],
    [`${UUID}-0`, `${HEX}00000000`],
    [`${UUID}-3`, `${HEX}00000003`],
    [`${UUID}-4294967295`, `${HEX}ffffffff`],
    [`${UUID}-3-1`, `${HEX}0000000300000001`],
    [`${UUID}-1000000-2-16909060`, `${HEX}000f42400000000201020304`],
  ]
  for (const [id, hex] of golden) {
    it(`have the agreed bytes: ${id}`, () => {
      assert.equal(Buffer.from(idToWire(id)).toString('hex'), hex)
      assert.equal(idFromWire(Buffer.from(hex, 'hex')), id)
    })
  }

  it('come back as they were', () => {
    fc.assert(fc.property(fc.uuid(), fc.array(fc.nat({ max: MAX_CHILD_NUMBER }), { maxLength: MAX_ID_LEVELS }), (uuid, numbers) => {
      const id = [uuid, ...numbers].join('-')
      assert.equal(idFromWire(idToWire(id)), id)
    }))
  })

  for (const [what, raw] of [
    ['of 15 bytes', new Uint8Array(15)], ['of 17 bytes', new Uint8Array(17)], ['of 19 bytes', new Uint8Array(19)], ['of too many levels', new Uint8Array(32)],
    ['that are empty', new Uint8Array()], ['that are text', UUID], ['that are nothing', undefined], ['that are a list', [1]],
  ] as const) it(`are refused ${what}`, () => { refusesWire(() => idFromWire(raw)) })

  for (const id of ['', 'abc', `${UUID}-`, `${UUID}-01`, `${UUID}-4294967296`, `${UUID}-1-2-3-4`, `${UUID}--1`, `${UUID}-1 `]) {
    it(`are not made of ${JSON.stringify(id)}`, () => { refusesWire(() => idToWire(id), 'ERR_INTERNAL') })
  }
})
