// Submits a task from your own program: a node in this process, the mesh if there is one, the own sandbox otherwise.
//   node examples/submit-from-code/index.mjs [NUMBER]
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { createNode, formatJson, parseDefinition } from 'corebrum'

const fileName = fileURLToPath(new URL('../../task_definitions/wasm/factorial_wasm.yaml', import.meta.url))
const { definition } = await parseDefinition(await readFile(fileName, 'utf8'), { fileName })

const node = await createNode({ ephemeral: true })
await node.start()
try {
  const task = await node.submit(definition, { number: BigInt(process.argv[2] ?? 5) })
  for await (const { state, worker } of task.events()) console.error(state, worker ?? '')
  console.log(formatJson(await task.result()))
} finally {
  await node.stop()
}
