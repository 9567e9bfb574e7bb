/** Which workers a node knows of: by their work streams, by asking, and from the DHT. */
import assert from 'node:assert/strict'
import type { PeerAnswer } from '../../../src/roles/offers/explain.ts'
import { listWorkers, type WorkerInfo, type WorkersComponents } from '../../../src/roles/offers/workers.ts'
import { newLinkedWorker } from '../../../src/roles/submitter/roster.ts'
import type { WorkerLink } from '../../../src/roles/link.ts'
import { capability } from '../../support/roles.ts'

const answer = (peer: string, verdict: PeerAnswer['verdict'], more: Partial<PeerAnswer> = {}): PeerAnswer => ({ peer, verdict, reason: '', load: 0, slots: 2, ...more })
const labels = { gpu: 'yes' }

describe('workers', () => {
  let asked: Array<{ peers: readonly string[], offer: unknown }>

  function list (answers: PeerAnswer[], { discover = false, inDht = {} }: { discover?: boolean, inDht?: Record<string, ReturnType<typeof capability> | undefined> } = {}): Promise<WorkerInfo[]> {
    asked = []
    const link: WorkerLink = { peer: 'linked', local: false, bufferedBytes: 0, send () {}, async close () {}, abort () {} }
    const linked = { ...newLinkedWorker(link), capability: capability({ slots: 3 }) }
    const components: WorkersComponents = {
      linked: () => [linked, newLinkedWorker({ ...link, peer: 'says nothing' })],
      network: {
        peers: () => ['linked', ...answers.map(({ peer }) => peer)].map((peer) => ({ peer, addresses: [], direction: 'inbound', connectedAtMs: 0 })),
        async * findWorkers () { yield * Object.keys(inDht) },
        capabilityOf: async (peer) => inDht[peer],
      },
      explain: { ask: async (peers, offer) => { asked.push({ peers, offer }); return answers } },
    }
    return listWorkers(components, { discover })
  }

  it('are those with a work stream and connected peers that say that they take tasks', async () => {
    const found = await list([
      answer('idle', 'admits', { capability: capability({ slots: 2, labels }) }), answer('busy', 'busy', { capability: capability({}) }), answer('only submits', 'declines', { capability: capability({ slots: 0 }) }),
      answer('stalls', 'silent'), answer('is older', 'admits'),
    ])
    assert.deepEqual(found.map(({ peer, connected, leases }) => [peer, connected, leases]), [['linked', true, 0], ['idle', true, 0], ['busy', true, 0]])
    assert.deepEqual([found[1]?.slots, found[1]?.labels], [2, labels])
    assert.deepEqual(asked, [{ peers: ['idle', 'busy', 'only submits', 'stalls', 'is older'], offer: undefined }])
  })

  it('are others too that the DHT knows, when it is asked', async () => {
    const found = await list([answer('idle', 'admits', { capability: capability({}) }), answer('stalls', 'silent')], { discover: true, inDht: { idle: capability({}), far: capability({ labels }), stalls: capability({}), gone: undefined } })
    assert.deepEqual(found.map(({ peer, connected }) => [peer, connected]), [['linked', true], ['idle', true], ['far', false], ['stalls', true]])
  })
})
