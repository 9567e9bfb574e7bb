import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { binaryKind } from '../../../src/executor/binary/sniff.ts'
import { MAX_MODULE_BYTES } from '../../../src/limits.ts'
import { checkModule } from '../../../src/modules/check-module.ts'
import { cidOf } from '../../../src/modules/cid.ts'
import type { ModuleSource } from '../../../src/task/definition.ts'
import { rejectsWith } from '../../support/rejects.ts'
import { useTempDirs } from '../../support/temp-dir.ts'

const MODULE = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)
const OTHER_CID = cidOf(Uint8Array.of(1))

describe('the module of a definition that is only looked at', () => {
  const tempDir = useTempDirs()
  let baseDir: string

  beforeEach(async () => {
    baseDir = await tempDir()
    await writeFile(join(baseDir, 'good.wasm'), MODULE)
    await writeFile(join(baseDir, 'zeros.wasm'), new Uint8Array(64))
    await writeFile(join(baseDir, 'big.wasm'), '')
    await truncate(join(baseDir, 'big.wasm'), MAX_MODULE_BYTES + 1)
  })

  const check = (source: ModuleSource, cid?: string): Promise<void> => checkModule(source, { baseDir, checkBytes: binaryKind, ...(cid === undefined ? {} : { cid }) })

  for (const [what, source, cid] of [
    ['is a file', { kind: 'file', path: 'good.wasm' }], ['is named', { kind: 'name', name: 'good' }], ['is embedded', { kind: 'bytes', bytes: MODULE }], ['has the CID that is pinned', { kind: 'file', path: 'good.wasm' }, cidOf(MODULE)],
    ['is elsewhere', { kind: 'url', url: 'http://127.0.0.1:1/none.wasm' }], ['may be in the store', { kind: 'cid', cid: OTHER_CID }], ['may be in the store by its name', { kind: 'name', name: 'none' }, OTHER_CID],
  ] as Array<[string, ModuleSource, string?]>) {
    it(`is good where it ${what}`, async () => { await check(source, cid) })
  }

  for (const [code, source, cid] of [
    ['ERR_NOT_WASM', { kind: 'file', path: 'zeros.wasm' }], ['ERR_NOT_WASM', { kind: 'name', name: 'zeros' }], ['ERR_NOT_WASM', { kind: 'bytes', bytes: new Uint8Array(8) }],
    ['ERR_MODULE_TOO_LARGE', { kind: 'file', path: 'big.wasm' }], ['ERR_MODULE_NOT_FOUND', { kind: 'file', path: 'none.wasm' }], ['ERR_MODULE_NOT_FOUND', { kind: 'name', name: 'none' }],
    ['ERR_MODULE_HASH_MISMATCH', { kind: 'file', path: 'good.wasm' }, OTHER_CID],
  ] as const) {
    it(`is refused as a submit would: ${source.kind}, ${code}`, async () => { await rejectsWith(code, check(source, cid)) })
  }
})
