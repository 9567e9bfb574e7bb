/** Messages of a factorial task as they travel, for baselines that move the same bytes. */
import { randomUUID } from 'node:crypto'
import { submitterMessageToWire, workerMessageToWire } from '../../src/wire/messages.ts'

export const LEASE_MESSAGE = submitterMessageToWire({
  kind: 'lease', taskId: randomUUID(), fence: 1, digest: '5a'.repeat(32), leaseMs: 10_000, values: [5],
})

export const RESULT_MESSAGE = workerMessageToWire({
  kind: 'result',
  taskId: randomUUID(),
  fence: 1,
  outcome: { ok: true, outputs: { result: 120 }, usage: { wallMs: 0.0123, memoryBytes: 1_048_576, cpuMs: 0, moduleBytes: 0, fileBytes: 0 }, logs: '' },
})
