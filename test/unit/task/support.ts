/** Shared by the tests of the task folder: definitions as text, and what they are refused with. */
import assert from 'node:assert/strict'
import { CorebrumError } from '../../../src/errors.ts'
import { parseDefinition } from '../../../src/task/parse.ts'
import { parseTask } from '../../support/parse-task.ts'
import type { ErrorCode } from '../../../src/errors.ts'
import type { TaskDefinition } from '../../../src/task/definition.ts'

/** The smallest module: magic and version. */
export const EMPTY_MODULE = 'AGFzbQEAAAA='
export const EMPTY_MODULE_SHA256 = '93a44bbb96c751218e4c00d479e4c14358122a389acca16205b1e4d0dc5f9476'
export const EMPTY_MODULE_CID = 'bafkreieturf3xfwhkeqy4taa2r46jqkdlajcuoe2zsqwebnr4tinyx4uoy'

export async function definitionOf (text: string): Promise<TaskDefinition> {
  return (await parseTask(text, { fileName: 'task.yaml' })).definition
}

/** A definition with an embedded module and `more` lines at its root. */
export function withLines (more: string): string {
  return `name: t\ncompute_logic: {type: wasm, wasm_binary: ${EMPTY_MODULE}}\n${more}`
}

export async function problemsOf (text: string): Promise<readonly string[]> {
  return refusal('ERR_DEFINITION', () => parseDefinition(text, { fileName: 'task.yaml' }))
}

/** The problems of the error that `run` ends with, after checking its code. */
export async function refusal (code: ErrorCode, run: () => unknown): Promise<readonly string[]> {
  try {
    await run()
  } catch (error) {
    assert.ok(error instanceof CorebrumError, String(error))
    assert.equal(error.code, code, error.message)
    assert.notEqual(error.message, '')
    return error.problems
  }
  return assert.fail(`nothing was thrown, expected ${code}`)
}
