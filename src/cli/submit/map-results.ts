/** `corebrum results` of a map: a line of JSON for each input, and the outputs of the final task, as `submit --map` prints them. */
import type { ControlClient } from '../../control/client.ts'
import { viewField } from '../../control/fields.ts'
import { createMapClient } from '../../control/map-client.ts'
import { formatJson } from '../../task/json.ts'
import { print } from '../output.ts'
import { createMapOutput } from './map-output.ts'

/** Of a map that has ended. Rejects with ERR_TASK_UNKNOWN when its results are not kept any more. */
export async function printMapResults (client: ControlClient, id: string): Promise<void> {
  const output = createMapOutput()
  for await (const chunk of createMapClient(client).results(id, { ordered: true, signal: new AbortController().signal })) await output.write(chunk)
  await output.end()
  const { state, reduced, ...map } = await client.get(`/v1/maps/${encodeURIComponent(id)}`)
  if (reduced === true && state === 'completed') print(formatJson(viewField(map, 'outputs') ?? {}))
}
