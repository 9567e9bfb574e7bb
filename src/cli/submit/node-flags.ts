/** Flags of a node that a command gives although a daemon does the work. */
import { configSources, type NodeFlags } from '../flags.ts'
import { say } from '../output.ts'

/** Wrong values are refused whoever does the work. Rejects with ERR_CONFIG. */
export async function checkNodeFlags (flags: NodeFlags): Promise<void> {
  const given = configSources(flags).flags ?? {}
  if (namesOf(flags).length === 0) return
  const { checkFlags } = await import('../../config.ts')
  await checkFlags(given)
}

/** Called when a daemon has taken the work. */
export function warnOfNodeFlags (flags: NodeFlags): void {
  const unused = namesOf(flags)
  if (unused.length === 0) return
  say(`warning: a daemon runs and submits the task; these settings of the command have no effect: ${unused.join(', ')}`)
}

function namesOf (flags: NodeFlags): string[] {
  return Object.entries(configSources(flags).flags ?? {}).flatMap(([key, value]) => value === undefined || key === 'dataDir' ? [] : key)
}
