/** Collects the mistakes and warnings of one definition, each with file, line and the path of the field. */
import { CorebrumError } from '../errors.ts'
import { describe } from './values.ts'
import type { Document, Path } from './document.ts'

export interface Report {
  /** A field with a value that is not allowed. */
  found (path: Path, value: unknown, allowed: string, advice?: string): void
  /** A field that is not there. */
  missing (path: Path, allowed: string, advice?: string): void
  /** Any other mistake, in words. */
  mistake (path: Path, text: string): void
  /** What is probably meant otherwise, but does no harm. */
  warn (path: Path, text: string): void
  readonly mistakes: number
  /** In the order of the file. */
  warnings (): string[]
  /** Throws ERR_DEFINITION with every mistake in `problems` if there are any. */
  check (): void
}

export function createReport (document: Document): Report {
  const mistakes: Entry[] = []
  const warned: Entry[] = []
  const entry = (path: Path, text: string): Entry => {
    const { line, column } = document.place(path)
    const field = showPath(path)
    return { line, column, text: `${document.fileName}:${line}:${column}: ${field === '' ? '' : `${field}: `}${text}` }
  }
  const report: Report = {
    found (path, value, allowed, advice) {
      const shown = typeof value === 'string' ? describe(value).replace(/^the string /, '') : describe(value)
      report.mistake(path, `found ${shown}, allowed: ${allowed}${tail(advice)}`)
    },
    missing (path, allowed, advice) {
      report.mistake(path, `missing, allowed: ${allowed}${tail(advice)}`)
    },
    mistake (path, text) {
      mistakes.push(entry(path, text))
    },
    warn (path, text) {
      warned.push(entry(path, text))
    },
    get mistakes () { return mistakes.length },
    warnings: () => inOrder(warned),
    check () {
      if (mistakes.length === 0) return
      const problems = inOrder(mistakes)
      const message = problems.length === 1 ? problems[0] ?? '' : `${document.fileName} has ${problems.length} mistakes`
      throw new CorebrumError('ERR_DEFINITION', message, { problems })
    },
  }
  return report
}

interface Entry { line: number, column: number, text: string }

function inOrder (entries: Entry[]): string[] {
  return [...new Set([...entries].sort((a, b) => a.line - b.line || a.column - b.column).map(({ text }) => text))]
}

function tail (advice: string | undefined): string {
  return advice === undefined ? '' : ` - ${advice}`
}

/** `inputs[0].type`; a name that is not a word is quoted: `metadata["a b"]`. */
export function showPath (path: Path): string {
  return path.map((step, i) => {
    if (typeof step === 'number') return `[${step}]`
    if (!/^[\w$-]{1,60}$/.test(step)) return `[${JSON.stringify(step.slice(0, 60))}]`
    return i === 0 ? step : `.${step}`
  }).join('')
}
