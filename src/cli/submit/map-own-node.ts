/** Maps without a daemon: kept in the data folder like those of a daemon, so that a later command or daemon goes on with them. */
import type { ConfigSources } from '../../config.ts'
import type { MapSource } from '../../control/map-client.ts'
import { mapView, readMapSubmission } from '../../control/map-submission.ts'
import type { Node } from '../../node.ts'
import { createHelpingNode, type HelpingNodeOptions } from './helping-node.ts'

export function ownNodeMaps (sources: ConfigSources, options: HelpingNodeOptions): MapSource {
  const helping = createHelpingNode(sources, options)
  let starting: Promise<Node> | undefined
  /** Nobody would clear it away for long. */
  let handedOver: string | undefined

  const maps = async (): Promise<Node['maps']> => {
    starting ??= helping.start()
    return (await starting).maps
  }

  return {
    async create (request, signal) {
      // Together: a mistake in the definition is reported without waiting for the node.
      const [{ request: map, warnings }, own] = await Promise.all([readMapSubmission(request), maps()])
      const { id } = await own.create(map, { signal })
      helping.help()
      return { id, warnings }
    },
    async proceed (id) {
      const map = await (await maps()).proceed(id)
      helping.help()
      if (map.isOver) return undefined
      const { sealed, ...mark } = map.inputs()
      return sealed ? undefined : mark
    },
    async addInputs (id, chunks, mark) {
      return await (await (await maps()).find(id)).addInputs(chunks, mark)
    },
    async * results (id, { ordered, signal }) {
      yield * (await (await maps()).find(id)).results({ ordered, signal })
    },
    async * follow (id, signal) {
      for await (const status of (await (await maps()).find(id)).follow(signal)) yield mapView(status)
    },
    async pause (id) {
      await (await (await maps()).find(id)).pause()
    },
    async cancel (id) {
      await (await maps()).cancel(id)
    },
    handedOver (id) {
      handedOver = id
    },
    async close () {
      const node = await starting?.catch(() => undefined)
      await helping.close()
      if (handedOver !== undefined) await node?.maps.discard(handedOver)
    },
  }
}
