/** Submits without a daemon: a node that lives as long as this command, in the mesh if there is one. */
import type { ConfigSources } from '../../config.ts'
import type { SubmitRequest } from '../../control/client.ts'
import { outputBytes } from '../../control/output-bytes.ts'
import { readSubmission, type Submission } from '../../control/submission.ts'
import type { SubmitEvent } from '../../control/submit-event.ts'
import { taskEvents } from '../../control/task-events.ts'
import { CorebrumError } from '../../errors.ts'
import { MESH_WAIT_MS } from '../../limits.ts'
import type { Node, TaskHandle } from '../../node.ts'
import { bindInputs, declareInputs } from '../../task/bind.ts'
import { isPipeline, type AnyDefinition } from '../../task/definition.ts'
import { quoted } from '../../task/values.ts'
import { createHelpingNode, type HelpingNodeOptions } from './helping-node.ts'
import type { TaskSource } from './source.ts'

export function ownNodeSource (request: SubmitRequest, sources: ConfigSources, options: HelpingNodeOptions): TaskSource {
  const abandoned = new AbortController()
  const node = createHelpingNode(sources, options)
  let task: TaskHandle | undefined
  let running: Node | undefined

  const events = async function * (): AsyncGenerator<SubmitEvent> {
    // Together: a mistake in the definition is reported without waiting for the node.
    const [{ definition, inputs, warnings }, started] = await Promise.all([readChecked(request, options), node.start()])
    // A part of a PeerId means a peer that is there.
    if (request.policy?.on !== undefined && !options.local) await started.waitForPeer(MESH_WAIT_MS)
    const handle = await started.submit(definition, inputs, { baseDir: request.baseDir, signal: abandoned.signal, policy: request.policy, noCache: request.noCache })
    task = handle
    running = started
    yield { type: 'accepted', id: handle.id, warnings }
    node.help()
    yield * taskEvents(handle, { without: request.outputFiles ?? [], children: (id, page) => started.children(id, page) })
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
    async waiting (id) {
      return (await running?.children(id) ?? []).filter(({ state }) => state === 'pending').length
    },
    abandon: () => abandoned.abort(),
    close: () => node.close(),
  }
}

async function readChecked (request: SubmitRequest, { local }: HelpingNodeOptions): Promise<Submission> {
  const submission = await readSubmission(request)
  const { definition, inputs } = submission
  if (local) requireOnePeer(definition)
  await bindInputs(declareInputs(definition, inputs), inputs)
  return submission
}

/** Replicas run on different peers, and would wait for them for ever. */
function requireOnePeer (definition: AnyDefinition): void {
  for (const { name, agreement } of isPipeline(definition) ? definition.steps.map(({ task }) => task) : [definition]) {
    if ((agreement?.quorum ?? 1) > 1) throw new CorebrumError('ERR_USAGE', `--local: ${quoted(name)} needs ${agreement?.quorum} peers that agree, and this process is one; leave --local out, or the replicas`)
  }
}
