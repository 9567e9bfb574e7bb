/** Progress of one task on stderr: a line that is redrawn on a terminal, a line for each change elsewhere. */

export interface Progress {
  /** The task is in a new state. */
  state (text: string): void
  /** A line that stays. */
  note (line: string): void
  end (): void
}

export interface ProgressInit {
  stream: { isTTY?: boolean, columns?: number, write (text: string): unknown }
  /** Says nothing but notes. */
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

  const draw = (): void => {
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
    const columns = stream.columns ?? DEFAULT_COLUMNS
    stream.write(`${ERASE_LINE}${`${seconds} s  ${shown}`.slice(0, columns - 1)}`)
  }

  return {
    state (text) {
      if (quiet || text === shown) return
      shown = text
      if (!live) {
        stream.write(`${text}\n`)
        return
      }
      draw()
      // A timer must not keep the command alive.
      timer ??= setInterval(draw, REDRAW_MS).unref()
    },
    note (line) {
      stream.write(live && timer !== undefined ? `${ERASE_LINE}${line}\n` : `${line}\n`)
      if (live && timer !== undefined) draw()
    },
    end () {
      if (timer === undefined) return
      clearInterval(timer)
      timer = undefined
      stream.write(ERASE_LINE)
    },
  }
}
