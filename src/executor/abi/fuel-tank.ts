/** The fuel of one call, in the globals of its metered instances. */
import { FUEL_EXPORT, START_EXPORT } from '../binary/fuel.ts'

/** Shorter work of the host on a module's memory is free, as the call itself has its price. */
const FREE_BYTES = 64
const BYTES_PER_FUEL = 8

export class FuelTank {
  readonly budget: number
  private readonly gauges: WebAssembly.Global[] = []

  constructor (budget: number) {
    this.budget = budget
  }

  /**
   * Fills a fresh instance of a metered module, then runs what the module starts with. Each instance of a component may
   * use up the budget for itself; what counts in the end is what all have used together.
   */
  start (exports: WebAssembly.Exports): void {
    const gauge = exports[FUEL_EXPORT]
    if (!(gauge instanceof WebAssembly.Global)) throw new Error('the module is not metered')
    gauge.value = BigInt(this.budget)
    this.gauges.push(gauge)
    const start = exports[START_EXPORT]
    if (typeof start === 'function') start()
  }

  /** What was used so far, the budget at most. */
  get used (): number {
    return Number(this.empty ? BigInt(this.budget) : this.spent())
  }

  /** True when more was used than there was. */
  get empty (): boolean {
    return this.spent() > BigInt(this.budget)
  }

  /** Takes the price of host work on so many bytes; the module stops where it next looks. */
  chargeBytes (length: number): void {
    const [gauge] = this.gauges
    if (length >= FREE_BYTES && gauge !== undefined) gauge.value = levelOf(gauge) - BigInt(Math.floor(length / BYTES_PER_FUEL))
  }

  private spent (): bigint {
    return this.gauges.reduce((sum, gauge) => sum + BigInt(this.budget) - levelOf(gauge), 0n)
  }
}

function levelOf ({ value }: WebAssembly.Global): bigint {
  return typeof value === 'bigint' ? value : 0n
}
