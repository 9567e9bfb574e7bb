/** What a benchmark row is: one figure beside its limit, measured together with what it is compared to. */

export interface Baseline {
  /** What was measured, in a few words. */
  what: string
  value: number
}

export interface Figure {
  what: string
  measured: number
  unit: string
  baseline?: Baseline
  /** Measured by baseline, where the target speaks of that. */
  ratio?: number
  /** As the table shows it. */
  target: string
  met: boolean
  /** What else was seen, by name; numbers are in the unit that the name says. */
  details: Record<string, number | string>
}

export interface RowContext {
  /** `full` samples, or a tenth of them, at least 3, in a quick run. */
  samples (full: number): number
  /** The row was named with `--only`. */
  asked: boolean
  /** Progress for whoever waits; not part of the results. */
  say (text: string): void
  /** Registers what must be undone after the row, also after a failure; undone last first. */
  after (undo: () => unknown): void
}

export interface Row {
  /** For `--only`. */
  name: string
  run (context: RowContext): Promise<Figure[]>
}
