import assert from 'node:assert/strict'
import { hostsNotIn, isHostPattern, matchHost } from '../../../src/web/host-patterns.ts'

describe('host patterns', () => {
  for (const text of ['a.org', 'localhost', 'localhost:8080', '*.a.org', '*', '*:8080', '10.0.0.1', '[::1]', '[::1]:80', 'xn--bcher-kva.example']) {
    it(`takes ${text}`, () => { assert(isHostPattern(text)) })
  }
  for (const text of ['', 'http://a.org', 'a.org/path', 'a org', 'a.org:0', 'a.org:65536', 'a.org:', '.a.org', 'a*.org', '**', 'user@a.org', '-a.org', 'a.org.', '*.']) {
    it(`refuses ${JSON.stringify(text)}`, () => { assert(!isHostPattern(text)) })
  }

  const cases: Array<[string, string[], boolean | undefined]> = [
    ['http://a.org/x', ['a.org'], true],
    ['https://A.org/', ['a.ORG'], true],
    ['http://a.org:8080/', ['a.org'], undefined],
    ['http://a.org:8080/', ['a.org:8080'], true],
    ['https://a.org/', ['a.org:443'], true],
    ['http://a.org/', ['a.org:443'], undefined],
    ['http://b.a.org/', ['a.org'], undefined],
    ['http://b.a.org/', ['*.a.org'], false],
    ['http://a.org/', ['*.a.org'], undefined],
    ['http://evila.org/', ['*.a.org'], undefined],
    ['http://a.org.evil.com/', ['a.org'], undefined],
    ['http://anything/', ['*'], false],
    ['http://a.org/', ['*', 'a.org'], true],
    ['http://anything:22/', ['*'], undefined],
    ['http://a.org/', [], undefined],
    ['http://[::1]:8080/', ['[::1]:8080'], true],
  ]
  for (const [url, patterns, exact] of cases) {
    it(`${url} in ${JSON.stringify(patterns)}: ${exact === undefined ? 'no' : exact ? 'by name' : 'by a star'}`, () => {
      assert.equal(matchHost(new URL(url), patterns)?.exact, exact)
    })
  }

  it('finds the hosts that another list lacks', () => {
    assert.deepEqual(hostsNotIn(['a.org', 'b.org:8080', 'c.a.org', '*'], ['a.org', '*.a.org']), ['b.org:8080', '*'])
    assert.deepEqual(hostsNotIn(['a.org', 'b.org'], ['*']), [])
    assert.deepEqual(hostsNotIn(['a.org:8080'], ['*']), ['a.org:8080'])
    assert.deepEqual(hostsNotIn(['*.a.org'], ['*.a.org']), [])
  })
})
