/** What every convention's outputs must be before they leave the sandbox. */
import { CorebrumError } from '../errors.ts'
import { MAX_OUTPUT_BYTES } from '../limits.ts'
import { type Value, valueFault } from '../task/values.ts'

/** Throws ERR_RESULT_TYPE for outputs that no frame can carry: too deep, too many values, or with a field that names a prototype. */
export function requireValues (outputs: Record<string, Value>): Record<string, Value> {
  const fault = valueFault(outputs)
  if (fault === undefined) return outputs
  const faults = Object.entries(outputs).map(([name, value]) => ({ name, own: valueFault(value) }))
  const first = faults.find(({ own }) => own !== undefined)
  throw new CorebrumError('ERR_RESULT_TYPE', first === undefined ? `what the outputs hold together ${fault}` : `the output ${JSON.stringify(first.name)} ${first.own}`)
}

/** The error for outputs whose encoded form is over the limit. */
export function outputTooLarge (bytes: number): CorebrumError {
  return new CorebrumError('ERR_OUTPUT_LIMIT', `the outputs have ${bytes} bytes; ${MAX_OUTPUT_BYTES} are allowed`)
}
