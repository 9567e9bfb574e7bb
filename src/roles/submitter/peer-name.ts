/** Finds the peer that a user means by a part of its PeerId. */
import { CorebrumError } from '../../errors.ts'
import { isPeerId } from '../../task/peer-signature.ts'

const SHOWN = 5

/** A whole PeerId is taken as it is: its node may come later. Throws ERR_USAGE where no peer of `known`, or more than one, begins or ends so. */
export function resolvePeerName (name: string, known: Iterable<string>): string {
  if (isPeerId(name)) return name
  const found = [...new Set(known)].filter((peer) => peer.startsWith(name) || peer.endsWith(name))
  const [first] = found
  if (first === undefined) throw new CorebrumError('ERR_USAGE', `no peer that is known here has a PeerId that begins or ends with ${name}; see \`corebrum workers\`, or give the whole PeerId`)
  if (found.length > 1) {
    const more = found.length > SHOWN ? ' and more' : ''
    throw new CorebrumError('ERR_USAGE', `${found.length} peers have a PeerId that begins or ends with ${name}: ${found.slice(0, SHOWN).join(', ')}${more}; give more of it`)
  }
  return first
}
