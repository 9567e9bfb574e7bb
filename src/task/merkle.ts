/**
 * Merkle trees as RFC 6962, section 2.1, hashes them: leaves and inner nodes begin with different bytes, so that none is ever
 * taken for the other. Hashes are hex sha2-256. Pure.
 */
import { hash } from 'node:crypto'

/** A hash on the way from a leaf to the root, and the side on which it stands. */
export interface PathStep {
  readonly side: 'left' | 'right'
  readonly hash: string
}

export interface MerkleTree {
  readonly root: string
  /** From the leaf's sibling up to below the root; empty for the only leaf of a tree. */
  path (leaf: number): PathStep[]
}

const HASH_BYTES = 32
const LEAF = 0x00
const NODE = 0x01

export function leafHash (bytes: Uint8Array): string {
  const input = new Uint8Array(1 + bytes.length)
  input[0] = LEAF
  input.set(bytes, 1)
  return hash('sha256', input, 'hex')
}

const pair = Buffer.alloc(1 + 2 * HASH_BYTES)
pair[0] = NODE

function nodeHash (left: string, right: string): string {
  pair.write(left, 1, 'hex')
  pair.write(right, 1 + HASH_BYTES, 'hex')
  return hash('sha256', pair, 'hex')
}

/** The tree over leaf hashes, at least one; equal steps of several paths are one object. */
export function merkleTree (leaves: readonly string[]): MerkleTree {
  /** Each level as steps of paths: a node stands left where its number is even. */
  const levels: PathStep[][] = [asSteps(leaves)]
  let level = leaves
  while (level.length > 1) {
    const above: string[] = []
    for (let i = 0; i < level.length; i += 2) {
      const left = level[i] ?? ''
      const right = level[i + 1]
      // The last one of an odd number stands for itself a level higher, which is what the RFC's split comes to.
      above.push(right === undefined ? left : nodeHash(left, right))
    }
    levels.push(asSteps(above))
    level = above
  }
  return {
    root: level[0] ?? '',
    path (leaf) {
      const path: PathStep[] = []
      for (let depth = 0, index = leaf; depth < levels.length - 1; depth++, index >>= 1) {
        const sibling = levels[depth]?.[index ^ 1]
        if (sibling !== undefined) path.push(sibling)
      }
      return path
    },
  }
}

function asSteps (hashes: readonly string[]): PathStep[] {
  return hashes.map((hash, i) => ({ side: i % 2 === 0 ? 'left' : 'right', hash }))
}

/** The root that a leaf and its path lead to. */
export function rootOf (leaf: string, path: readonly PathStep[]): string {
  return path.reduce((below, { side, hash: sibling }) => side === 'left' ? nodeHash(sibling, below) : nodeHash(below, sibling), leaf)
}
