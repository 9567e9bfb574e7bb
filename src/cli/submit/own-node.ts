/** Submits without a daemon: a node that lives as long as this command, in the mesh if there is one. */
import { loadConfig, type ConfigSources } from '../../config.ts'
import type { SubmitRequest } from '../../control/client.ts'
import { outputBytes } from '../../control/output-bytes.ts'
import { readSubmission, type Submission } from '../../control/submission.ts'
import type { SubmitEvent } from '../../control/submit-event.ts'
import { taskEvents } from '../../control/task-events.ts'
import { CLOSE_GRACE_MS, MESH_WAIT_MS, UNCLAIMED_WAIT_MS } from '../../limits.ts'
import { createNode, type Node, type TaskHandle } from '../../node.ts'
import { bindInputs, declareInputs } from '../../task/bind.ts'
import { say } from '../output.ts'
import { startNode } from '../start-node.ts'
import type { TaskSource } from './source.ts'

export interface OwnNodeOptions {
  /** Uses no network at all. */
  local: boolean
}

export function ownNodeSource (request: SubmitRequest, sources: ConfigSources, { local }: OwnNodeOptions): TaskSource {
  const abandoned = new AbortController()
  let node: Node | undefined
  let task: TaskHandle | undefined
  let unclaimed: NodeJS.Timeout | undefined

  const ownNode = async (): Promise<Node> => {
    const { config, warnings } = await loadConfig(sources)
    for (const warning of warnings) say(`warning: ${warning}`)
    // A command that was told to run nothing itself still has to run a task that nobody else takes.
    const workerCount = Math.max(1, config.workerCount)
    node = await createNode({ ...config, workerCount, ephemeral: true }, { networked: !local, worksForOthers: false, worksForItself: local })
    await startNode(node)
    return node
  }

  /** The mesh goes first; the own sandbox takes what nobody there takes. */
  const helpOut = async (started: Node): Promise<void> => {
    const meshed = await started.waitForPeer(MESH_WAIT_MS)
    if (!meshed) started.workForItself()
    else unclaimed = setTimeout(() => started.workForItself(), UNCLAIMED_WAIT_MS)
  }

  const events = async function * (): AsyncGenerator<SubmitEvent> {
    // Together: a mistake in the definition is reported without waiting for the node.
    const [{ definition, inputs, warnings }, started] = await Promise.all([readChecked(request), ownNode()])
    const handle = await started.submit(definition, inputs, { baseDir: request.baseDir, signal: abandoned.signal })
    task = handle
    yield { type: 'accepted', id: handle.id, warnings }
    // A node that cannot wait for a mesh runs the task itself.
    if (!local) helpOut(started).catch(() => started.workForItself())
    yield * taskEvents(handle, { without: request.outputFiles ?? [] })
  }

  return {
    outlivesCommand: false,
    events,
    async cancel () {
      task?.cancel()
    },
    async * output (_id, name) {
      yield outputBytes(task?.record().outputs ?? {}, name)
    },
    abandon: () => abandoned.abort(),
    async close () {
      clearTimeout(unclaimed)
      // The task has ended; what a peer does not answer to in time must not keep the command.
      const late = new Promise((resolve) => { setTimeout(resolve, CLOSE_GRACE_MS).unref() })
      await Promise.race([node?.stop(), late])
    },
  }
}

async function readChecked (request: SubmitRequest): Promise<Submission> {
  const submission = await readSubmission(request)
  await bindInputs(declareInputs(submission.definition, submission.inputs), submission.inputs)
  return submission
}
