/**
 * Where peers that matter can be found, in a file: the peer store lives in memory, and forgets addresses after an hour. Kept
 * are the peers that the rest of the node names, which are those that it owes something.
 *
 *   file = JSON {"version": 1, "peers": {PeerId: [multiaddr]}}
 */
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Libp2p, PeerId, PeerUpdate } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { multiaddr } from '@multiformats/multiaddr'
import { MAX_REMEMBERED_PEERS } from '../limits.ts'
import { MAX_ADDRESS_BOOK_BYTES, MAX_ADDRESSES_PER_PEER } from './limits.ts'

/** Changes reach the disk together, this late. */
const WRITE_AFTER_MS = 500
const VERSION = 1

export interface AddressBookComponents {
  libp2p: Pick<Libp2p, 'peerStore' | 'addEventListener' | 'removeEventListener'>
  log: (message: string) => void
}

export interface AddressBook {
  /** Reads the file. What is damaged in it is left out. */
  start (): Promise<void>
  /** Writes what has changed. */
  stop (): Promise<void>
  /** Keeps the addresses of a peer, or no longer does. */
  keep (peer: string, kept: boolean): void
  /** Puts the addresses of a kept peer where a dial finds them. */
  recall (peer: string): Promise<void>
}

/** Without a path the book lasts as long as the process. */
export function createAddressBook ({ libp2p, log }: AddressBookComponents, path?: string): AddressBook {
  const book = new Map<string, string[]>()
  /** What the file said; of those that are not kept again, nothing is written. */
  const before = new Map<string, string[]>()
  let timer: NodeJS.Timeout | undefined
  let turn: Promise<void> = Promise.resolve()

  function changed (): void {
    if (path !== undefined) timer ??= setTimeout(() => { void write() }, WRITE_AFTER_MS).unref()
  }

  function write (): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    turn = turn.then(save).catch((error: Error) => { log(`the addresses of peers cannot be written: ${error.message}`) })
    return turn
  }

  async function save (): Promise<void> {
    if (path === undefined) return
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    await writeFile(`${path}.partial`, JSON.stringify({ version: VERSION, peers: Object.fromEntries(book) }), { mode: 0o600 })
    await rename(`${path}.partial`, path)
  }

  /** A peer without known addresses keeps those that it had. */
  function note (peer: string, addresses: string[]): void {
    if (!book.has(peer) || addresses.length === 0) return
    book.set(peer, addresses.slice(0, MAX_ADDRESSES_PER_PEER))
    changed()
  }

  async function look (id: PeerId): Promise<void> {
    const known = await libp2p.peerStore.get(id).catch(() => undefined)
    note(id.toString(), (known?.addresses ?? []).map(({ multiaddr }) => multiaddr.toString()))
  }

  const onUpdate = ({ detail: { peer: { id, addresses } } }: CustomEvent<PeerUpdate>): void => {
    note(id.toString(), addresses.map(({ multiaddr }) => multiaddr.toString()))
  }

  return {
    async start () {
      libp2p.addEventListener('peer:update', onUpdate)
      if (path === undefined) return
      for (const [peer, addresses] of await readBook(path, log)) {
        before.set(peer, addresses)
        if (book.get(peer)?.length === 0) book.set(peer, addresses)
      }
    },
    async stop () {
      libp2p.removeEventListener('peer:update', onUpdate)
      if (timer !== undefined) await write()
    },
    keep (peer, kept) {
      if (!kept) {
        if (book.delete(peer)) changed()
        return
      }
      if (!isPeer(peer)) return
      const addresses = book.get(peer) ?? before.get(peer) ?? []
      book.delete(peer)
      book.set(peer, addresses)
      for (const oldest of book.keys()) {
        if (book.size <= MAX_REMEMBERED_PEERS) break
        book.delete(oldest)
      }
      void look(peerIdFromString(peer))
    },
    async recall (peer) {
      const addresses = book.get(peer) ?? before.get(peer)
      if (addresses === undefined || addresses.length === 0) return
      await libp2p.peerStore.merge(peerIdFromString(peer), { multiaddrs: addresses.map((address) => multiaddr(address)) })
    },
  }
}

async function readBook (path: string, log: AddressBookComponents['log']): Promise<Array<[string, string[]]>> {
  try {
    if ((await stat(path)).size > MAX_ADDRESS_BOOK_BYTES) throw new Error('it is too large')
    const book: unknown = JSON.parse(await readFile(path, 'utf8'))
    if (!isMapping(book) || book.version !== VERSION || !isMapping(book.peers)) throw new Error('it is not of the agreed form')
    return Object.entries(book.peers).slice(0, MAX_REMEMBERED_PEERS).flatMap(([peer, addresses]) => {
      const good = Array.isArray(addresses) ? addresses.filter(isAddress).slice(0, MAX_ADDRESSES_PER_PEER) : []
      return isPeer(peer) && good.length > 0 ? [[peer, good] as [string, string[]]] : []
    })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') log(`the addresses of peers in ${path} are left out: ${(error as Error).message}`)
    return []
  }
}

function isMapping (value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isPeer (text: string): boolean {
  try {
    peerIdFromString(text)
    return true
  } catch {
    return false
  }
}

function isAddress (value: unknown): value is string {
  try {
    return typeof value === 'string' && multiaddr(value).toString() === value
  } catch {
    return false
  }
}
