/** Progress of one task on stderr: a line that is redrawn on a terminal, a line for each change elsewhere. */

export interface Progress {
  /** The task is in a new state. */
  state (text: string): void
  /** A line that stays. */
  note (line: string): void
  /** Takes the redrawn line off a terminal, where something else is about to be written. */
  clear (): void
  /** What the module writes; on a terminal, lines show when they are whole. */
  log (text: string): void
  end (): void
}

export interface ProgressInit {
  stream: { isTTY?: boolean, columns?: number, write (text: string): unknown }
  /** Says nothing but notes; the log is not shown either. */
  quiet?: boolean
}

const REDRAW_MS = 100
const ERASE_LINE = '\r\u001b[K'
const DEFAULT_COLUMNS = 80

export function createProgress ({ stream, quiet = false }: ProgressInit): Progress {
  const live = stream.isTTY === true && !quiet
  const startedAt = performance.now()
  let shown = ''
  let timer: NodeJS.Timeout | undefined
  /** The beginning of a line of the log: held back on a terminal, else already written. */
  let openLine = ''

  const draw = (): void => {
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
    const columns = stream.columns ?? DEFAULT_COLUMNS
    stream.write(`${ERASE_LINE}${`${seconds} s  ${shown}`.slice(0, columns - 1)}`)
  }

  /** Whole lines, above the one that is redrawn. */
  const writeLines = (lines: string): void => {
    stream.write(timer === undefined ? lines : `${ERASE_LINE}${lines}`)
    if (timer !== undefined) draw()
  }

  const endLine = (): void => {
    if (openLine !== '') stream.write(live ? `${openLine}\n` : '\n')
    openLine = ''
  }

  return {
    state (text) {
      if (quiet || text === shown) return
      shown = text
      if (!live) {
        endLine()
        stream.write(`${text}\n`)
        return
      }
      draw()
      // A timer must not keep the command alive.
      timer ??= setInterval(draw, REDRAW_MS).unref()
    },
    note (line) {
      if (!live) endLine()
      writeLines(`${line}\n`)
    },
    clear () {
      if (timer !== undefined) stream.write(ERASE_LINE)
      else endLine()
    },
    log (text) {
      if (quiet) return
      const whole = text.lastIndexOf('\n') + 1
      const open = whole === 0 ? openLine + text : text.slice(whole)
      if (!live) stream.write(text)
      else if (whole > 0) writeLines(openLine + text.slice(0, whole))
      openLine = open
    },
    end () {
      if (timer !== undefined) {
        clearInterval(timer)
        timer = undefined
        stream.write(ERASE_LINE)
      }
      endLine()
    },
  }
}
