/** The log of one task as it is printed, part by part. */
import type { SubmitEvent } from '../control/submit-event.ts'
import { createPlainText } from './plain-text.ts'

export type LogPart = Pick<Extract<SubmitEvent, { type: 'log' }>, 'text' | 'restarts'>

export interface LogText {
  add (part: LogPart): void
  /** Ends a line that the module left open. */
  end (): void
}

const RESTARTED = '[the task began again, and its log with it]\n'

export function createLogText (write: (text: string) => void): LogText {
  let plain = createPlainText()
  let lineOpen = false
  const put = (text: string): void => {
    if (text === '') return
    write(text)
    lineOpen = !text.endsWith('\n')
  }
  const end = (): void => { if (lineOpen) put('\n') }
  return {
    add ({ text, restarts }) {
      if (restarts === true) {
        end()
        put(RESTARTED)
        plain = createPlainText()
      }
      put(plain(text))
    },
    end,
  }
}
