/** Names of WIT and of task definitions: `my-input`, `my_input` and `myInput` are the same. */

/** What two spellings of a name have in common. */
export function plainName (name: string): string {
  return name.replace(/[-_]/g, '').toLowerCase()
}

/** A WIT name as the fields of outputs are written. */
export function snakeName (name: string): string {
  return name.replaceAll('-', '_')
}

/** The first item whose name is spelled the same, else like `name`. */
export function findNamed<T> (items: readonly T[], name: string, nameOf: (item: T) => string): T | undefined {
  const plain = plainName(name)
  return items.find((item) => nameOf(item) === name) ?? items.find((item) => plainName(nameOf(item)) === plain)
}
