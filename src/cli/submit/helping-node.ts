/** A node that lives as long as one command: the mesh goes first, its own sandbox takes what nobody there takes. */
import { loadConfig, type ConfigSources } from '../../config.ts'
import { CLOSE_GRACE_MS, MESH_WAIT_MS, UNCLAIMED_WAIT_MS } from '../../limits.ts'
import { createNode, type Node } from '../../node.ts'
import { say } from '../output.ts'
import { startNode } from '../start-node.ts'

export interface HelpingNode {
  /** Rejects with ERR_CONFIG. */
  start (): Promise<Node>
  /** There are tasks: from now on the node waits for a mesh, and runs them itself after a while. */
  help (): void
  close (): Promise<void>
}

export interface HelpingNodeOptions {
  /** Uses no network at all. */
  local: boolean
}

export function createHelpingNode (sources: ConfigSources, { local }: HelpingNodeOptions): HelpingNode {
  let node: Node | undefined
  let unclaimed: NodeJS.Timeout | undefined
  let alive: NodeJS.Timeout | undefined

  const afterWait = async (started: Node): Promise<void> => {
    const meshed = await started.waitForPeer(MESH_WAIT_MS)
    if (!meshed) started.workForItself()
    else unclaimed = setTimeout(() => { started.workForItself() }, UNCLAIMED_WAIT_MS)
  }

  return {
    async start () {
      const { config, warnings } = await loadConfig(sources)
      for (const warning of warnings) say(`warning: ${warning}`)
      // A command that was told to run nothing itself still has to run a task that nobody else takes.
      const workerCount = Math.max(1, config.workerCount)
      // Without a network nothing else keeps the process, such as while a task waits for its next try.
      alive = setInterval(() => {}, ALIVE_MS)
      node = await createNode({ ...config, workerCount, ephemeral: true }, { networked: !local, worksForOthers: false, worksForItself: local })
      return await startNode(node)
    },
    help () {
      const started = node
      // A node that cannot wait for a mesh runs the task itself.
      if (started !== undefined && !local) afterWait(started).catch(() => { started.workForItself() })
    },
    async close () {
      clearTimeout(unclaimed)
      clearInterval(alive)
      // The task has ended; what a peer does not answer to in time must not keep the command.
      const late = new Promise((resolve) => { setTimeout(resolve, CLOSE_GRACE_MS).unref() })
      await Promise.race([node?.stop(), late])
    },
  }
}

/** Any time does: the timer is there, and does nothing. */
const ALIVE_MS = 60_000
