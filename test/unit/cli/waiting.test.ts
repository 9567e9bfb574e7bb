/** What `submit` says while a task is tried again, or waits for peers. */
import assert from 'node:assert/strict'
import { createReplicasHint } from '../../../src/cli/submit/replicas-hint.ts'
import { declineLines } from '../../../src/cli/task-text.ts'
import { checkFlags } from '../../../src/config.ts'
import { rejectsWith } from '../../support/rejects.ts'

describe('submit while a task waits', () => {
  it('tells a run that failed from a refusal', () => {
    const lines = declineLines({ declines: [{ peer: 'worker', code: 'ERR_TRAP', reason: 'the module trapped' }, { peer: 'worker', code: 'ERR_DECLINED', reason: 'busy' }] })
    assert.deepEqual(lines, ['failed on worker, tried again: the module trapped', 'worker did not do it: busy'])
  })

  it('says once that replicas wait for other peers, and not while they run', async () => {
    const asked: string[] = []
    let waiting = 0
    let told: (line: string) => void = () => {}
    const hint = createReplicasHint({ async waiting (id) { asked.push(id); return waiting } }, (line) => { told(line) }, { afterMs: 1 })
    const line = new Promise<string>((resolve) => { told = resolve })
    hint.show({ id: 'plain', state: 'RUNNING' })
    hint.show({ id: 'done', state: 'COMPLETED', job: { kind: 'agreement' } })
    waiting = 2
    hint.show({ id: 'two', state: 'RUNNING', job: { kind: 'agreement', done: 1, failed: 0 } })
    assert.match(await line, /2 more peers/)
    assert.deepEqual(asked, ['two'])
    hint.end()
  })

  it('refuses wrong settings of a node that it would not use', async () => {
    await checkFlags({ keepSeconds: '3d', labels: ['gpu=yes'] })
    await rejectsWith('ERR_CONFIG', checkFlags({ keepSeconds: 'x' }))
  })
})
