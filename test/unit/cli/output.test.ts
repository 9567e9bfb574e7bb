import assert from 'node:assert/strict'
import fc from 'fast-check'
import { createLogText } from '../../../src/cli/log-text.ts'
import { createPlainText, plainText } from '../../../src/cli/plain-text.ts'
import { createProgress } from '../../../src/cli/progress.ts'
import { bytes, table } from '../../../src/cli/table.ts'
import { outputsAsText, outputsOf, shortPeer, stateLine, usageLine } from '../../../src/cli/task-text.ts'
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

  it('writes the log as it comes where nobody watches, and states on lines of their own', () => {
    const stream = createMemoryStream()
    const progress = createProgress({ stream })
    progress.state('RUNNING')
    for (const text of ['a', 'b\nc', 'd']) progress.log(text)
    progress.state('COMPLETED')
    progress.log('e')
    progress.note('note')
    progress.log('f\n')
    progress.log('g')
    progress.end()
    assert.equal(stream.text, 'RUNNING\nab\ncd\nCOMPLETED\ne\nnote\nf\ng\n')
  })

  it('writes whole lines of the log above the line that is redrawn', () => {
    const stream = createMemoryStream({ isTTY: true, columns: 20 })
    const progress = createProgress({ stream })
    progress.log('early\n')
    progress.state('RUNNING')
    for (const text of ['a', 'b\nc', 'd']) progress.log(text)
    progress.note('note')
    progress.end()
    const shown = stream.text.replaceAll(/\d+\.\d s {2}RUNNING/g, '_').split('\r\u001b[K')
    assert.deepEqual(shown, ['early\n', '_', 'ab\n', '_', 'note\n', '_', 'cd\n'])
  })

  it('shows no log when quiet', () => {
    const stream = createMemoryStream()
    const progress = createProgress({ stream, quiet: true })
    progress.log('a\nb')
    progress.note('note')
    progress.end()
    assert.equal(stream.text, 'note\n')
  })

  it('lets no text of a module act on a terminal', () => {
    assert.equal(plainText('a\tb\n\u001b[31mred\u0007\u007f\u009b1m\u202eabc é🙂\u0000'), 'a\tb\n\\x1b[31mred\\x07\\x7f\\x9b1m\\u202eabc é🙂\\x00')
    assert.equal(plainText('10%\r20%\r\ndone\r'), '10%\n20%\ndone\n')
    const plain = createPlainText()
    assert.equal(['a\r', '\nb\r', 'c\r', '', '\n', 'd'].map(plain).join(''), 'a\nb\nc\nd')
    fc.assert(fc.property(fc.array(fc.string({ unit: fc.constantFrom('a', '\r', '\n', '\u001b', '\t', 'é') })), (parts) => {
      assert.equal(parts.map(createPlainText()).join(''), plainText(parts.join('')))
    }))
  })

  it('prints a log part by part, says where it begins again, and ends its last line', () => {
    let text = ''
    const log = createLogText((part) => { text += part })
    log.add({ text: 'a\nb' })
    log.add({ text: 'c', restarts: true })
    log.end()
    log.end()
    assert.match(text, /^a\nb\n\[.*\]\nc\n$/)
  })

  it('tells what a task used in a line', () => {
    assert.deepEqual(usageLine({ usage: { wallMs: 0.8, cpuMs: 0.7, memoryBytes: 1.1 * 1024 ** 2, fuel: 12345, moduleBytes: 34 * 1024, fileBytes: 0 } }), ['ran 0.8 ms (cpu 0.7 ms), memory 1.1 MiB, module 34 KiB, fuel 12345'])
    assert.deepEqual(usageLine({ usage: { wallMs: 100, moduleBytes: 300, fileBytes: 2048 } }), ['ran 100 ms, module 300 B, files 2 KiB'])
    assert.deepEqual(usageLine({}), [])
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
