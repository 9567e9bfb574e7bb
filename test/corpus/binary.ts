/** Modules byte by byte, for what no text compiler would write. */
const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]

/** Unsigned LEB128. */
export function leb (value: number): number[] {
  const bytes: number[] = []
  do {
    const low = value % 128
    value = Math.floor(value / 128)
    bytes.push(value > 0 ? low | 0x80 : low)
  } while (value > 0)
  return bytes
}

export type Section = { id: number, body: Uint8Array | number[], claims?: number }

/** A module of sections; `claims` is the length that a section says it has, where that is not the truth. */
export function moduleOf (...sections: Section[]): Uint8Array {
  return Buffer.concat([Uint8Array.from(HEADER), ...sections.flatMap(({ id, body, claims }) => [Uint8Array.from([id, ...leb(claims ?? body.length)]), Uint8Array.from(body)])])
}

/** A vector whose items are all alike; `claims` is the count that it says it has. */
export function repeated (item: number[], count: number, claims = count): Uint8Array {
  const head = leb(claims)
  const bytes = new Uint8Array(head.length + item.length * count)
  bytes.set(head)
  for (let i = 0; i < count; i++) bytes.set(item, head.length + i * item.length)
  return bytes
}

const name = (text: string): number[] => [...leb(text.length), ...Buffer.from(text)]

/** `() -> ()`. */
export const TYPES: Section = { id: 1, body: [1, 0x60, 0, 0] }
/** One function of that type. */
export const FUNCTIONS: Section = { id: 3, body: [1, 0] }
/** It is `main`. */
export const EXPORTS: Section = { id: 7, body: [1, ...name('main'), 0, 0] }

/** The code section of one function: its locals as they stand in the binary, and its instructions without the `end`. */
export function code (instructions: Uint8Array | number[], locals: number[] = [0]): Section {
  const body = Buffer.concat([Uint8Array.from(locals), Uint8Array.from(instructions), Uint8Array.of(0x0b)])
  return { id: 10, body: Buffer.concat([Uint8Array.from([1, ...leb(body.length)]), body]) }
}

/** A module whose function `main` has these instructions. */
export function mainOf (instructions: Uint8Array | number[], locals?: number[]): Uint8Array {
  return moduleOf(TYPES, FUNCTIONS, EXPORTS, code(instructions, locals))
}
