/** Flags of the form `name=path`, such as --file-input and --output-file. */
import { InvalidArgumentError } from 'commander'

export interface NamedPath { name: string, path: string }

/** For commander: adds one to those before it. */
export function namedPath (text: string, earlier: NamedPath[] = []): NamedPath[] {
  const equals = text.indexOf('=')
  if (equals < 1 || equals === text.length - 1) throw new InvalidArgumentError('It must be name=path.')
  const name = text.slice(0, equals)
  if (earlier.some((other) => other.name === name)) throw new InvalidArgumentError(`"${name}" is given twice.`)
  return [...earlier, { name, path: text.slice(equals + 1) }]
}
