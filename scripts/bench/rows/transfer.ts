/** A module of 64 MB from a peer: time to have it checked in the store, against bare bytes that nobody keeps; and memory. */
import { startChild, type Child } from '../child.ts'
import type { ModulePeer } from '../processes/module-peer.ts'
import type { Figure, Row, RowContext } from '../row.ts'
import { median } from '../statistics.ts'

const MODULE_BYTES = 64 * 1024 * 1024
const LEAST_RATIO = 0.7
const MOST_MEMORY = 2
/** Rounds until the engine has compiled both paths; their memory counts, their times do not. */
const WARM_UP = 4

async function run (context: RowContext): Promise<Figure[]> {
  const start = async (): Promise<Child<ModulePeer>> => {
    const child = await startChild<ModulePeer>(new URL('../processes/module-peer.ts', import.meta.url))
    context.after(() => child.stop())
    context.after(() => child.call('close'))
    return child
  }
  const sender = await start()
  const receiver = await start()
  const { peer, node, bare } = await sender.call('addresses')
  await receiver.call('connect', peer, node)

  const speeds: number[] = []
  const bareSpeeds: number[] = []
  const grown: number[] = []
  const bareGrown: number[] = []
  const megabytesPerSecond = (ms: number): number => MODULE_BYTES / 1e6 / (ms / 1000)
  for (let i = 0; i < WARM_UP + context.samples(9); i++) {
    const { cid, size } = await sender.call('make', MODULE_BYTES)
    const module = await receiver.call('fetch', peer, cid, size)
    await Promise.all([sender.call('drop', cid), receiver.call('drop', cid)])
    const stream = await receiver.call('drain', bare, MODULE_BYTES)
    const speed = megabytesPerSecond(module.ms)
    const bareSpeed = megabytesPerSecond(stream.ms)
    context.say(`${Math.round(speed)} MB/s, bare ${Math.round(bareSpeed)} MB/s`)
    grown.push(module.grownBytes)
    bareGrown.push(stream.grownBytes)
    if (i < WARM_UP) continue
    speeds.push(speed)
    bareSpeeds.push(bareSpeed)
  }
  const ratio = median(speeds) / median(bareSpeeds)
  const worst = Math.max(...grown)
  return [{
    what: 'module of 64 MiB from a peer',
    measured: median(speeds),
    unit: 'MB/s',
    baseline: { what: 'bare libp2p stream', value: median(bareSpeeds) },
    ratio,
    target: `>= ${LEAST_RATIO} x`,
    met: ratio >= LEAST_RATIO,
    details: { samples: speeds.length, 'best MB/s': Math.max(...speeds), 'best bare MB/s': Math.max(...bareSpeeds) },
  }, {
    what: 'memory that the transfer takes, peak over before, worst',
    measured: worst / 2 ** 20,
    unit: 'MiB',
    baseline: { what: 'the module', value: MODULE_BYTES / 2 ** 20 },
    ratio: worst / MODULE_BYTES,
    target: `< ${MOST_MEMORY} x`,
    met: worst < MOST_MEMORY * MODULE_BYTES,
    details: { 'first MiB': (grown[0] ?? 0) / 2 ** 20, 'worst of the bare stream MiB': Math.max(...bareGrown) / 2 ** 20 },
  }]
}

export const transfer: Row = { name: 'transfer', run }
