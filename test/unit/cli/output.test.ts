import assert from 'node:assert/strict'
import { createProgress } from '../../../src/cli/progress.ts'
import { bytes, table } from '../../../src/cli/table.ts'
import { outputsAsText, outputsOf, shortPeer, stateLine } from '../../../src/cli/task-text.ts'
import { plainLine } from '../../../src/cli/daemon-log.ts'
import { createMemoryStream } from '../../support/memory-stream.ts'

describe('cli output', () => {
  it('aligns tables and leaves no blanks at the end', () => {
    const text = table([{ title: 'ID' }, { title: 'SIZE', align: 'right' }, { title: 'X' }], [['a', '100', ''], ['long', '5', 'y']])
    assert.equal(text, 'ID    SIZE  X\na      100\nlong     5  y')
    assert.equal(table([{ title: 'ID' }], []), 'ID')
  })

  it('shows sizes with a unit', () => {
    assert.deepEqual([0, 1023, 1024, 1536, 512 * 1024 ** 2, 2 ** 50, undefined].map(bytes), ['0 B', '1023 B', '1 KiB', '1.5 KiB', '512 MiB', '1024 TiB', '-'])
  })

  it('writes a line for each change of state where nobody watches', () => {
    const stream = createMemoryStream()
    const progress = createProgress({ stream })
    for (const state of ['PENDING', 'PENDING', 'RUNNING']) progress.state(state)
    progress.note('note')
    progress.end()
    assert.equal(stream.text, 'PENDING\nRUNNING\nnote\n')
  })

  it('redraws one line on a terminal, cut to its width, and clears it at the end', () => {
    const stream = createMemoryStream({ isTTY: true, columns: 20 })
    const progress = createProgress({ stream })
    progress.state('RUNNING on a very long name')
    assert.ok(!stream.text.includes('\n'))
    assert.ok(stream.text.length < 20 + '\r\u001b[K'.length)
    progress.end()
    assert.ok(stream.text.endsWith('\r\u001b[K'))
  })

  it('says only notes when quiet', () => {
    const stream = createMemoryStream({ isTTY: true })
    const progress = createProgress({ stream, quiet: true })
    progress.state('RUNNING')
    progress.note('note')
    progress.end()
    assert.equal(stream.text, 'note\n')
  })

  it('tells a task in a line', () => {
    assert.equal(stateLine({ state: 'PENDING' }), 'PENDING')
    assert.equal(stateLine({ state: 'COMPLETED', worker: '12D3KooWabcdefgh', timings: { totalMs: 12 } }), 'COMPLETED on …abcdefgh in 0.012 s')
    assert.equal(shortPeer(undefined), '-')
    assert.equal(shortPeer('short'), 'short')
  })

  it('prints outputs exactly', () => {
    assert.equal(outputsOf({ outputs: { result: 2n ** 70n, data: new Uint8Array([255]) } }), '{"result":1180591620717411303424,"data":"/w=="}')
    assert.equal(outputsOf({}), '{}')
    assert.equal(outputsAsText({ outputs: { result: 2n ** 70n } }), '1180591620717411303424')
    assert.equal(outputsAsText({ outputs: {} }), '')
  })

  it('makes plain lines of the log', () => {
    assert.equal(plainLine('{"level":40,"time":"2025-01-01T00:00:00.000Z","peer":"a","n":1,"msg":"hello"}'), '2025-01-01T00:00:00.000Z warn  hello peer=a n=1\n')
  })
})
