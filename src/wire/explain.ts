/**
 * `/corebrum/explain/1.0.0`: a submitter asks a peer whether it would take an offer, and why not; or, without an offer, whether it
 * takes tasks at all. One question on a stream, one answer, then the stream ends; nothing is taken by it.
 *
 *   question = [1, offer / null]                                                                      ; see offer.ts
 *   answer   = [1, verdict: 0 / 1 / 2, reason: tstr, load: uint, slots: uint, ? capability]           ; 0: it would, 1: later, 2: no
 *
 * `load` is how many calls run or wait there. The capability is there when there was no offer; see capability.ts.
 */
import { CorebrumError } from '../errors.ts'
import { capabilityFromWire, capabilityToWire, type Capability } from './capability.ts'
import { offerFromWire, offerToWire, type Offer } from './offer.ts'
import { asArray, asInteger, asText, broken } from './shape.ts'

export const EXPLAIN_PROTOCOL = '/corebrum/explain/1.0.0'
const EXPLAIN_VERSION = 1

export const VERDICTS = ['admits', 'busy', 'declines'] as const

export interface ExplainAnswer {
  verdict: typeof VERDICTS[number]
  /** Why not; empty when it would. */
  reason: string
  load: number
  slots: number
  /** Of a peer that was asked without an offer. */
  capability?: Capability
}

const MAX_REASON_CHARS = 1024
const MAX_COUNT = 2 ** 31 - 1

export function questionToWire (offer: Offer | undefined): unknown[] {
  return [EXPLAIN_VERSION, offer === undefined ? null : offerToWire(offer)]
}

/** Undefined: it has no offer. Throws ERR_PROTOCOL. */
export function questionFromWire (raw: unknown): Offer | undefined {
  const offer = versioned(raw, 'question', 2)[1]
  return offer === null ? undefined : offerFromWire(offer)
}

export function answerToWire ({ verdict, reason, load, slots, capability }: ExplainAnswer): unknown[] {
  const fields = [EXPLAIN_VERSION, VERDICTS.indexOf(verdict), reason.slice(0, MAX_REASON_CHARS), Math.min(MAX_COUNT, load), slots]
  return capability === undefined ? fields : [...fields, capabilityToWire(capability)]
}

/** Throws ERR_PROTOCOL. */
export function answerFromWire (raw: unknown): ExplainAnswer {
  const f = versioned(raw, 'answer', 5)
  const verdict = VERDICTS[asInteger(f[1], 'answer.verdict', 0, VERDICTS.length - 1)]
  if (verdict === undefined) throw broken('answer.verdict')
  return {
    verdict,
    reason: asText(f[2], 'answer.reason', MAX_REASON_CHARS),
    load: asInteger(f[3], 'answer.load', 0, MAX_COUNT),
    slots: asInteger(f[4], 'answer.slots', 0, 4096),
    ...(f[5] === undefined ? {} : { capability: capabilityFromWire(f[5]) }),
  }
}

function versioned (raw: unknown, what: string, minLength: number): unknown[] {
  const f = asArray(raw, what, 1)
  if (f[0] !== EXPLAIN_VERSION) throw new CorebrumError('ERR_PROTOCOL', `explain version ${String(f[0])} is not supported, only ${EXPLAIN_VERSION}`)
  if (f.length < minLength) throw broken(what)
  return f
}
