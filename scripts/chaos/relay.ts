/**
 * A TCP relay that can slow and stall what goes through it, as the kernel may have no netem. It runs as a process in the
 * namespace of the host whose link it spoils; its parent says how by messages.
 */
import { createServer, connect, type Socket } from 'node:net'

/** What the link does from now on. */
export interface LinkQuality { delayMs: number, stalled: boolean }

let quality: LinkQuality = { delayMs: 0, stalled: false }
const resumed = new Set<() => void>()

process.on('message', (message: LinkQuality) => {
  quality = message
  if (!quality.stalled) for (const resume of [...resumed]) resume()
})
process.on('disconnect', () => process.exit(0))

const [port = '0', target = '', targetPort = '0'] = process.argv.slice(2)

/** Each chunk waits its delay, in order; a stalled link reads nothing more, so that the sender feels it as it would a dead one. */
function pass (from: Socket, to: Socket): void {
  let last = Promise.resolve()
  from.on('data', (chunk) => {
    from.pause()
    const due = performance.now() + quality.delayMs
    last = last.then(async () => {
      await later(due - performance.now())
      if (quality.stalled) await new Promise<void>((resolve) => { resumed.add(resolve); from.once('close', () => { resolve() }) }).finally(() => { resumed.clear() })
      if (!to.destroyed) to.write(chunk)
      from.resume()
    })
  })
  from.on('end', () => { void last.then(() => { to.end() }) })
  from.on('error', () => { to.destroy() })
  from.on('close', () => { to.destroy() })
}

async function later (ms: number): Promise<void> {
  if (ms > 0) await new Promise((resolve) => { setTimeout(resolve, ms) })
}

createServer((near) => {
  const far = connect(Number(targetPort), target)
  pass(near, far)
  pass(far, near)
}).listen(Number(port), '127.0.0.1', () => { process.send?.('listening') })
