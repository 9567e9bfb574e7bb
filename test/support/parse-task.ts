/** Reads the definition of one task. */
import assert from 'node:assert/strict'
import { isPipeline, type TaskDefinition } from '../../src/task/definition.ts'
import { parseDefinition, type ParseOptions } from '../../src/task/parse.ts'

export async function parseTask (text: string, options: ParseOptions): Promise<{ definition: TaskDefinition, warnings: string[] }> {
  const { definition, warnings } = await parseDefinition(text, options)
  if (isPipeline(definition)) assert.fail(`${definition.name} is a pipeline`)
  return { definition, warnings }
}
