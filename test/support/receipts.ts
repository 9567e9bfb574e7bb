/** Keys of workers, and receipts that they signed, without a network. */
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto'
import { base58btc } from 'multiformats/bases/base58'
import { merkleTree } from '../../src/task/merkle.ts'
import { receiptLeaf, signedBytes } from '../../src/task/receipt-digests.ts'
import type { Receipt, ReceiptBody } from '../../src/task/receipt.ts'
import { NO_USAGE } from '../../src/task/usage.ts'

export interface Signer {
  readonly peer: string
  /** As `Network.sign` for receipts. */
  sign (root: Uint8Array): Promise<Uint8Array>
}

function peerIdOf (key: KeyObject): string {
  const raw = key.export({ format: 'der', type: 'spki' }).subarray(-32)
  return base58btc.baseEncode(Buffer.concat([Buffer.from('002408011220', 'hex'), raw]))
}

export function makeSigner (): Signer {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  return { peer: peerIdOf(publicKey), sign: (root) => Promise.resolve(sign(null, signedBytes(Buffer.from(root).toString('hex')), privateKey)) }
}

const SUBMITTER = makeSigner()

export function bodyOf (overrides: Partial<ReceiptBody> = {}): ReceiptBody {
  return {
    version: 1,
    taskId: '00112233-4455-4677-8899-aabbccddeeff',
    fence: 2,
    worker: SUBMITTER.peer,
    submitter: SUBMITTER.peer,
    module: 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy',
    functionName: 'fact',
    program: 'ab'.repeat(32),
    inputs: 'cd'.repeat(32),
    limits: { memoryBytes: 65536, timeMs: 300_000, fuel: 2 ** 40 },
    status: 'ok',
    outputs: 'ef'.repeat(32),
    usage: { ...NO_USAGE, wallMs: 1.25, moduleBytes: 124 },
    startedAtMs: 1_700_000_000_000,
    endedAtMs: 1_700_000_000_002,
    ...overrides,
  }
}

/** Receipts of one worker that share a signature. */
export async function receiptsBy (signer: Signer, bodies: ReceiptBody[]): Promise<Receipt[]> {
  const signed = bodies.map((body) => ({ ...body, worker: signer.peer }))
  const tree = merkleTree(signed.map(receiptLeaf))
  const signature = Buffer.from(await signer.sign(Buffer.from(tree.root, 'hex'))).toString('base64')
  return signed.map((body, i) => ({ body, path: tree.path(i), signature }))
}
