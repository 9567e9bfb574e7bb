/** A map from the command line that is interrupted while it is being made. */
import assert from 'node:assert/strict'
import { runMap } from '../../../src/cli/submit/map-run.ts'
import type { MapOutput } from '../../../src/cli/submit/map-output.ts'
import type { MapProgress } from '../../../src/cli/submit/map-progress.ts'
import { EXIT } from '../../../src/cli/exit.ts'
import type { MapSource } from '../../../src/control/map-client.ts'
import { CorebrumError } from '../../../src/errors.ts'

const ID = '3f0c2a1e-0b1d-4c5e-8f6a-0123456789ab'

describe('a map that is interrupted while it is being made', () => {
  it('gets its id told, and is paused: nobody could name it otherwise', async () => {
    const said: string[] = []
    const done: string[] = []
    const cancelled = (): CorebrumError => new CorebrumError('ERR_CANCELLED', 'interrupted')
    const source: MapSource = {
      async create (_request, signal) {
        process.emit('SIGTERM')
        if (signal.aborted) throw cancelled()
        return { id: ID, warnings: [] }
      },
      proceed: async () => undefined,
      addInputs: () => Promise.reject(cancelled()),
      async * results () { throw cancelled() },
      async * follow () { yield { id: ID, state: 'paused' } },
      async pause (id) { done.push(`pause ${id}`) },
      async cancel () {},
      handedOver () {},
      async close () {},
    }
    const progress: MapProgress = { note: (text) => { said.push(text) }, show () {}, end () {} }
    const output: MapOutput = { async open () {}, async write () {}, async end () {}, async abandon () {} }
    async function * inputs (): AsyncGenerator<Uint8Array> { yield Buffer.from('{}\n') }
    const code = await runMap(source, { map: { definition: '' }, chunks: inputs(), ordered: true, detach: false, progress, output })
    assert.deepEqual([code, said, done], [EXIT.cancelled, [`map ${ID}`], [`pause ${ID}`]])
  })
})
