/** How a map stands, for those who follow it. */
import type { ErrorCode } from '../../errors.ts'
import type { Value } from '../../task/values.ts'

export interface MapStatus {
  id: string
  name: string
  state: 'running' | 'paused' | 'completed' | 'failed' | 'cancelled'
  /** Inputs that are there, while it runs. */
  items?: number
  /** All inputs; absent until the last one is there. */
  total?: number
  done: number
  /** Of those that are done. */
  failed: number
  /** Why it is paused, has failed or was cancelled. */
  message?: string
  code?: ErrorCode
  /** It has a final task. */
  reduced: boolean
  /** Of one that has completed: those of the final task, else how many inputs there were. */
  outputs?: Record<string, Value>
}
