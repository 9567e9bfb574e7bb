/** Flags that have a task run on several peers, or run again although its result is known. */
import { InvalidArgumentError, type Command } from 'commander'
import { isReplicas, QUORUM_RULE, REPLICAS_RULE } from '../task/agreement.ts'

export interface AgreementFlags {
  replicas?: number
  quorum?: number
  /** False for --no-cache; commander says true otherwise. */
  cache: boolean
}

export function addAgreementFlags (command: Command): Command {
  return command
    .option('--replicas <n>', 'run it on so many different peers, and compare what they give', (text) => count(text, REPLICAS_RULE))
    .option('--quorum <n>', 'with --replicas: so many must agree; default: more than half', (text) => count(text, QUORUM_RULE))
    .option('--no-cache', 'run it even when it is marked as deterministic and its result is known')
}

export function agreementOf ({ replicas, quorum }: AgreementFlags): { replicas?: number, quorum?: number } {
  return { ...(replicas !== undefined && { replicas }), ...(quorum !== undefined && { quorum }) }
}

function count (text: string, rule: string): number {
  const value = /^\d{1,4}$/.test(text.trim()) ? Number(text) : NaN
  if (!isReplicas(value)) throw new InvalidArgumentError(`It must be ${rule}.`)
  return value
}
