/** Counts the results of replicas: which are the same, whether so many agree as must, whether they still can. Pure. */
import { hash } from 'node:crypto'
import { encodeCanonical } from '../cbor.ts'
import type { AgreementSpec, OutputSpec } from '../task/definition.ts'
import { parseOutputPath, withoutPaths, type PathPart } from '../task/output-paths.ts'
import type { ErrorCode } from '../errors.ts'
import type { TaskRecord } from '../task/state.ts'
import type { Mapping } from '../task/values.ts'

/** Where a call ends so depends on the machine and its load: it speaks against nobody. */
const OF_THE_MACHINE: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['ERR_TIME_LIMIT', 'ERR_MEMORY_LIMIT', 'ERR_STACK_OVERFLOW'])

export interface Ballots {
  /** Counts the final record of replica `number`, once. */
  add (number: number, record: TaskRecord): void
  /** Replicas that agree and are enough, by number; undefined while there are none. */
  agreed (): readonly number[] | undefined
  /** False when no result can get a quorum any more. */
  isOpen (): boolean
  /** Replicas that gave another result than `agreed`, by number. */
  differing (agreed: readonly number[]): number[]
  /** For people: how many had which result. */
  summary (): string
}

const FAILURE = 'failure '
const keyOfFailure = (code: ErrorCode): string => `${FAILURE}${code}`
const HARMLESS: ReadonlySet<string> = new Set([...OF_THE_MACHINE].map(keyOfFailure))

/** What is agreed on: the declared ones of `given`. */
export function declaredOf (given: Mapping, outputs: readonly OutputSpec[]): Mapping {
  return Object.fromEntries(outputs.flatMap(({ name }) => {
    const value = Object.hasOwn(given, name) ? given[name] : undefined
    return value === undefined ? [] : [[name, value]]
  }))
}

export function createBallots ({ replicas, quorum, ignore }: AgreementSpec, outputs: readonly OutputSpec[]): Ballots {
  const paths = ignore.flatMap((path): PathPart[][] => { const parts = parseOutputPath(path); return parts === undefined ? [] : [parts] })
  const groups = new Map<string, number[]>()
  /** Replicas that said nothing of the task: it was cancelled, or no worker could run it. */
  const silent: Array<{ number: number, code: string }> = []
  let counted = 0

  function keyOf (record: TaskRecord): string | undefined {
    if (record.state === 'completed') return `outputs ${digestOf(record.outputs ?? {})}`
    const { failure, worker } = record
    // Who ran it said so; what this node says, such as that all attempts were in vain, is no result.
    return failure !== undefined && worker !== undefined && failure.by === worker ? keyOfFailure(failure.code) : undefined
  }

  function digestOf (given: Mapping): string {
    // Canonical CBOR has one form for each number: a NaN is like any other, and -0 like 0.
    return hash('sha256', encodeCanonical(withoutPaths(declaredOf(given, outputs), paths)), 'hex')
  }

  return {
    add (number, record) {
      counted++
      const key = keyOf(record)
      if (key === undefined) silent.push({ number, code: record.failure?.code ?? record.state })
      else groups.set(key, [...groups.get(key) ?? [], number])
    },
    agreed: () => [...groups.values()].find((group) => group.length >= quorum),
    isOpen: () => Math.max(0, ...[...groups.values()].map((group) => group.length)) + replicas - counted >= quorum,
    differing: (agreed) => [...groups].flatMap(([key, group]) => group === agreed || HARMLESS.has(key) ? [] : group),
    summary () {
      const failures = [...groups].flatMap(([key, { length }]) => key.startsWith(FAILURE) ? [`${length} failed with ${key.slice(FAILURE.length)}`] : [])
      const sizes = [...groups].flatMap(([key, { length }]) => key.startsWith(FAILURE) ? [] : [length])
      const alone = sizes.filter((size) => size === 1).length
      const parts = [...sizes.filter((size) => size > 1).map((size) => `${size} had the same outputs`), ...(alone === 0 ? [] : [`${alone} had outputs that no other had`]), ...failures]
      return [...parts, ...silent.map(({ code }) => `1 ended as ${code}`)].join(', ')
    },
  }
}
