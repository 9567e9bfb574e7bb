/** Submits to the running daemon: loads nothing but Node's HTTP client. */
import type { ControlClient, SubmitRequest } from '../../control/client.ts'
import type { TaskSource } from './source.ts'

export function daemonSource (client: ControlClient, request: SubmitRequest): TaskSource {
  const following = new AbortController()
  return {
    outlivesCommand: true,
    events: () => client.follow(request, { signal: following.signal }),
    async cancel (id) {
      await client.post(`/v1/tasks/${id}/cancel`)
    },
    output: (id, name) => client.output(id, name),
    abandon: () => following.abort(),
    async close () {
      following.abort()
    },
  }
}
