/** Waits for what whole nodes do, at the parts that they are made of. */
import assert from 'node:assert/strict'
import type { Node } from '../../src/node.ts'
import type { NodeParts } from '../../src/node-parts.ts'
import type { KeptReceipt } from '../../src/roles/receipts/receipts-of.ts'
import type { Receipt } from '../../src/task/receipt.ts'
import { until, type Listen } from './until.ts'

export function partsOf (node: Node): NodeParts {
  return (node as unknown as { parts: NodeParts }).parts
}

/** Results that a node writes down for submitters, or lets go of. */
function debtsOf (node: Node): Listen {
  return (changed) => {
    const { journal } = partsOf(node)
    const { owe, settled } = journal
    journal.owe = async (...args) => {
      await owe.apply(journal, args)
      changed()
    }
    journal.settled = (...args) => {
      settled.apply(journal, args)
      changed()
    }
    return () => { Object.assign(journal, { owe, settled }) }
  }
}

/** Resolves when so many results of this node, which has a journal, are not acknowledged. */
export function untilOwed (node: Node, results: number): Promise<void> {
  return until(`${results} results that are owed`, () => node.keptForOthers().owedResults === results, debtsOf(node))
}

/** The receipt of a task that has ended, however long its worker takes to sign it. */
export async function receiptOf (node: Node, { id }: { id: string }): Promise<Receipt> {
  const { tasks } = partsOf(node)
  await until(`the receipt of task ${id}`, () => tasks.get(id)?.receipt !== undefined, (changed) => tasks.listen(id, changed))
  const [only] = await node.receipts(id)
  return only?.receipt ?? assert.fail('no receipt')
}

/** As `receiptOf`, of a job whose replicas agreed: so many. */
export async function receiptsOf (node: Node, { id }: { id: string }, count: number): Promise<KeptReceipt[]> {
  const { tasks } = partsOf(node)
  const replicas = await node.children(id)
  let kept: KeptReceipt[] = []
  await until(`${count} receipts of job ${id}`, async () => {
    kept = await node.receipts(id).catch(() => [])
    return kept.length >= count
  }, (changed) => {
    const ends = replicas.map((replica) => tasks.listen(replica.id, changed))
    return () => { for (const end of ends) end() }
  })
  return kept
}

/** What the programs of a node give is held back until the function that it returns is called. */
export function holdResults (node: Node): () => void {
  const { executor } = partsOf(node)
  const run = executor.run.bind(executor)
  let release = (): void => {}
  const released = new Promise<void>((resolve) => { release = resolve })
  executor.run = async (call, options) => {
    const result = await run(call, options)
    await released
    return result
  }
  return release
}
