/** `console`: what a module writes there is log. */
import type { Catalogue } from './imports.ts'
import { type HostFunctionSpec, spec } from './host-function.ts'
import type { BindgenHost } from './host.ts'
import { type HostValue, describeHostValue } from './host-values.ts'

const METHODS = ['log', 'error', 'warn', 'info', 'debug', 'trace']
/** Arguments that the generated JavaScript passes one by one. */
const MOST_ARGUMENTS = 7

function write (host: BindgenHost, args: readonly HostValue[]): undefined {
  host.guest.logs.writeText(`${args.map((arg) => describeHostValue(arg)).join(' ')}\n`)
}

/** Two numbers are two values where the module was given both, else pointer and length of a text. */
const numbered: HostFunctionSpec = spec('number number', 'nothing', (host, [first, second]) => {
  const { references } = host
  if (references.holds(first) && references.holds(second)) return write(host, [references.get(first, 'i32'), references.get(second, 'i32')])
  return write(host, [host.text(Number(first), Number(second))])
})

const specs: HostFunctionSpec[] = [numbered]
for (let count = 0; count <= MOST_ARGUMENTS; count++) specs.push(spec(Array.from({ length: count }, () => 'ref').join(' '), 'nothing', write))

export const CONSOLE: Catalogue = {
  ...Object.fromEntries(METHODS.map((name) => [name, specs])),
  // What a panic hook asks of a new Error.
  stack: [spec('ref', 'text', () => '')],
}
