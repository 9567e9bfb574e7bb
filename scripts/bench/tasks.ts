/** The tasks that are measured. */
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { isPipeline, parseDefinition, type Node, type TaskDefinition } from 'corebrum'

/** Folder of the shipped definitions. */
export const TASKS = fileURLToPath(new URL('../../task_definitions/wasm/', import.meta.url))

export async function readTask (fileName: string): Promise<TaskDefinition> {
  const { definition } = await parseDefinition(await readFile(TASKS + fileName, 'utf8'), { fileName })
  if (isPipeline(definition)) throw new Error(`${fileName} is a pipeline`)
  return definition
}

export async function readFactorial (): Promise<{ definition: TaskDefinition, bytes: Uint8Array<ArrayBuffer> }> {
  const definition = await readTask('factorial_wasm.yaml')
  if (definition.module.kind !== 'bytes') throw new Error('the factorial example no longer embeds its module')
  return { definition, bytes: Uint8Array.from(definition.module.bytes) }
}

let factorial: Promise<TaskDefinition> | undefined

/** Runs so many tasks, all submitted at once. */
export async function submitFactorials (node: Node, count: number): Promise<void> {
  // One object for all, so that its module is read once.
  const definition = await (factorial ??= readTask('factorial_wasm.yaml'))
  await Promise.all(Array.from({ length: count }, async () => {
    const { result } = await (await node.submit(definition, { number: 5 })).result()
    if (result !== 120) throw new Error(`factorial(5) gave ${String(result)}`)
  }))
}

/** The same module under another CID: `size` random bytes more, in a custom section, which does not change what it does. */
export function renewed (bytes: Uint8Array, size = 16): Uint8Array {
  const body = Buffer.concat([Uint8Array.of(5), Buffer.from('nonce'), randomBytes(size)])
  return Buffer.concat([bytes, Uint8Array.of(0), leb128(body.length), body])
}

/** Gives what `renewed` made yet another CID, in place. */
export function renew (bytes: Uint8Array): void {
  bytes.set(randomBytes(16), bytes.length - 16)
}

function leb128 (value: number): Uint8Array {
  const bytes: number[] = []
  for (let rest = value; ;) {
    const low = rest % 128
    rest = Math.floor(rest / 128)
    if (rest === 0) return Uint8Array.from([...bytes, low])
    bytes.push(low | 0x80)
  }
}
