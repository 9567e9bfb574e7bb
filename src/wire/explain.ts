/**
 * `/corebrum/explain/1.0.0`: a submitter asks a peer whether it would take an offer, and why not. One question on a stream, one
 * answer, then the stream ends; nothing is taken by it.
 *
 *   question = [1, offer]                                                             ; see offer.ts
 *   answer   = [1, verdict: 0 / 1 / 2, reason: tstr, load: uint, slots: uint]          ; 0: it would, 1: later, 2: no
 *
 * `load` is how many calls run or wait there.
 */
import { CorebrumError } from '../errors.ts'
import { offerFromWire, offerToWire, type Offer } from './offer.ts'
import { asArray, asInteger, asText, broken } from './shape.ts'

export const EXPLAIN_PROTOCOL = '/corebrum/explain/1.0.0'
export const EXPLAIN_VERSION = 1

export const VERDICTS = ['admits', 'busy', 'declines'] as const

export interface ExplainAnswer {
  verdict: typeof VERDICTS[number]
  /** Why not; empty when it would. */
  reason: string
  load: number
  slots: number
}

const MAX_REASON_CHARS = 1024
const MAX_COUNT = 2 ** 31 - 1

export function questionToWire (offer: Offer): unknown[] {
  return [EXPLAIN_VERSION, offerToWire(offer)]
}

/** Throws ERR_PROTOCOL. */
export function questionFromWire (raw: unknown): Offer {
  return offerFromWire(versioned(raw, 'question', 2)[1])
}

export function answerToWire ({ verdict, reason, load, slots }: ExplainAnswer): unknown[] {
  return [EXPLAIN_VERSION, VERDICTS.indexOf(verdict), reason.slice(0, MAX_REASON_CHARS), Math.min(MAX_COUNT, load), slots]
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
  }
}

function versioned (raw: unknown, what: string, minLength: number): unknown[] {
  const f = asArray(raw, what, 1)
  if (f[0] !== EXPLAIN_VERSION) throw new CorebrumError('ERR_PROTOCOL', `explain version ${String(f[0])} is not supported, only ${EXPLAIN_VERSION}`)
  if (f.length < minLength) throw broken(what)
  return f
}
