/** Calling conventions that a definition can force with `abi:`; without it the executor tells them apart by the module. */
import { closest } from './suggest.ts'
import { quoted } from './values.ts'
import type { Section } from './section.ts'

export const CONVENTIONS = ['numeric', 'buffer', 'wasi-command', 'c-main', 'assemblyscript', 'extism', 'wasm-bindgen', 'wasm-bindgen-raw', 'go-js', 'component'] as const

const MAX_ABI_CHARS = 64

/** The `abi` of a section; reports one that is not known. */
export function readConvention (section: Section): string | undefined {
  const name = section.text('abi', MAX_ABI_CHARS)
  if (name !== undefined && !CONVENTIONS.some((known) => known === name)) {
    section.report.found(section.at('abi'), name, CONVENTIONS.join(', '), didYouMean(name))
  }
  return name
}

function didYouMean (name: string): string | undefined {
  const near = closest(name, CONVENTIONS)
  return near === undefined ? undefined : `did you mean "${near}"?`
}

/** The sentence about a name that is none, with those that are, and the one that may be meant. */
export function unknownConvention (name: string): string {
  const near = didYouMean(name)
  return `there is no calling convention ${quoted(name)}${near === undefined ? '' : ` - ${near}`}; there are ${CONVENTIONS.join(', ')}`
}
