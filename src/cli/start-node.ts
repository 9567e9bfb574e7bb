/** Starts a node for a command, with the mistakes that only show then in the user's words. */
import { CorebrumError } from '../errors.ts'
import { prepareDataDir } from '../control/socket.ts'
import type { Node } from '../node.ts'

/** Rejects with ERR_CONFIG when the data folder cannot be used or an address cannot be listened on. */
export async function startNode (node: Node): Promise<Node> {
  await prepareDataDir(node.config.dataDir)
  try {
    await node.start()
  } catch (error) {
    throw asListenError(error, node.config.listen) ?? error
  }
  return node
}

/** libp2p says all in one text; the system's code in it tells what it was. */
function asListenError (error: unknown, listen: readonly string[]): CorebrumError | undefined {
  if (error instanceof CorebrumError || !(error instanceof Error) || !/listen/i.test(error.name + error.message)) return undefined
  const reasons: Array<[string, string]> = [
    ['EADDRINUSE', 'another program uses the port; choose another one, or 0 for any'],
    ['EADDRNOTAVAIL', 'this machine does not have the address'],
    ['EACCES', 'the port needs privileges; choose one above 1023'],
  ]
  const reason = reasons.find(([code]) => error.message.includes(code))?.[1] ?? 'the address is not supported'
  return new CorebrumError('ERR_CONFIG', `--listen: cannot listen on ${listen.join(', ')}: ${reason}`, { cause: error })
}
