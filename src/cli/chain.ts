/** `--chain`: a job with the tasks that it is made of, and theirs where they are jobs. */
import type { ControlClient } from '../control/client.ts'
import { numberField, textField, viewField, viewsField } from '../control/fields.ts'
import { compact, type View } from '../control/views.ts'
import { formatJson } from '../task/json.ts'
import { plainText } from './plain-text.ts'
import { outputsAsText } from './task-text.ts'

/** The tasks of a job by number, each followed by its own. */
export async function * chainOf (client: Pick<ControlClient, 'get'>, id: string, { logs = false }: { logs?: boolean } = {}): AsyncGenerator<View> {
  let from: number | undefined = 0
  while (from !== undefined) {
    const page: View = await client.get(`/v1/tasks/${encodeURIComponent(id)}/children?from=${from}${logs ? '&logs=true' : ''}`)
    for (const child of viewsField(page, 'children')) {
      yield child
      const childId = textField(child, 'id')
      if (childId !== undefined && viewField(child, 'job') !== undefined) yield * chainOf(client, childId, { logs })
    }
    from = numberField(page, 'next')
  }
}

/** What `status --chain` shows of each: all but its outputs. */
export function chainEntry ({ outputs: _outputs, declines: _declines, ...child }: View): View {
  return child
}

/** One line of `results --chain`. */
function resultEntry (child: View): View {
  return compact({ id: child['id'], name: child['name'], state: child['state'], outputs: child['outputs'], error: child['error'] })
}

/** `double: 42`, `triple: FAILED: unreachable was executed (ERR_TRAP)`; several lines stand indented under the name. */
export function resultText (child: View): string {
  const error = viewField(child, 'error')
  const name = plainText(textField(child, 'name') ?? '')
  if (error !== undefined) return `${name}: ${textField(child, 'state')}: ${plainText(textField(error, 'message') ?? '')} (${textField(error, 'code')})`
  if (viewField(child, 'outputs') === undefined) return `${name}: ${textField(child, 'state')}`
  const text = outputsAsText(child)
  return text.includes('\n') ? `${name}:\n${text.replaceAll(/^/gm, '  ')}` : `${name}: ${text}`
}

/** One line of JSON for `results --chain`. */
export function resultLine (child: View): string {
  return formatJson(resultEntry(child))
}
