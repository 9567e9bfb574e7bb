/** The other machine, as a process: a node that works with 2 slots, and beside it a bare libp2p node for the baselines. */
import { createChannel } from '../../../src/network/frames.ts'
import { addressOf, createBare, FRAMES, serveEcho } from '../bare.ts'
import { serveCalls } from '../child.ts'
import { startNode } from '../nodes.ts'
import { residentBytes, resetPeak, peakBytes } from '../memory.ts'
import { RESULT_MESSAGE } from '../shapes.ts'

const { node, stop } = await startNode({ workerCount: 2 }, { durable: process.argv.includes('durable') })
const bare = await createBare()
await serveEcho(bare)
// Answers each lease with a result, without running anything: what travelling alone costs.
await bare.handle(FRAMES, ({ stream }) => {
  const channel = createChannel('bench', stream)
  channel.onMessages = (messages) => { messages.forEach(() => { channel.send(RESULT_MESSAGE) }) }
})

const methods = {
  addresses () {
    const [address] = node.addresses()
    if (address === undefined) throw new Error('the worker does not listen')
    return { node: address, bare: addressOf(bare) }
  },
  /** Bytes resident now; what the peak is compared to. */
  async watchMemory () {
    await resetPeak()
    return await residentBytes()
  },
  peakMemory: peakBytes,
  async close () {
    await bare.stop()
    await stop()
  },
}

export type WorkerProcess = typeof methods
serveCalls(methods)
