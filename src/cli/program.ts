/** All commands together. Each command's file declares its flags; what it needs to run is loaded when it runs. */
import { Command } from 'commander'
import { addCancel } from './commands/cancel.ts'
import { addCompletion } from './commands/completion.ts'
import { addDaemon } from './commands/daemon.ts'
import { addExplain } from './commands/explain.ts'
import { addHistory } from './commands/history.ts'
import { addInit } from './commands/init.ts'
import { addInspect } from './commands/inspect.ts'
import { addList } from './commands/list.ts'
import { addLogs } from './commands/logs.ts'
import { addModules } from './commands/modules.ts'
import { addNew } from './commands/new.ts'
import { addPeers } from './commands/peers.ts'
import { addResults } from './commands/results.ts'
import { addStatus } from './commands/status.ts'
import { addSubmit } from './commands/submit.ts'
import { addTest } from './commands/test.ts'
import { addValidate } from './commands/validate.ts'
import { addVerify } from './commands/verify.ts'
import { addVersion } from './commands/version.ts'
import { addWorkers } from './commands/workers.ts'
import { VERSION } from './version.ts'

const EXAMPLES = `
Examples:
  corebrum daemon
  corebrum submit --file task_definitions/wasm/factorial_wasm.yaml --input '{"number": 5}'
  corebrum submit --help`

export function createProgram (): Command {
  const program = new Command('corebrum')
    .description('A peer-to-peer compute mesh for WebAssembly.')
    .version(VERSION)
    .exitOverride()
    .showHelpAfterError('(--help shows what is allowed, with examples)')
    .addHelpText('after', EXAMPLES)
  const commands = [
    addDaemon, addSubmit, addStatus, addResults, addLogs, addHistory, addExplain, addVerify, addCancel, addList, addPeers, addWorkers,
    addModules, addNew, addValidate, addTest, addInspect, addInit, addVersion, addCompletion,
  ]
  for (const add of commands) add(program)
  return program
}
