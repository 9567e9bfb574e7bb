/** One message of every kind, with every field set, and its bytes: what nodes of this version say, for good. */
import type { Offer } from '../../src/wire/offer.ts'
import type { Capability } from '../../src/wire/capability.ts'
import type { SubmitterMessage, WorkerMessage } from '../../src/wire/messages.ts'
import type { Program } from '../../src/task/program.ts'

const taskId = '00112233-4455-6677-8899-aabbccddeeff'
const other = 'ffffffff-0000-4000-8000-000000000001'
const digest = 'ab'.repeat(32)
const cid = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'

export const CAPABILITY: Capability = { engine: 'v8 11.3', features: ['simd'], memoryLimitBytes: 4096 * 1024 * 1024, slots: 2 }

export const PROGRAM: Program = {
  name: 'factorial',
  module: { cid, size: 124, urls: ['http://localhost/f.wasm'] },
  functionName: 'fact',
  abi: 'numeric',
  inputs: [{ name: 'number', type: 'integer' }],
  outputs: [{ name: 'result', type: 'integer' }],
  memoryLimitBytes: 65536,
  timeLimitMs: 300_000,
  grants: { networking: false, fileSystem: true },
}

export const SMALL_PROGRAM: Program = {
  name: '', module: { cid, size: 0, urls: [] }, inputs: [], outputs: [], timeLimitMs: 1, grants: { networking: false, fileSystem: false },
}

export const OFFER: Offer = {
  digest,
  tasks: 3,
  cid,
  moduleBytes: 124,
  memoryLimitBytes: 65536,
  networking: false,
  fileSystem: true,
  chance: 0.5,
  addresses: ['/ip4/10.0.0.1/tcp/4001'],
  issuedAtMs: 1_700_000_000_000,
  ttlMs: 60_000,
}

const usage = { wallMs: 1.5, memoryBytes: 65536, cpuMs: 0.5, moduleBytes: 300, fileBytes: 0, fuel: 7 }

export const WORKER_MESSAGES: Array<[WorkerMessage, string]> = [
  [{ kind: 'hello', capability: CAPABILITY }, '830001a466656e67696e656776382031312e33686665617475726573816473696d64666d656d6f72791b000000010000000065736c6f747302'],
  [{ kind: 'claim', slots: 300 }, '820119012c'],
  [{ kind: 'running', leases: [{ taskId, fence: 1 }, { taskId: other, fence: 70_000 }] }, '820282825000112233445566778899aabbccddeeff018250ffffffff0000400080000000000000011a00011170'],
  [{ kind: 'result', taskId, fence: 1, outcome: { ok: true, outputs: { result: 2432902008176640000n, big: 2n ** 64n, list: [1, -1, 1.5, 'é', true, null, new Uint8Array([1, 2])] }, usage, logs: 'hi' } }, '87035000112233445566778899aabbccddeeff0100a366726573756c741b21c3677c82b4000063626967c249010000000000000000646c697374870120fb3ff800000000000062c3a9f5f642010286fb3ff80000000000001a00010000fb3fe000000000000019012c0007626869'],
  [{ kind: 'result', taskId, fence: 2, outcome: { ok: false, code: 'ERR_TRAP', message: 'unreachable', usage, logs: '' } }, '87035000112233445566778899aabbccddeeff02182c6b756e726561636861626c6586fb3ff80000000000001a00010000fb3fe000000000000019012c000760'],
  [{ kind: 'renew', leases: [{ taskId, fence: 1 }] }, '820481825000112233445566778899aabbccddeeff01'],
  [{ kind: 'refuse', taskId, fence: 1, code: 'ERR_DECLINED', reason: 'no room' }, '85055000112233445566778899aabbccddeeff01183e676e6f20726f6f6d'],
]

export const SUBMITTER_MESSAGES: Array<[SubmitterMessage, string]> = [
  [{ kind: 'program', digest, program: PROGRAM }, '83105820ababababababababababababababababababababababababababababababababac646e616d6569666163746f7269616c63636964783b6261666b726569676832616b69736361696c646371616273796733646672366368753366677072656769796d73636b376537617161347335327a796473697a65187c6475726c738177687474703a2f2f6c6f63616c686f73742f662e7761736d62666e646661637463616269676e756d6572696362696e8182666e756d62657267696e7465676572636f7574818266726573756c7467696e7465676572666d656d6f72791a000100006474696d651a000493e0636e6574f4626673f5'],
  [{ kind: 'program', digest, program: SMALL_PROGRAM }, '83105820ababababababababababababababababababababababababababababababababa9646e616d656063636964783b6261666b726569676832616b69736361696c646371616273796733646672366368753366677072656769796d73636b376537617161347335327a796473697a65006475726c738062696e80636f7574806474696d6501636e6574f4626673f4'],
  [{ kind: 'lease', taskId, fence: 2 ** 40, digest, leaseMs: 10_000, values: [5, undefined, { a: [1n, -2] }] }, '86115000112233445566778899aabbccddeeff1b00000100000000005820abababababababababababababababababababababababababababababababab1927108305f7a16161821b000000000000000121'],
  [{ kind: 'ack', leases: [{ taskId, fence: 1 }] }, '821281825000112233445566778899aabbccddeeff01'],
  [{ kind: 'cancel', taskId, fence: 1 }, '83135000112233445566778899aabbccddeeff01'],
]

export const OFFER_HEX = '8c015820abababababababababababababababababababababababababababababababab03783b6261666b726569676832616b69736361696c646371616273796733646672366368753366677072656769796d73636b376537617161347335327a79187c1a00010000f4f5fb3fe000000000000081762f6970342f31302e302e302e312f7463702f343030311b0000018bcfe5680019ea60'
export const CAPABILITY_HEX = 'a466656e67696e656776382031312e33686665617475726573816473696d64666d656d6f72791b000000010000000065736c6f747302'
/** Payload and whole record of CAPABILITY, issued at 1 700 000 000 000 by the Ed25519 key whose seed is 32 bytes of 7. */
export const RECORD_PAYLOAD_HEX = '83011b0000018bcfe56800a466656e67696e656776382031312e33686665617475726573816473696d64666d656d6f72791b000000010000000065736c6f747302'
export const RECORD_HEX = '82584183011b0000018bcfe56800a466656e67696e656776382031312e33686665617475726573816473696d64666d656d6f72791b000000010000000065736c6f7473025840a28af7b88a42b44c8044050099d7901b39133d191318e7b79cf16f21edb912d0f09503e2f4229c4ba1692b64de6e894dd85cc1ece1e0010cc5449d1c0f51590f'
