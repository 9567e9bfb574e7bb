/** The outputs that a worker sent, against what the definition promises. */
import { CorebrumError } from '../errors.ts'
import { describesResult } from './declarations.ts'
import { showPath } from './report.ts'
import { schemaCheck } from './schema.ts'
import { fit, quoted, valueFault } from './values.ts'
import type { TaskDefinition } from './definition.ts'
import type { Value } from './values.ts'

/** What a definition promises of its outputs. */
type Promised = Pick<TaskDefinition, 'name' | 'outputs' | 'outputSchema'>

/**
 * Checks every declared output's type, and the output schema where there is one; then the schema alone says which
 * outputs may be absent. Rejects with ERR_RESULT_TYPE; `problems` names each output that is wrong.
 */
export async function checkOutputs (definition: Promised, outputs: Record<string, Value>): Promise<void> {
  const fault = valueFault(outputs)
  const problems = fault === undefined ? await outputProblems(definition, outputs) : [`the outputs: an object that ${fault}`]
  if (problems.length === 0) return
  throw new CorebrumError('ERR_RESULT_TYPE', `the result of ${quoted(definition.name)} is not what the definition declares: ${problems.join('; ').slice(0, 2000)}`, { problems })
}

async function outputProblems (definition: Promised, outputs: Record<string, Value>): Promise<string[]> {
  const problems: string[] = []
  const wrong = new Set<string>()
  for (const { name, type } of definition.outputs) {
    const value = Object.hasOwn(outputs, name) ? outputs[name] : undefined
    if (value === undefined) {
      if (definition.outputSchema === undefined) problems.push(`${showPath([name])}: missing, allowed: ${type}`)
      continue
    }
    const fitting = fit(value, type)
    if (fitting.ok) continue
    wrong.add(name)
    problems.push(`${showPath([name])}: ${fitting.problem}`)
  }
  return [...problems, ...await schemaProblems(definition, outputs, wrong)]
}

async function schemaProblems (definition: Promised, outputs: Record<string, Value>, wrong: Set<string>): Promise<string[]> {
  const schema = definition.outputSchema
  if (schema === undefined) return []
  const [only] = definition.outputs
  const single = describesResult(schema) && only !== undefined ? only.name : undefined
  const check = await schemaCheck(schema)
  const faults = single === undefined ? check(outputs) : check(outputs[single] ?? null)
  return faults.flatMap(({ path, text }) => {
    const full = single === undefined ? path : [single, ...path]
    return wrong.has(full[0] ?? '') ? [] : [`${full.length === 0 ? 'the outputs' : showPath(full)}: ${text}`]
  })
}
