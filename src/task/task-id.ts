/**
 * Ids of tasks. A task that a user submits has a UUID; a task that belongs to a job adds its number to the id of the job:
 * `<job>-3` is step, item, run or replica 3 of it, and a replica of a step is `<job>-3-1`.
 */
const TASK_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}((?:-(?:0|[1-9]\d{0,9})){0,3})$/

/** How many numbers an id may have behind its UUID. */
export const MAX_ID_LEVELS = 3
/** The largest number, so that it has 32 bits on the wire. */
export const MAX_CHILD_NUMBER = 0xffffffff

/** The id of a task that belongs to the job `parent`. */
export function childId (parent: string, number: number): string {
  return `${parent}-${number}`
}

/** The UUID of an id and the numbers behind it; undefined for a text that is no id. */
export function splitTaskId (id: string): { uuid: string, numbers: number[] } | undefined {
  const match = TASK_ID.exec(id)
  if (match === null) return undefined
  const numbers = (match[1] ?? '').split('-').slice(1).map(Number)
  return numbers.every((number) => number <= MAX_CHILD_NUMBER) ? { uuid: id.slice(0, 36), numbers } : undefined
}

/** The id of the job that a task belongs to; undefined for one that stands by itself. */
export function parentId (id: string): string | undefined {
  return id.length === 36 ? undefined : id.slice(0, id.lastIndexOf('-'))
}
