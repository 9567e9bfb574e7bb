import assert from 'node:assert/strict'
import { isAlive, lockHolder, lockText, PROCESS_NAME } from '../../../src/modules/process-token.ts'

describe('names of processes', () => {
  it('tell this process from an earlier one with its number', () => {
    const [, token = ''] = PROCESS_NAME.split('-')
    assert.equal(isAlive(process.pid, token), true)
    assert.equal(isAlive(process.pid, 'abcdef'), false)
  })

  it('tell whether the process that wrote a lock still runs', () => {
    assert.equal(lockHolder(lockText()), process.pid)
    assert.equal(lockHolder(`${process.ppid}-abcdef`), process.ppid)
    for (const text of ['', 'x', '999999999-abcdef boot.1', `${process.pid}-abcdef`]) assert.equal(lockHolder(text), undefined, text)
  })

  it('tell it from another process that has its number after the machine was started again', () => {
    // Only Linux says when a process began.
    const expected = process.platform === 'linux' ? undefined : process.ppid
    assert.equal(lockHolder(`${process.ppid}-abcdef 8a2c2f0e-0000-4000-8000-000000000000.1`), expected)
  })
})
