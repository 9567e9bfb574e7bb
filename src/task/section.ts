/** One mapping of a definition, read field by field: each reader checks the type and reports what is wrong. */
import { closest } from './suggest.ts'
import { fieldOf, isMapping } from './values.ts'
import type { Document, Path } from './document.ts'
import type { Report } from './report.ts'
import type { Mapping, Value } from './values.ts'

export interface Section {
  readonly path: Path
  readonly report: Report
  at (key: string): Path
  /** The value; undefined where the field is absent or null. */
  raw (key: string): Value | undefined
  text (key: string, maxChars: number): string | undefined
  /** As `text`, and a number stands as it is written. */
  label (key: string, maxChars: number): string | undefined
  flag (key: string): boolean | undefined
  /** A number of the file as it is written there, such as 1.10; undefined where the path leads to none. */
  written (path: Path): string | undefined
  /** A number above 0, not above `max`. */
  positive (key: string, max: number, unit: string): number | undefined
  section (key: string): Section | undefined
  /** The sections of a list of mappings; items of another kind are reported. */
  sections (key: string, maxItems: number, example: string): Section[]
  list (key: string): Value[] | undefined
  /** Reports the field as missing; a field that looks like a mistyped one is named. */
  missing (key: string, allowed: string, advice?: string): void
  /** Warns of fields that look like one of `known`, mistyped. Other unknown fields are left alone. */
  expect (known: readonly string[]): void
}

export function createSection (document: Document, report: Report, mapping: Mapping, path: Path): Section {
  let expected: readonly string[] = []
  const at = (key: string): Path => [...path, key]
  const raw = (key: string): Value | undefined => fieldOf(mapping, key) ?? undefined
  const refuse = (key: string, value: Value, allowed: string): undefined => {
    report.found(at(key), value, allowed)
    return undefined
  }
  const checkText = (key: string, text: string, maxChars: number): string | undefined => {
    if (text.trim() === '') return refuse(key, text, 'text that is not empty')
    if (text.length > maxChars) return refuse(key, text, `at most ${maxChars} characters, this has ${text.length}`)
    return hasControl(text, maxChars) ? refuse(key, text, 'text without control characters') : text
  }
  return {
    path,
    report,
    at,
    raw,
    text (key, maxChars) {
      const value = raw(key)
      if (value === undefined) return undefined
      return typeof value === 'string' ? checkText(key, value, maxChars) : refuse(key, value, 'text')
    },
    label (key, maxChars) {
      const value = raw(key)
      if (value === undefined) return undefined
      if (typeof value === 'number' || typeof value === 'bigint') return document.written(at(key)) ?? String(value)
      return typeof value === 'string' ? checkText(key, value, maxChars) : refuse(key, value, 'text or a number')
    },
    written: (path) => document.written(path),
    flag (key) {
      const value = raw(key)
      return value === undefined || typeof value === 'boolean' ? value : refuse(key, value, 'true, false')
    },
    positive (key, max, unit) {
      const value = raw(key)
      if (value === undefined) return undefined
      const number = typeof value === 'bigint' ? Number(value) : value
      return typeof number === 'number' && number > 0 && number <= max ? number : refuse(key, value, `a number of ${unit} above 0 and up to ${max}`)
    },
    section (key) {
      const value = raw(key)
      if (value === undefined) return undefined
      return isMapping(value) ? createSection(document, report, value, at(key)) : refuse(key, value, 'a mapping of fields')
    },
    sections (key, maxItems, example) {
      const value = raw(key)
      if (value === undefined) return []
      if (!Array.isArray(value)) {
        report.found(at(key), value, `a list, such as ${example}`)
        return []
      }
      if (value.length > maxItems) report.found(at(key), value, `at most ${maxItems} items`)
      return value.slice(0, maxItems).flatMap((item, i) => {
        if (isMapping(item)) return [createSection(document, report, item, [...at(key), i])]
        report.found([...at(key), i], item, `a mapping, such as ${example}`)
        return []
      })
    },
    list (key) {
      const value = raw(key)
      return value === undefined || Array.isArray(value) ? value : refuse(key, value, 'a list')
    },
    missing (key, allowed, advice) {
      const unknown = Object.keys(mapping).filter((name) => !expected.includes(name))
      const meant = closest(key, unknown)
      report.missing(at(key), allowed, meant === undefined ? advice : `did you mean it by "${meant}" on line ${document.place(at(meant)).line}?`)
    },
    expect (known) {
      expected = known
      const absent = known.filter((name) => !Object.hasOwn(mapping, name))
      for (const name of Object.keys(mapping)) {
        if (known.includes(name)) continue
        const meant = closest(name, absent)
        if (meant !== undefined) report.warn(at(name), `unknown field, ignored - did you mean "${meant}"?`)
      }
    },
  }
}

/** Control characters; longer texts may hold tabs and line breaks. */
function hasControl (text: string, maxChars: number): boolean {
  const pattern = maxChars > 1000 ? /[^\P{Cc}\t\n\r]/u : /\p{Cc}/u
  return pattern.test(text)
}
