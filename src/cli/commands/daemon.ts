/** `corebrum daemon`: one node that runs until it is told to stop. */
import type { Command } from 'commander'
import { addNodeFlags, type NodeFlags } from '../flags.ts'

const EXAMPLES = `
Examples:
  corebrum daemon
  corebrum daemon --worker-count 2 --listen /ip4/0.0.0.0/tcp/4001
  corebrum daemon --data-dir ./node-b --peer /ip4/192.168.1.20/tcp/4001

SIGTERM and Ctrl-C let running tasks finish for a while; a second one ends the daemon at once.`

export function addDaemon (program: Command): void {
  const command = program.command('daemon')
    .description('run a node: it takes tasks from the mesh and from the other commands')
    .option('--log-json', 'log JSON instead of plain lines')
    .addHelpText('after', EXAMPLES)
  addNodeFlags(command).action(async (flags: NodeFlags & { logJson?: boolean }) => {
    const { runDaemon } = await import('../run-daemon.ts')
    await runDaemon(flags)
  })
}
