/** Rows for table files of a database: half of each value can be compressed, half cannot. */
import { createHash } from 'node:crypto'

export function tableRow (index: number): { key: string, body: Buffer } {
  const key = `k${String(index).padStart(6, '0')}`
  return { key, body: Buffer.concat([Buffer.from('submitted, leased, started, completed; '.repeat(2)), createHash('shake256', { outputLength: 80 }).update(key).digest()]) }
}
