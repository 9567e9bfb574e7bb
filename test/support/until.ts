/** Waits for what must come by looking again after each event that may have brought it, until a deadline. */
import assert from 'node:assert/strict'
import { mkdirSync, watch } from 'node:fs'
import { DEADLINE_MS } from './deadline.ts'

/** Calls `changed` after each event; returns what ends that. */
export type Listen = (changed: () => void) => () => void

/** Resolves when `holds` does; rejects, with `what` did not come, after DEADLINE_MS. */
export async function until (what: string, holds: () => boolean | Promise<boolean>, listen: Listen): Promise<void> {
  let hasChanged = false
  let isLate = false
  let wake = (): void => {}
  const unlisten = listen(() => { hasChanged = true; wake() })
  const timer = setTimeout(() => { isLate = true; wake() }, DEADLINE_MS)
  try {
    while (!await holds()) {
      assert(!isLate, `this did not come within ${DEADLINE_MS} ms: ${what}`)
      await new Promise<void>((resolve) => {
        wake = resolve
        // It may have changed while it was looked at.
        if (hasChanged || isLate) resolve()
      })
      hasChanged = false
    }
  } finally {
    clearTimeout(timer)
    unlisten()
  }
}

/** The files of folders, which are made when they are missing. */
export function filesOf (...dirs: string[]): Listen {
  return (changed) => {
    const watchers = dirs.map((dir) => {
      mkdirSync(dir, { recursive: true, mode: 0o700 })
      return watch(dir, changed)
    })
    return () => { for (const watcher of watchers) watcher.close() }
  }
}
