/** The life of a daemon: claim the data folder, start the node, serve the commands, drain, stop. */
import { loadConfig } from '../config.ts'
import { createControlServer } from '../control/server.ts'
import { DRAIN_MS } from '../limits.ts'
import { createNode, type Node } from '../node.ts'
import { createDaemonLog } from './daemon-log.ts'
import { EXIT } from './exit.ts'
import { configSources, type NodeFlags } from './flags.ts'
import { say } from './output.ts'
import { startNode } from './start-node.ts'
import { VERSION } from './version.ts'

/** Ends with the process. Rejects with ERR_CONFIG, ERR_DAEMON_RUNNING, or what keeps the node from starting. */
export async function runDaemon (flags: NodeFlags & { logJson?: boolean }): Promise<void> {
  const { config, warnings } = await loadConfig(configSources(flags))
  const log = createDaemonLog({ level: config.logLevel, json: flags.logJson === true })
  for (const warning of warnings) log.warn(warning)

  let begin = (): void => {}
  const claimed = new Promise<void>((resolve) => { begin = resolve })
  const starting = claimed.then(async () => await startNode(await createNode(config, { log: (level, message) => log[level](message) })))
  const server = createControlServer({ node: starting }, { dataDir: config.dataDir, version: VERSION })
  // The socket first: a second daemon must not touch the identity, the store or the ports of the first.
  await server.start()
  begin()
  stopOnSignals(async () => {
    await (await starting).stop({ drainMs: DRAIN_MS })
    await server.stop()
  })
  let node: Node
  try {
    node = await starting
  } catch (error) {
    await server.stop()
    throw error
  }
  say(`corebrum ${VERSION} ready: peer ${node.peerId}, listening on ${node.addresses().join(', ') || 'no address'}`)
}

function stopOnSignals (stop: () => Promise<void>): void {
  let stopping = false
  const onSignal = (signal: NodeJS.Signals): void => {
    if (stopping) process.exit(EXIT.failed)
    stopping = true
    say(`corebrum: ${signal}: running tasks have ${DRAIN_MS / 1000} s to finish; once more to stop at once`)
    stop().then(() => process.exit(EXIT.done), (error: unknown) => {
      say(`corebrum: the daemon did not stop cleanly: ${error instanceof Error ? error.message : String(error)}`)
      process.exit(EXIT.failed)
    })
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)
}
