/**
 * Letters of others on disk, a file each, until their recipient has them or they expire.
 *
 *   file   = head-length: 2 bytes, big endian, then head, then the sealed bytes; its name is the key of the letter (letter-ledger.ts)
 *   head   = [1, recipient: tstr, depositor: tstr, id: bstr, size: uint, expires-ms: uint]
 */
import { mkdir, open, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { decode, encode } from '../../cbor.ts'
import { describeSystemError } from '../../config/system-error.ts'
import { CorebrumError } from '../../errors.ts'
import { writeDurably } from '../../modules/durable-file.ts'
import { MAX_LETTER_BYTES } from '../../limits.ts'
import { LETTER_ID_BYTES, MAX_PEER_CHARS } from '../../wire/mailbox.ts'
import { asArray, asBytes, asInteger, asText, broken, uint } from '../../wire/shape.ts'
import type { HeldLetter } from './letter-ledger.ts'
import { letterId } from './letters.ts'

const VERSION = 1
const LENGTH_BYTES = 2
const MAX_HEAD_BYTES = 1024
const NAME = /^[0-9a-f]{64}$/

export interface LetterFiles {
  /** What is there and whole as far as its head says; removes the rest. Rejects with ERR_STORE. */
  list (): Promise<HeldLetter[]>
  /** Resolves when it is on disk. Rejects with ERR_STORE. */
  write (letter: HeldLetter, sealed: Uint8Array): Promise<void>
  /** Rejects with ERR_STORE, also when the bytes are damaged. */
  read (letter: HeldLetter): Promise<Uint8Array>
  remove (letter: HeldLetter): Promise<void>
}

/** Of a node that holds no letters. */
export const NO_LETTER_FILES: LetterFiles = {
  list: () => Promise.resolve([]),
  write: () => Promise.reject(new CorebrumError('ERR_STORE', 'this node holds no letters')),
  read: () => Promise.reject(new CorebrumError('ERR_STORE', 'this node holds no letters')),
  remove: () => Promise.resolve(),
}

/** `dir` is made when it is needed. */
export function createLetterFiles (dir: string): LetterFiles {
  const pathOf = (key: string): string => join(dir, key)
  const failed = (cause: unknown): CorebrumError => new CorebrumError('ERR_STORE', `the letters in ${dir} cannot be kept: ${describeSystemError(cause)}`, { cause })

  async function headOf (name: string): Promise<HeldLetter> {
    const file = await open(pathOf(name))
    try {
      const { size: fileSize } = await file.stat()
      const { buffer, bytesRead } = await file.read(Buffer.alloc(LENGTH_BYTES + MAX_HEAD_BYTES), 0, LENGTH_BYTES + MAX_HEAD_BYTES, 0)
      const { letter, offset } = parseHead(name, buffer.subarray(0, bytesRead))
      if (fileSize !== offset + letter.size) throw broken('letter file')
      return letter
    } finally {
      await file.close()
    }
  }

  return {
    async list () {
      const names = await readdir(dir).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return []
        throw failed(error)
      })
      const letters: HeldLetter[] = []
      for (const name of names) {
        const letter = NAME.test(name) ? await headOf(name).catch(() => undefined) : undefined
        if (letter === undefined) await rm(pathOf(name), { recursive: true, force: true }).catch(() => {})
        else letters.push(letter)
      }
      return letters
    },
    async write (letter, sealed) {
      const { key, id, recipient, depositor, size, expiresAtMs } = letter
      const head = encode([VERSION, recipient, depositor, Buffer.from(id, 'hex'), size, uint(expiresAtMs)])
      const length = Buffer.alloc(LENGTH_BYTES)
      length.writeUInt16BE(head.length)
      try {
        await mkdir(dir, { recursive: true, mode: 0o700 })
        await writeDurably(pathOf(key), Buffer.concat([length, head, sealed]))
      } catch (cause) {
        throw failed(cause)
      }
    },
    async read ({ key, id, size }) {
      try {
        const path = pathOf(key)
        if ((await stat(path)).size > LENGTH_BYTES + MAX_HEAD_BYTES + MAX_LETTER_BYTES) throw broken('letter file')
        const bytes = await readFile(path)
        const sealed = bytes.subarray(bytes.length - size)
        if (letterId(sealed) !== id) throw broken('letter file')
        return sealed
      } catch (cause) {
        throw failed(cause)
      }
    },
    remove: ({ key }) => rm(pathOf(key), { force: true }).catch(() => {}),
  }
}

/** Throws ERR_PROTOCOL. */
function parseHead (key: string, bytes: Buffer): { letter: HeldLetter, offset: number } {
  if (bytes.length < LENGTH_BYTES) throw broken('letter file')
  const offset = LENGTH_BYTES + bytes.readUInt16BE(0)
  if (offset > bytes.length) throw broken('letter file')
  const fields = asArray(decode(bytes.subarray(LENGTH_BYTES, offset)), 'letter file', 6)
  if (fields[0] !== VERSION) throw broken('letter file')
  const letter = {
    key,
    recipient: asText(fields[1], 'letter file', MAX_PEER_CHARS),
    depositor: asText(fields[2], 'letter file', MAX_PEER_CHARS),
    id: Buffer.from(asBytes(fields[3], 'letter file', LETTER_ID_BYTES, LETTER_ID_BYTES)).toString('hex'),
    size: asInteger(fields[4], 'letter file', 1, MAX_LETTER_BYTES),
    expiresAtMs: asInteger(fields[5], 'letter file', 0, Number.MAX_SAFE_INTEGER),
  }
  return { letter, offset }
}
