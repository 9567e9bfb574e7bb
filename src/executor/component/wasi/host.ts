/** The interfaces of WASI 0.2 that components find here: the command world without sockets and HTTP. */
import { CorebrumError } from '../../../errors.ts'
import { GuestAbort } from '../../abi/guest.ts'
import type { HostItem } from '../items.ts'
import { quotedName } from '../scope.ts'
import type { ResourceType } from '../types.ts'
import { signatureText } from '../wit-text.ts'
import { cliEnvironment, cliExit, cliStderr, cliStdin, cliStdout, cliTerminalStderr, cliTerminalStdin, cliTerminalStdout } from './cli.ts'
import { insecureRandom, insecureSeed, monotonicClock, random, wallClock } from './clocks.ts'
import { filesystemPreopens, filesystemTypes } from './filesystem.ts'
import type { HostFunction, HostInterface } from './interface.ts'
import { ioError, ioPoll, ioStreams } from './io.ts'

const INTERFACES = new Map<string, HostInterface>(Object.entries({
  'wasi:cli/environment': cliEnvironment,
  'wasi:cli/exit': cliExit,
  'wasi:cli/stdin': cliStdin,
  'wasi:cli/stdout': cliStdout,
  'wasi:cli/stderr': cliStderr,
  'wasi:cli/terminal-input': {},
  'wasi:cli/terminal-output': {},
  'wasi:cli/terminal-stdin': cliTerminalStdin,
  'wasi:cli/terminal-stdout': cliTerminalStdout,
  'wasi:cli/terminal-stderr': cliTerminalStderr,
  'wasi:clocks/monotonic-clock': monotonicClock,
  'wasi:clocks/wall-clock': wallClock,
  'wasi:filesystem/preopens': filesystemPreopens,
  'wasi:filesystem/types': filesystemTypes,
  'wasi:io/error': ioError,
  'wasi:io/poll': ioPoll,
  'wasi:io/streams': ioStreams,
  'wasi:random/insecure': insecureRandom,
  'wasi:random/insecure-seed': insecureSeed,
  'wasi:random/random': random,
}))

/** Where the resource types of these interfaces are defined. */
const RESOURCES = new Map<string, string>(Object.entries({
  'error': 'wasi:io/error',
  'pollable': 'wasi:io/poll',
  'input-stream': 'wasi:io/streams',
  'output-stream': 'wasi:io/streams',
  'descriptor': 'wasi:filesystem/types',
  'directory-entry-stream': 'wasi:filesystem/types',
  'terminal-input': 'wasi:cli/terminal-input',
  'terminal-output': 'wasi:cli/terminal-output',
}))

/** An interface without its version, where that is one of WASI 0.2; all of them are compatible. */
function wasiInterface (name: string): string | undefined {
  return /^(wasi:[a-z/-]+)@0\.2\.\d{1,9}$/.exec(name)?.[1]
}

/** The function of the host behind an import; undefined when there is none. Throws ERR_MODULE_INVALID when it is declared with another type. */
export function findHostFunction (item: HostItem): HostFunction | undefined {
  const base = wasiInterface(item.interface)
  const members = base === undefined ? undefined : INTERFACES.get(base)
  if (members === undefined || !Object.hasOwn(members, item.name)) return undefined
  const found = members[item.name]
  const declared = signatureText(item.type, hostResourceName)
  if (found === undefined || declared === found.type) return found
  throw new CorebrumError('ERR_MODULE_INVALID', `the component declares ${quotedName(`${item.interface}#${item.name}`)} as ${declared}; in WASI 0.2 it is ${found.type}`)
}

/** True for a function that the host has, even where the component declares it with another type. */
export function isProvided ({ interface: from, name }: HostItem): boolean {
  return Object.hasOwn(INTERFACES.get(wasiInterface(from) ?? '') ?? {}, name)
}

function hostResourceName ({ name, owner }: ResourceType): string {
  return 'host' in owner && RESOURCES.get(name) === wasiInterface(owner.host) ? name : `resource ${name}`
}

/** What a call of an import that the host does not have ends with. */
export function missingImport ({ interface: from, name }: HostItem): GuestAbort {
  const text = quotedName(from === '' ? name : `${from}#${name}`)
  const hint = /^wasi:(sockets|http)\//.test(from) ? ' (components have no network here)' : ''
  return new GuestAbort('ERR_MISSING_IMPORT', `the component called the import ${text}, which the sandbox does not provide${hint}`)
}
