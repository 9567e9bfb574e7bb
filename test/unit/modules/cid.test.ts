import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { bytesOfCid, cidFromBytes, cidOf, cidOfDigest, digestOfCid, parseCid } from '../../../src/modules/cid.ts'
import { CorebrumError } from '../../../src/errors.ts'

const EMPTY = 'bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku'

describe('cid', () => {
  it('names bytes as other tools do', () => {
    assert.equal(cidOf(new Uint8Array()), EMPTY)
    const bytes = Buffer.from('hello world')
    assert.equal(cidOf(bytes), 'bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e')
    assert.equal(cidOfDigest(createHash('sha256').update(bytes).digest()), cidOf(bytes))
  })

  it('goes to digest and binary form and back', () => {
    assert.equal(Buffer.from(digestOfCid(EMPTY)).toString('hex'), createHash('sha256').digest('hex'))
    assert.equal(Buffer.from(bytesOfCid(EMPTY)).toString('hex'), `01551220${createHash('sha256').digest('hex')}`)
    assert.equal(cidFromBytes(bytesOfCid(EMPTY)), EMPTY)
  })

  it('reads other bases and writes base32', () => {
    assert.equal(parseCid('zb2rhmy65F3REf8SZp7De11gxtECBGgUKaLdiDj7MCGCHxbDW'), EMPTY)
  })

  const refused = {
    'not a CID': 'hello',
    'an empty text': '',
    'a path': '../../etc/passwd',
    'version 0': 'QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n',
    'codec dag-pb': 'bafybeihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku',
    'hash sha2-512': 'bafkrgqhhyivzstcz3hhswshfjgy6ertgmnqeleynhwt4dlfsthi4hn7zgh4uvlsb5xncykzapi3ocd4lzogukir6ksdy6wzrnz6ohnv4aglcs',
  }
  for (const [what, text] of Object.entries(refused)) {
    it(`refuses ${what}`, () => {
      assert.throws(() => parseCid(text), (error) => error instanceof CorebrumError && error.code === 'ERR_CID')
    })
  }

  it('refuses damaged binary forms', () => {
    for (const bytes of [new Uint8Array(), bytesOfCid(EMPTY).subarray(0, 35), Uint8Array.of(1, 0x70, 0x12, 0x20), new Uint8Array(40)]) {
      assert.throws(() => cidFromBytes(bytes), (error) => error instanceof CorebrumError && error.code === 'ERR_CID')
    }
  })
})
