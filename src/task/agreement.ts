/**
 * `replicas`, `quorum` and `ignore` of a definition, at its root or in a mapping `agreement`: the task runs on several peers, and
 * its result is what so many of them agree on. A command line gives the first two as flags, which go first.
 */
import { CorebrumError } from '../errors.ts'
import { MAX_IGNORED_PATHS, MAX_NAME_CHARS, MAX_REPLICAS } from '../limits.ts'
import { OUTPUT_PATH_RULE, parseOutputPath } from './output-paths.ts'
import { isPipeline, type AgreementSpec, type AnyDefinition } from './definition.ts'
import type { Section } from './section.ts'
import type { Value } from './values.ts'

export const AGREEMENT_FIELDS = ['replicas', 'quorum', 'ignore'] as const
type AgreementField = typeof AGREEMENT_FIELDS[number]

export const REPLICAS_RULE = `a whole number from 1 to ${MAX_REPLICAS}: on how many peers the task runs`
export const QUORUM_RULE = 'a whole number from 1 to "replicas": how many of them must have the same result'

export function isReplicas (value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= MAX_REPLICAS
}

/** More than half. */
export function majority (replicas: number): number {
  return Math.floor(replicas / 2) + 1
}

/** What a command line gives goes before what the definition says. Throws ERR_USAGE where both together are wrong. */
export function withAgreement (definition: AnyDefinition, given: { replicas?: number | undefined, quorum?: number | undefined }): AnyDefinition {
  if (given.replicas === undefined && given.quorum === undefined) return definition
  if (isPipeline(definition)) throw new CorebrumError('ERR_USAGE', 'found replicas for a pipeline; allowed: replicas of single tasks - give them to its steps, in the definition')
  const replicas = given.replicas ?? definition.agreement?.replicas
  if (replicas === undefined) throw new CorebrumError('ERR_USAGE', 'found a quorum without replicas; allowed: both, as in --replicas 3 --quorum 2')
  const quorum = given.quorum ?? (given.replicas === undefined ? definition.agreement?.quorum : undefined) ?? majority(replicas)
  if (!isReplicas(replicas)) throw new CorebrumError('ERR_USAGE', `--replicas: found ${replicas}; allowed: ${REPLICAS_RULE}`)
  if (!isReplicas(quorum) || quorum > replicas) throw new CorebrumError('ERR_USAGE', `--quorum: found ${quorum}; allowed: a whole number from 1 to ${replicas}, the number of replicas`)
  return { ...definition, agreement: { replicas, quorum, ignore: definition.agreement?.ignore ?? [] } }
}

/** What a definition says; undefined where it says nothing, or something wrong, which is then in the report. */
export function readAgreement (root: Section): AgreementSpec | undefined {
  const inner = root.section('agreement')
  inner?.expect(AGREEMENT_FIELDS)
  const sections = inner === undefined ? [root] : [inner, root]
  const before = root.report.mistakes
  const holding = (field: AgreementField): { section: Section, value: Value } | undefined => {
    const [first, second] = sections.filter((section) => section.raw(field) !== undefined)
    if (first !== undefined && second !== undefined) {
      first.report.mistake(first.at(field), 'found it at the root of the definition too, allowed: one place - remove one of them')
    }
    const value = first?.raw(field)
    return first === undefined || value === undefined ? undefined : { section: first, value }
  }
  const replicas = readReplicas(holding('replicas'))
  const quorum = readQuorum(holding('quorum'), replicas)
  const ignore = readIgnored(holding('ignore'))
  if (replicas === undefined && root.report.mistakes === before && (inner !== undefined || quorum !== undefined || ignore !== undefined)) {
    (inner ?? root).missing('replicas', REPLICAS_RULE)
  }
  if (replicas === undefined || root.report.mistakes > before) return undefined
  return { replicas, quorum: quorum ?? majority(replicas), ignore: ignore ?? [] }
}

type Held = { section: Section, value: Value } | undefined

function readReplicas (held: Held): number | undefined {
  if (held === undefined) return undefined
  const { section, value } = held
  if (isReplicas(value)) return value
  section.report.found(section.at('replicas'), value, REPLICAS_RULE)
  return undefined
}

function readQuorum (held: Held, replicas: number | undefined): number | undefined {
  if (held === undefined) return undefined
  const { section, value } = held
  if (isReplicas(value) && value <= (replicas ?? value)) return value
  section.report.found(section.at('quorum'), value, replicas === undefined ? QUORUM_RULE : QUORUM_RULE.replace('"replicas"', `${replicas}, the number of replicas`))
  return undefined
}

function readIgnored (held: Held): string[] | undefined {
  if (held === undefined) return undefined
  const { section, value } = held
  const at = section.at('ignore')
  const paths = typeof value === 'string' ? [value] : value
  if (!Array.isArray(paths)) {
    section.report.found(at, value, `a list of paths in the outputs, such as [stats.elapsed]`)
    return undefined
  }
  if (paths.length > MAX_IGNORED_PATHS) section.report.found(at, paths, `at most ${MAX_IGNORED_PATHS} paths`)
  return paths.slice(0, MAX_IGNORED_PATHS).flatMap((path, i) => {
    if (typeof path === 'string' && path.length <= MAX_NAME_CHARS && parseOutputPath(path) !== undefined) return [path]
    section.report.found([...at, i], path, OUTPUT_PATH_RULE)
    return []
  })
}
