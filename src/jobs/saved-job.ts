/** What the journal keeps of a job: which one it is, and what its kind makes it from. */
import { decode, encode } from '../cbor.ts'
import { CorebrumError } from '../errors.ts'
import { MAX_JOB_BYTES, MAX_NAME_CHARS } from '../limits.ts'
import { JOB_KINDS, type JobProgress } from '../task/state.ts'
import { asInteger, asRecord, asText, broken, uint } from '../wire/shape.ts'

export interface SavedJob {
  kind: JobProgress['kind']
  name: string
  createdAtMs: number
  /** Of its kind. */
  saved: unknown
}

/** Another one is of a later program. */
const SAVED_VERSION = 1

/** Throws ERR_INPUT when it is more than a job may have. */
export function savedJobToBytes ({ kind, name, createdAtMs, saved }: SavedJob): Uint8Array {
  const bytes = encode({ v: SAVED_VERSION, kind, name, at: uint(createdAtMs), job: saved })
  if (bytes.length > MAX_JOB_BYTES) throw new CorebrumError('ERR_INPUT', `the definition and the inputs of ${JSON.stringify(name)} take ${bytes.length} bytes, allowed: ${MAX_JOB_BYTES} - name large files instead of embedding them, or split the job`)
  return bytes
}

/** Throws ERR_PROTOCOL. */
export function savedJobFromBytes (bytes: Uint8Array): SavedJob {
  const { v, kind: named, name, at, job } = asRecord(decode(bytes), 'a saved job')
  const kind = JOB_KINDS.find((one) => one === named)
  if (v !== SAVED_VERSION || kind === undefined) throw broken('a saved job')
  return { kind, name: asText(name, 'the name of a job', MAX_NAME_CHARS), createdAtMs: asInteger(at, 'the time of a job', 0, Number.MAX_SAFE_INTEGER), saved: job }
}
