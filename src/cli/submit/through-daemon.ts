/** Submits to the running daemon: loads nothing but Node's HTTP client. */
import type { ControlClient, SubmitRequest } from '../../control/client.ts'
import { isMapping } from '../../task/values.ts'
import type { TaskSource } from './source.ts'

/** `onAccepted`: the daemon has taken the task. */
export function daemonSource (client: ControlClient, request: SubmitRequest, { onAccepted = () => {} }: { onAccepted?: () => void } = {}): TaskSource {
  const following = new AbortController()
  return {
    outlivesCommand: true,
    async * events () {
      for await (const event of client.follow(request, { signal: following.signal })) {
        if (event.type === 'accepted') onAccepted()
        yield event
      }
    },
    async cancel (id) {
      await client.post(`/v1/tasks/${id}/cancel`)
    },
    output: (id, name) => client.output(id, name),
    async waiting (id) {
      const { children } = await client.get(`/v1/tasks/${id}/children`)
      return Array.isArray(children) ? children.filter((child) => isMapping(child) && child.state === 'PENDING').length : 0
    },
    abandon: () => following.abort(),
    async close () {
      following.abort()
    },
  }
}
