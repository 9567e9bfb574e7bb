/** Clocks and calendars that Emscripten's C library leaves to its host. The time zone is UTC on every machine. */
import type { HostFunction, ImportProvider } from '../adapter.ts'
import type { Guest } from '../guest.ts'
import { type HostTable, provideTable, takesNumbers } from '../host-table.ts'

const wallMs = ({ ambient }: Guest): number => Number(ambient.wallClockNs() / 1_000_000n)
const monotonicMs = ({ ambient }: Guest): number => Number(ambient.monotonicNs()) / 1e6

/** A pointer outside of the memory is left alone: a C library's own time goes on without it. */
function setI32 (guest: Guest, pointer: number, ...values: number[]): void {
  const at = pointer >>> 0
  if (at === 0 || at + 4 * values.length > guest.memoryBytes) return
  const view = guest.view()
  values.forEach((value, index) => { view.setInt32(at + 4 * index, value, true) })
}

/** Seconds and the rest of a second, in units of `perUnitNs` nanoseconds. */
function split (nanoseconds: bigint, perUnitNs: bigint): [number, number] {
  return [Number(nanoseconds / 1_000_000_000n), Number(nanoseconds % 1_000_000_000n / perUnitNs)]
}

const FUNCTIONS: HostTable = {
  emscripten_date_now: (guest) => () => wallMs(guest),
  emscripten_get_now: (guest) => () => monotonicMs(guest),
  emscripten_get_now_res: () => () => 1000,
  emscripten_get_now_is_monotonic: () => () => 1,
  _emscripten_get_now_is_monotonic: () => () => 1,
  time: (guest) => (pointer: number) => {
    const seconds = Math.floor(wallMs(guest) / 1000)
    setI32(guest, pointer, seconds)
    return seconds
  },
  clock: (guest) => () => Math.floor(monotonicMs(guest) * 1000) | 0,
  clock_gettime: (guest) => (clock: number, pointer: number) => {
    setI32(guest, pointer, ...split(clock === 0 ? guest.ambient.wallClockNs() : guest.ambient.monotonicNs(), 1n))
    return 0
  },
  gettimeofday: (guest) => (pointer: number) => {
    setI32(guest, pointer, ...split(guest.ambient.wallClockNs(), 1000n))
    return 0
  },
  emscripten_sleep: (guest) => (milliseconds: number) => { guest.ambient.sleep(BigInt(milliseconds >>> 0) * 1_000_000n) },
  usleep: (guest) => (microseconds: number) => {
    guest.ambient.sleep(BigInt(microseconds >>> 0) * 1000n)
    return 0
  },
  tzset: () => () => {},
  _tzset_js: (guest) => (zone: number, daylight: number) => {
    setI32(guest, zone, 0)
    setI32(guest, daylight, 0)
  },
}

const provideClocks = provideTable(FUNCTIONS)

/** The calendar functions differ from version to version in how they take the time. */
export const provideTime: ImportProvider = (item) => {
  if (item.module !== 'env' || !/^_?_(?:gm|local)time(?:_js|_r)$/.test(item.name)) return provideClocks(item)
  const { params = [] } = item.type ?? {}
  if (params.length === 2 && params[0] === 'i64' && params[1] === 'i32' && item.type?.results.length === 0) return (guest) => (time: bigint, tm: number) => brokenDown(guest, Number(time), tm)
  if (!takesNumbers(item)) return undefined
  if (params.length === 3) return (guest) => (low: number, high: number, tm: number) => brokenDown(guest, high * 2 ** 32 + (low >>> 0), tm)
  return (guest) => (pointer: number, tm: number) => brokenDown(guest, secondsAt(guest, pointer), tm)
}

function secondsAt (guest: Guest, pointer: number): number {
  return (pointer >>> 0) + 4 > guest.memoryBytes ? 0 : guest.view().getInt32(pointer >>> 0, true)
}

/** Fills a `struct tm`; its address is what the older functions return. */
function brokenDown (guest: Guest, seconds: number, tm: number): ReturnType<HostFunction> {
  const date = new Date(seconds * 1000)
  if (Number.isNaN(date.getTime())) return 0
  const yearDay = Math.floor((Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()) - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000)
  setI32(guest, tm, date.getUTCSeconds(), date.getUTCMinutes(), date.getUTCHours(), date.getUTCDate(), date.getUTCMonth(),
    date.getUTCFullYear() - 1900, date.getUTCDay(), yearDay, 0, 0)
  return tm
}
