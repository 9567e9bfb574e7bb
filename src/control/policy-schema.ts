/** What a request may say of how its task is placed and tried: the rules of task/policy.ts as a JSON Schema. */
import { MAX_DEADLINE_MS, MAX_PRIORITY, MAX_REQUIRED_LABELS, MAX_RETRIES } from '../limits.ts'
import { LABEL_KEY, LABEL_VALUE } from '../task/labels.ts'
import { PEER_NAME } from '../task/policy.ts'

export const policySchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    priority: { type: 'integer', minimum: -MAX_PRIORITY, maximum: MAX_PRIORITY },
    retries: { type: 'integer', minimum: 0, maximum: MAX_RETRIES },
    deadlineMs: { type: 'integer', minimum: 1, maximum: MAX_DEADLINE_MS },
    require: {
      type: 'object',
      maxProperties: MAX_REQUIRED_LABELS,
      propertyNames: { pattern: LABEL_KEY.source },
      additionalProperties: { type: 'string', pattern: LABEL_VALUE.source },
    },
    on: { type: 'string', pattern: PEER_NAME.source },
  },
}
