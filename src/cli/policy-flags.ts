/** Flags that say how a task is placed and tried; they go before what its definition says. */
import { InvalidArgumentError, type Command } from 'commander'
import { MAX_REQUIRED_LABELS } from '../limits.ts'
import type { TaskPolicy } from '../task/definition.ts'
import { LABEL_RULE, splitLabel } from '../task/labels.ts'
import { deadlineOf, isPeerName, isPriority, isRetries, POLICY_RULES } from '../task/policy.ts'

export interface PolicyFlags {
  priority?: number
  retries?: number
  /** Milliseconds. */
  deadline?: number
  require?: Record<string, string>
  on?: string
}

export function addPolicyFlags (command: Command): Command {
  return command
    .option('--priority <n>', 'higher runs first; default 0', wholeNumber(isPriority, POLICY_RULES.priority))
    .option('--retries <n>', 'run it again up to so often when the task itself fails: it traps, takes too long, or exits with a code; default 0', wholeNumber(isRetries, POLICY_RULES.retries))
    .option('--deadline <duration>', 'end the task when it is not done so long after the submit, such as 10m; with --map the whole map, however often it is resumed', deadline)
    .option('--require <key=value>', 'run it only where the node has this label; repeatable', required)
    .option('--on <peer>', 'run it only on this node: its PeerId, or the end of it; see `corebrum workers`', peer)
}

/** Undefined when no flag was given. */
export function policyOf ({ priority, retries, deadline: deadlineMs, require, on }: PolicyFlags): Partial<TaskPolicy> | undefined {
  const policy: Partial<TaskPolicy> = {
    ...(priority !== undefined && { priority }),
    ...(retries !== undefined && { retries }),
    ...(deadlineMs !== undefined && { deadlineMs }),
    ...(require !== undefined && { require }),
    ...(on !== undefined && { on }),
  }
  return Object.keys(policy).length === 0 ? undefined : policy
}

function wholeNumber (isAllowed: (value: unknown) => value is number, rule: string): (text: string) => number {
  return (text) => {
    const value = /^[+-]?\d{1,15}$/.test(text.trim()) ? Number(text) : NaN
    if (!isAllowed(value)) throw new InvalidArgumentError(`It must be ${rule}.`)
    return value
  }
}

function deadline (text: string): number {
  const ms = deadlineOf(text)
  if (ms === undefined) throw new InvalidArgumentError(`It must be ${POLICY_RULES.deadline}.`)
  return ms
}

function required (text: string, earlier: Record<string, string> = {}): Record<string, string> {
  const label = splitLabel(text)
  if (label === undefined) throw new InvalidArgumentError(`It must be ${LABEL_RULE}.`)
  if (Object.hasOwn(earlier, label.key) && earlier[label.key] !== label.value) throw new InvalidArgumentError(`${label.key} is required to be ${earlier[label.key]} as well.`)
  const all = { ...earlier, [label.key]: label.value }
  if (Object.keys(all).length > MAX_REQUIRED_LABELS) throw new InvalidArgumentError(`At most ${MAX_REQUIRED_LABELS} labels can be required.`)
  return all
}

function peer (text: string): string {
  // The mark that `corebrum list` puts before the end of a PeerId.
  const name = text.replace(/^…/, '')
  if (!isPeerName(name)) throw new InvalidArgumentError(`It must be ${POLICY_RULES.on}.`)
  return name
}
