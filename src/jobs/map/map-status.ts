/** How a map stands, for those who follow it. */
import type { ErrorCode } from '../../errors.ts'
import type { Value } from '../../task/values.ts'
import type { MapFiles } from './map-files.ts'
import type { MapState } from './map-folder.ts'

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

type What = Pick<MapStatus, 'id' | 'name' | 'reduced'>

export function statusRunning (what: What, { spool, log }: Pick<MapFiles, 'spool' | 'log'>): MapStatus {
  return { ...what, state: 'running', items: spool.items, ...(spool.isSealed ? { total: spool.items } : {}), done: log.done, failed: log.failed }
}

/** Of one that has nothing open. */
export function statusAtRest (what: What, { state, done = 0, failed = 0, ...rest }: MapState): MapStatus {
  return { ...what, ...rest, state: state === 'open' ? 'paused' : state, done, failed }
}
