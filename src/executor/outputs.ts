/** What every convention's outputs must be before they leave the sandbox. */
import { CorebrumError } from '../errors.ts'
import { MAX_OUTPUT_BYTES } from '../limits.ts'
import { type Value, valueFault } from '../task/values.ts'

/** Throws ERR_RESULT_TYPE for outputs that no frame can carry: too deep, too many values, or with a field that names a prototype. */
export function requireValues (outputs: Record<string, Value>): Record<string, Value> {
  for (const [name, value] of Object.entries(outputs)) {
    if (typeof value !== 'object') continue
    const fault = valueFault(value)
    if (fault !== undefined) throw new CorebrumError('ERR_RESULT_TYPE', `the output ${JSON.stringify(name)} ${fault}`)
  }
  return outputs
}

/** The error for outputs whose encoded form is over the limit. */
export function outputTooLarge (bytes: number): CorebrumError {
  return new CorebrumError('ERR_OUTPUT_LIMIT', `the outputs have ${bytes} bytes; ${MAX_OUTPUT_BYTES} are allowed`)
}
