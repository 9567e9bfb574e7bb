/** Types of components in the words of WIT. */
import type { FuncType, ResourceType, ValType } from './types.ts'

/** Characters of one type's text: types share parts, so that a small component can describe a type of any length. */
const MAX_TYPE_CHARS = 4_000

type NameOf = (resource: ResourceType) => string
/** `left`: characters; `short`: types that an interface names are not spelled out. */
interface Budget { left: number, short: boolean }

const ownName: NameOf = (resource) => resource.name

export function typeText (type: ValType, nameOf: NameOf = ownName): string {
  return textOf(type, nameOf, { left: MAX_TYPE_CHARS, short: false })
}

/** The parameters of a function with their names, and its result; `short`: without spelling out types that an interface names. */
export function functionParts ({ params, result }: FuncType, short = false): { params: string[], results: string[] } {
  const budget = { left: MAX_TYPE_CHARS, short }
  return {
    params: params.map(({ name, type }) => (budget.left < 0 ? '…' : `${word(name, budget)}: ${textOf(type, ownName, budget)}`)),
    results: result === undefined ? [] : [textOf(result, ownName, budget)],
  }
}

/** `(a: u32, b: string) -> bool`; nothing behind the arrow where there is no result. */
export function functionText (type: FuncType): string {
  const { params, results } = functionParts(type)
  return `(${params.join(', ')})${results.map((result) => ` -> ${result}`).join('')}`
}

/** The same without names of parameters, for comparing. */
export function signatureText ({ params, result }: FuncType, nameOf: NameOf): string {
  const budget = { left: MAX_TYPE_CHARS, short: false }
  return `(${listed(params, ({ type }) => textOf(type, nameOf, budget), budget)})${result === undefined ? '' : ` -> ${textOf(result, nameOf, budget)}`}`
}

function textOf (type: ValType, nameOf: NameOf, budget: Budget): string {
  // What stands between the names counts, too.
  budget.left -= 8
  if (budget.left < 0) return '…'
  if (budget.short && type.name !== undefined) return word(type.name, budget)
  const text = (inner: ValType): string => textOf(inner, nameOf, budget)
  switch (type.kind) {
    case 'list': return `list<${text(type.element)}${type.length === undefined ? '' : `, ${type.length}`}>`
    case 'record':
      if (type.tuple) return `tuple<${listed(type.fields, (field) => text(field.type), budget)}>`
      return `record { ${listed(type.fields, (field) => `${word(field.name, budget)}: ${text(field.type)}`, budget)} }`
    case 'flags': return `flags { ${listed(type.names, (name) => word(name, budget), budget)} }`
    case 'own': return word(nameOf(type.resource), budget)
    case 'borrow': return `borrow<${word(nameOf(type.resource), budget)}>`
    case 'variant': return variantText(type, text, budget)
    default: return type.kind
  }
}

function variantText ({ cases, form }: Extract<ValType, { kind: 'variant' }>, text: (type: ValType) => string, budget: Budget): string {
  const part = (index: number): string | undefined => {
    const type = cases[index]?.type
    return type === undefined ? undefined : text(type)
  }
  switch (form) {
    case 'enum': return `enum { ${listed(cases, (item) => word(item.name, budget), budget)} }`
    case 'option': return `option<${part(1) ?? ''}>`
    case 'result': {
      const [ok, error] = [part(0), part(1)]
      if (error === undefined) return ok === undefined ? 'result' : `result<${ok}>`
      return `result<${ok ?? '_'}, ${error}>`
    }
    case 'variant': return `variant { ${listed(cases, ({ name, type }) => (type === undefined ? word(name, budget) : `${word(name, budget)}(${text(type)})`), budget)} }`
  }
}

function listed<T> (items: readonly T[], text: (item: T) => string, budget: Budget): string {
  const parts: string[] = []
  for (const item of items) {
    if (budget.left < 0) return [...parts, '…'].join(', ')
    parts.push(text(item))
  }
  return parts.join(', ')
}

function word (name: string, budget: Budget): string {
  budget.left -= name.length + 2
  return budget.left < 0 ? '…' : name
}
