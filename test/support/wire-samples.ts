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

export const LABELLED_CAPABILITY: Capability = { ...CAPABILITY, labels: { gpu: 'yes', site: 'roof/2' } }

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

/** One that finds something of every kind when it starts, and may do what it asks for. */
export const SETUP_PROGRAM: Program = {
  name: 'render',
  module: { cid, size: 124, urls: [] },
  inputs: [{ name: 'doc', type: 'string' }, { name: 'style', type: 'bytes' }],
  outputs: [{ name: 'png', type: 'bytes' }],
  timeLimitMs: 1000,
  fuel: 2 ** 40,
  deterministic: true,
  setup: {
    args: ['-v', ''],
    env: { LANG: 'de', EMPTY: '' },
    stdin: { from: 'input', name: 'doc' },
    files: [{ path: 'a.txt', bytes: new Uint8Array([1, 2]) }, { path: 'in/style', input: 'style' }, { path: 'in/font', cid, size: 2 ** 20 }],
    outputFiles: [{ output: 'png', path: 'out.png' }],
  },
  grants: { networking: true, fileSystem: true, hosts: ['a.example:8080'] },
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

/** One that only one worker may answer. */
export const PLACED_OFFER: Offer = { ...OFFER, placement: { priority: -3, require: { gpu: 'yes' }, on: '12D3KooWpeer' } }

const usage = { wallMs: 1.5, memoryBytes: 65536, cpuMs: 0.5, moduleBytes: 300, fileBytes: 0, fuel: 7 }

export const WORKER_MESSAGES: Array<[WorkerMessage, string]> = [
  [{ kind: 'hello', capability: CAPABILITY }, '830001a466656e67696e656776382031312e33686665617475726573816473696d64666d656d6f72791b000000010000000065736c6f747302'],
  [{ kind: 'claim', slots: 300 }, '820119012c'],
  [{ kind: 'running', leases: [{ taskId, fence: 1 }, { taskId: other, fence: 70_000 }] }, '820282825000112233445566778899aabbccddeeff018250ffffffff0000400080000000000000011a00011170'],
  [{ kind: 'result', taskId, fence: 1, outcome: { ok: true, outputs: { result: 2432902008176640000n, big: 2n ** 64n, list: [1, -1, 1.5, 'é', true, null, new Uint8Array([1, 2])] }, usage, logs: 'hi' } }, '87035000112233445566778899aabbccddeeff0100a366726573756c741b21c3677c82b4000063626967c249010000000000000000646c697374870120fb3ff800000000000062c3a9f5f642010286fb3ff80000000000001a00010000fb3fe000000000000019012c0007626869'],
  [{ kind: 'result', taskId, fence: 2, outcome: { ok: false, code: 'ERR_TRAP', message: 'unreachable', usage, logs: '' } }, '87035000112233445566778899aabbccddeeff02182c6b756e726561636861626c6586fb3ff80000000000001a00010000fb3fe000000000000019012c000760'],
  [{ kind: 'result', taskId, fence: 1, outcome: { ok: true, outputs: { small: 1 }, refs: [{ name: 'big', blob: { cid, size: 70_000, form: 'text' } }, { blob: { cid, size: 2, form: 'value' } }], usage, logs: '' } }, '88035000112233445566778899aabbccddeeff0100a165736d616c6c0186fb3ff80000000000001a00010000fb3fe000000000000019012c000760828463626967783b6261666b726569676832616b69736361696c646371616273796733646672366368753366677072656769796d73636b376537617161347335327a791a000111700184f6783b6261666b726569676832616b69736361696c646371616273796733646672366368753366677072656769796d73636b376537617161347335327a790202'],
  [{ kind: 'renew', leases: [{ taskId, fence: 1 }] }, '820481825000112233445566778899aabbccddeeff01'],
  [{ kind: 'refuse', taskId, fence: 1, code: 'ERR_DECLINED', reason: 'no room' }, '85055000112233445566778899aabbccddeeff01183e676e6f20726f6f6d'],
  [{ kind: 'result', taskId, fence: 3, outcome: { ok: false, code: 'ERR_TIME_LIMIT', message: 'late', usage: { wallMs: 100, moduleBytes: 300 }, logs: 'hi' } }, '87035000112233445566778899aabbccddeeff031830646c617465861864f6f619012cf6f6626869'],
  [{ kind: 'log', taskId, fence: 3, text: 'hé\n' }, '84065000112233445566778899aabbccddeeff036468c3a90a'],
  [{
    kind: 'receipts',
    signature: new Uint8Array(64).fill(0x5a),
    entries: [
      { taskId, fence: 3, startedAtMs: 1_700_000_000_000, endedAtMs: 1_700_000_000_002, leaf: digest },
      { taskId: `${other}-4`, fence: 2 ** 40, startedAtMs: 0, endedAtMs: 1, leaf: 'cd'.repeat(32) },
    ],
  }, '830758405a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a82855000112233445566778899aabbccddeeff031b0000018bcfe568001b0000018bcfe568025820abababababababababababababababababababababababababababababababab8554ffffffff000040008000000000000001000000041b000001000000000000015820cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd'],
]

export const SUBMITTER_MESSAGES: Array<[SubmitterMessage, string]> = [
  [{ kind: 'program', digest, program: PROGRAM }, '83105820ababababababababababababababababababababababababababababababababac646e616d6569666163746f7269616c63636964783b6261666b726569676832616b69736361696c646371616273796733646672366368753366677072656769796d73636b376537617161347335327a796473697a65187c6475726c738177687474703a2f2f6c6f63616c686f73742f662e7761736d62666e646661637463616269676e756d6572696362696e8182666e756d62657267696e7465676572636f7574818266726573756c7467696e7465676572666d656d6f72791a000100006474696d651a000493e0636e6574f4626673f5'],
  [{ kind: 'program', digest, program: SMALL_PROGRAM }, '83105820ababababababababababababababababababababababababababababababababa9646e616d656063636964783b6261666b726569676832616b69736361696c646371616273796733646672366368753366677072656769796d73636b376537617161347335327a796473697a65006475726c738062696e80636f7574806474696d6501636e6574f4626673f4'],
  [{ kind: 'lease', taskId, fence: 2 ** 40, digest, leaseMs: 10_000, values: [5, undefined, { a: [1n, -2] }] }, '86115000112233445566778899aabbccddeeff1b00000100000000005820abababababababababababababababababababababababababababababababab1927108305f7a16161821b000000000000000121'],
  [{ kind: 'lease', taskId, fence: 1, digest, leaseMs: 10_000, values: [undefined, 5], refs: [{ index: 0, blob: { cid, size: 70_000, form: 'bytes' } }] }, '87115000112233445566778899aabbccddeeff015820abababababababababababababababababababababababababababababababab19271082f705818400783b6261666b726569676832616b69736361696c646371616273796733646672366368753366677072656769796d73636b376537617161347335327a791a0001117000'],
  [{ kind: 'lease', taskId, fence: 1, digest, leaseMs: 10_000, values: [5], placement: { priority: 7 } }, '88115000112233445566778899aabbccddeeff015820abababababababababababababababababababababababababababababababab1927108105808307a060'],
  [{ kind: 'ack', leases: [{ taskId, fence: 1 }] }, '821281825000112233445566778899aabbccddeeff01'],
  [{ kind: 'cancel', taskId, fence: 1 }, '83135000112233445566778899aabbccddeeff01'],
]

export const OFFER_HEX = '8c015820abababababababababababababababababababababababababababababababab03783b6261666b726569676832616b69736361696c646371616273796733646672366368753366677072656769796d73636b376537617161347335327a79187c1a00010000f4f5fb3fe000000000000081762f6970342f31302e302e302e312f7463702f343030311b0000018bcfe5680019ea60'
export const PLACED_OFFER_HEX = '8d015820abababababababababababababababababababababababababababababababab03783b6261666b726569676832616b69736361696c646371616273796733646672366368753366677072656769796d73636b376537617161347335327a79187c1a00010000f4f5fb3fe000000000000081762f6970342f31302e302e302e312f7463702f343030311b0000018bcfe5680019ea608322a163677075637965736c313244334b6f6f5770656572'
export const LABELLED_CAPABILITY_HEX = 'a566656e67696e656776382031312e33686665617475726573816473696d64666d656d6f72791b000000010000000065736c6f747302666c6162656c73a26367707563796573647369746566726f6f662f32'
export const SETUP_PROGRAM_HEX = 'ad646e616d656672656e64657263636964783b6261666b726569676832616b69736361696c646371616273796733646672366368753366677072656769796d73636b376537617161347335327a796473697a65187c6475726c738062696e828263646f6366737472696e6782657374796c65656279746573636f7574818263706e676562797465736474696d651903e8636e6574f5626673f5646675656c1b000001000000000063646574f565686f737473816e612e6578616d706c653a38303830657365747570a5646172677382622d766063656e768282644c414e476264658265454d5054596065737464696e63646f636566696c6573838365612e747874004201028368696e2f7374796c6501657374796c658467696e2f666f6e7402783b6261666b726569676832616b69736361696c646371616273796733646672366368753366677072656769796d73636b376537617161347335327a791a00100000636f7574818263706e67676f75742e706e67'
export const CAPABILITY_HEX = 'a466656e67696e656776382031312e33686665617475726573816473696d64666d656d6f72791b000000010000000065736c6f747302'
/** Payload and whole record of CAPABILITY, issued at 1 700 000 000 000 by the Ed25519 key whose seed is 32 bytes of 7. */
export const RECORD_PAYLOAD_HEX = '83011b0000018bcfe56800a466656e67696e656776382031312e33686665617475726573816473696d64666d656d6f72791b000000010000000065736c6f747302'
export const RECORD_HEX = '82584183011b0000018bcfe56800a466656e67696e656776382031312e33686665617475726573816473696d64666d656d6f72791b000000010000000065736c6f7473025840a28af7b88a42b44c8044050099d7901b39133d191318e7b79cf16f21edb912d0f09503e2f4229c4ba1692b64de6e894dd85cc1ece1e0010cc5449d1c0f51590f'
