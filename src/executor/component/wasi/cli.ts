/** wasi:cli: what a program is given, its standard streams, and its end. There is no terminal. */
import { ProgramExit } from '../../abi/guest.ts'
import { PROGRAM_NAME } from '../../wasi/system.ts'
import { type HostInterface, type WasiHost, none } from './interface.ts'
import { BytesInput, CaptureOutput } from './streams.ts'

export const cliEnvironment: HostInterface = {
  'get-environment': {
    type: '() -> list<tuple<string, string>>',
    call: ({ guest: { env } }) => Object.keys(env).sort().map((name) => [name, env[name] ?? '']),
  },
  'get-arguments': { type: '() -> list<string>', call: ({ guest }) => [PROGRAM_NAME, ...guest.args] },
  'initial-cwd': { type: '() -> option<string>', call: () => none },
}

export const cliExit: HostInterface = {
  'exit': { type: '(result)', call: (_host, args) => { throw new ProgramExit(args.variant(0).index) } },
  'exit-with-code': { type: '(u8)', call: (_host, args) => { throw new ProgramExit(args.number(0)) } },
}

/** How far each program has read its standard input. */
const stdinStates = new WeakMap<WasiHost, { position: number }>()

function stdin (host: WasiHost): BytesInput {
  const state = stdinStates.get(host) ?? { position: 0 }
  stdinStates.set(host, state)
  return new BytesInput(host.guest.stdin, state)
}

export const cliStdin: HostInterface = { 'get-stdin': { type: '() -> input-stream', call: stdin } }
export const cliStdout: HostInterface = { 'get-stdout': { type: '() -> output-stream', call: ({ guest }) => new CaptureOutput(guest.stdout) } }
export const cliStderr: HostInterface = { 'get-stderr': { type: '() -> output-stream', call: ({ guest }) => new CaptureOutput(guest.logs) } }

export const cliTerminalStdin: HostInterface = { 'get-terminal-stdin': { type: '() -> option<terminal-input>', call: () => none } }
export const cliTerminalStdout: HostInterface = { 'get-terminal-stdout': { type: '() -> option<terminal-output>', call: () => none } }
export const cliTerminalStderr: HostInterface = { 'get-terminal-stderr': { type: '() -> option<terminal-output>', call: () => none } }
