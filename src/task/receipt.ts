/**
 * Receipts: what was run, where, on what, and what came out, signed with the key of the worker that says so. Many receipts
 * share one signature: it is over the root of a Merkle tree whose leaves are their digests (RFC 6962, section 2.1), so that
 * each can be checked by itself.
 */
import type { Usage } from './usage.ts'

/** All digests are hex sha2-256 over canonical CBOR. */
export interface ReceiptBody {
  readonly version: 1
  readonly taskId: string
  readonly fence: number
  /** PeerIds. */
  readonly worker: string
  readonly submitter: string
  /** CID of the module. */
  readonly module: string
  /** Absent when the module's own entry was called. */
  readonly functionName?: string
  /** Of the whole program: module, function, limits, grants, declarations; see task/program.ts. */
  readonly program: string
  /** Of the list of inputs, in the order of the program. */
  readonly inputs: string
  readonly limits: { readonly memoryBytes?: number, readonly timeMs: number, readonly fuel?: number }
  /** 'ok', or the code that it failed with. */
  readonly status: string
  /** Of the outputs by name, or of the message of the failure. */
  readonly outputs: string
  readonly usage: Usage
  /** The worker's clock, Unix milliseconds. */
  readonly startedAtMs: number
  readonly endedAtMs: number
}

export interface Receipt {
  readonly body: ReceiptBody
  /** Hex hashes from the leaf's sibling up to the root, each with the side on which it stands; empty for a receipt signed alone. */
  readonly path: ReadonlyArray<{ readonly side: 'left' | 'right', readonly hash: string }>
  /** Of the worker's libp2p key (Ed25519), over the context string and the root; base64. */
  readonly signature: string
}
