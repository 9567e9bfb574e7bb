/** The node's Ed25519 key: made once, kept in the data folder, readable by its owner only. */
import { randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { describeSystemError } from '../config/system-error.ts'
import { CorebrumError } from '../errors.ts'

/** The key in `path`, made when the file does not exist. Rejects with ERR_CONFIG when it cannot be read or is damaged. */
export async function loadIdentity (path: string): Promise<PrivateKey> {
  return await readKey(path) ?? await makeKey(path)
}

export async function temporaryIdentity (): Promise<PrivateKey> {
  return generateKeyPair('Ed25519')
}

async function readKey (path: string): Promise<PrivateKey | undefined> {
  let bytes
  try {
    bytes = await readFile(path)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new CorebrumError('ERR_CONFIG', `the node's key ${path} cannot be read: ${describeSystemError(cause)}`, { cause })
  }
  try {
    return privateKeyFromProtobuf(bytes)
  } catch (cause) {
    throw new CorebrumError('ERR_CONFIG', `the node's key ${path} is damaged; restore it, or delete it to get a new identity`, { cause })
  }
}

async function makeKey (path: string): Promise<PrivateKey> {
  const key = await generateKeyPair('Ed25519')
  const temporary = `${path}.${randomUUID()}`
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await writeFile(temporary, privateKeyToProtobuf(key), { mode: 0o600 })
    // A link fails when the file exists: of two processes that start at once, both end with the same key.
    await link(temporary, path).catch((error: NodeJS.ErrnoException) => { if (error.code !== 'EEXIST') throw error })
    return await readKey(path) ?? key
  } catch (cause) {
    if (cause instanceof CorebrumError) throw cause
    throw new CorebrumError('ERR_CONFIG', `the node's key ${path} cannot be written: ${describeSystemError(cause)}; choose another folder with --data-dir`, { cause })
  } finally {
    await rm(temporary, { force: true })
  }
}
