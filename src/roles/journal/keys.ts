/**
 * The layout of the journal in its database. Keys are ASCII and sort as what they name; `seq` is a number that grows with
 * each task or result, 9 digits of base 36; `number` is the last number of an id, 7 digits; values are CBOR but for jobs.
 *
 *   !tally                  what must be there; see tally.ts
 *   p!<digest>              a program that open tasks use, as on the wire (wire/program.ts)
 *   k!<digest>              what outputs of open tasks must be; see task.ts
 *   o!<seq>                 an open task as it was submitted; see task.ts
 *   o!<seq>!<n>             change n of it; 4 digits of base 36
 *   f!<seq>                 a finished task that stands by itself, or a job; see finished.ts
 *   i!<id>                  its seq
 *   c!<parent id>!<number>  a finished task of a job
 *   x!<key of the task>     a receipt that came after the task's end
 *   r!<reuse key>           id of the finished task that may be reused so
 *   u!<id>                  the reuse key of a finished task
 *   j!<id>                  what a job needs to go on, in bytes of its own kind
 *   w!<seq>                 a result that is owed to a submitter; see owed.ts
 *
 * Finished tasks lie in the order of their ends, so that LevelDB hardly has to move them, and the oldest are found first.
 */
import { parentId, splitTaskId } from '../../task/task-id.ts'

const SEQ_DIGITS = 9
const CHANGE_DIGITS = 4
const NUMBER_DIGITS = 7
const BASE = 36

export const TALLY_KEY = '!tally'

export type Kind = 'p' | 'k' | 'o' | 'f' | 'i' | 'c' | 'x' | 'r' | 'u' | 'j' | 'w'

/** All keys of a kind: `"` is what follows `!`. */
export function allOf (kind: Kind): { gte: string, lt: string } {
  return { gte: `${kind}!`, lt: `${kind}"` }
}

export function seqText (seq: number): string {
  return seq.toString(BASE).padStart(SEQ_DIGITS, '0')
}

/** The seq of a key of kind o, f or w; NaN for another key. */
export function seqOf (key: string): number {
  return parseInt(key.slice(2, 2 + SEQ_DIGITS), BASE)
}

export function openKey (seq: number): string {
  return `o!${seqText(seq)}`
}

export function isChangeKey (key: string): boolean {
  return key.length > 2 + SEQ_DIGITS
}

export function changeKey (seq: number, change: number): string {
  return `o!${seqText(seq)}!${change.toString(BASE).padStart(CHANGE_DIGITS, '0')}`
}

/** The number of a change. */
export function changeOf (key: string): number {
  return parseInt(key.slice(-CHANGE_DIGITS), BASE)
}

export function finishedKey (seq: number): string {
  return `f!${seqText(seq)}`
}

/** Of a task of a job; undefined for one that stands by itself. */
export function childKey (id: string): string | undefined {
  const parent = parentId(id)
  return parent === undefined ? undefined : `c!${parent}!${numberText(splitTaskId(id)?.numbers.at(-1) ?? 0)}`
}

/** Finished tasks of a job with numbers from `from` to below `to`. */
export function childrenOf (job: string, from = 0, to?: number): { gte: string, lt: string } {
  return { gte: `c!${job}!${numberText(from)}`, lt: to === undefined ? `c!${job}"` : `c!${job}!${numberText(to)}` }
}

/** All that belongs to a job, whatever number of levels below it; `.` follows `-`. */
export function descendantsOf (job: string): Array<{ gte: string, lt: string }> {
  return [{ gte: `c!${job}!`, lt: `c!${job}"` }, { gte: `c!${job}-`, lt: `c!${job}.` }]
}

function numberText (number: number): string {
  return number.toString(BASE).padStart(NUMBER_DIGITS, '0')
}
