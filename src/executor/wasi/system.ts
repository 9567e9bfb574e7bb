/** Arguments, environment, clocks, random numbers, polling and the end of a WASI program. */
import type { Ambient } from '../abi/ambient.ts'
import { ProgramExit } from '../abi/guest.ts'
import { Errno, fail } from './errno.ts'
import type { GuestMemory } from './guest-memory.ts'
import type { WasiFunctions, WasiHost } from './host.ts'

/** What a program finds as its name, in front of its arguments. */
export const PROGRAM_NAME = 'main'
const encoder = new TextEncoder()
const MAX_SUBSCRIPTIONS = 4096
const SUBSCRIPTION_BYTES = 48
const EVENT_BYTES = 32
/** Clocks: realtime, monotonic, and the processor time of process and thread, which read as monotonic. */
const LAST_CLOCK = 3
const REALTIME = 0

interface PollEvent { userdata: bigint, errno: number, type: number, available: number, hangup: boolean }

export function systemFunctions (host: WasiHost): WasiFunctions {
  const { memory, descriptors, guest: { ambient, args, env } } = host
  const programArguments = new TextList(() => [PROGRAM_NAME, ...args])
  // In one order, which the digest of a program does not tell apart from others.
  const environment = new TextList(() => Object.keys(env).sort().map((name) => `${name}=${env[name] ?? ''}`))
  const notSocket = (fd: number): void => {
    descriptors.get(fd)
    fail(Errno.NOTSOCK)
  }
  return {
    args_get: (pointers: number, buffer: number) => memory.strings(programArguments.encoded(), pointers, buffer),
    args_sizes_get: (count: number, size: number) => writeSizes(memory, programArguments.encoded(), count, size),
    environ_get: (pointers: number, buffer: number) => memory.strings(environment.encoded(), pointers, buffer),
    environ_sizes_get: (count: number, size: number) => writeSizes(memory, environment.encoded(), count, size),
    clock_res_get: (clock: number, result: number) => {
      memory.setU64(result, requireClock(clock) === REALTIME ? 1_000_000n : 1_000n)
    },
    clock_time_get: (clock: number, _precision: bigint, result: number) => memory.setU64(result, readClock(ambient, requireClock(clock))),
    random_get: (buffer: number, length: number) => { ambient.random(memory.bytes(buffer, length)) },
    sched_yield: () => {},
    proc_raise: () => fail(Errno.NOSYS),
    proc_exit: (code: number) => { throw new ProgramExit(code >>> 0) },
    poll_oneoff: (subscriptions: number, events: number, count: number, result: number) => {
      memory.setU32(result, poll(host, subscriptions, events, count >>> 0))
    },
    sock_accept: notSocket,
    sock_recv: notSocket,
    sock_send: notSocket,
    sock_shutdown: notSocket,
  }
}

/** Texts that end with NUL, made when a program first asks for them. */
class TextList {
  private readonly texts: () => string[]
  private bytes: Uint8Array[] | undefined

  constructor (texts: () => string[]) {
    this.texts = texts
  }

  encoded (): Uint8Array[] {
    return this.bytes ??= this.texts().map((text) => encoder.encode(`${text}\0`))
  }
}

function writeSizes (memory: GuestMemory, items: Uint8Array[], count: number, size: number): void {
  memory.setU32(count, items.length)
  memory.setU32(size, items.reduce((sum, item) => sum + item.length, 0))
}

function requireClock (clock: number): number {
  return clock >>> 0 > LAST_CLOCK ? fail(Errno.INVAL) : clock
}

function readClock (ambient: Ambient, clock: number): bigint {
  return clock === REALTIME ? ambient.wallClockNs() : ambient.monotonicNs()
}

/** Descriptors are always ready; where only clocks are asked for, sleeps until the first one. The deadline ends longer sleeps. */
function poll (host: WasiHost, subscriptions: number, events: number, count: number): number {
  if (count === 0 || count > MAX_SUBSCRIPTIONS) fail(Errno.INVAL)
  const { ambient } = host.guest
  const input = host.memory.view(subscriptions, count * SUBSCRIPTION_BYTES)
  const ready: PollEvent[] = []
  const clocks: Array<{ userdata: bigint, waitNs: bigint }> = []
  for (let at = 0; at < input.byteLength; at += SUBSCRIPTION_BYTES) {
    const userdata = input.getBigUint64(at, true)
    const type = input.getUint8(at + 8)
    if (type === 0) {
      const clock = input.getUint32(at + 16, true)
      const timeout = input.getBigUint64(at + 24, true)
      const absolute = (input.getUint16(at + 40, true) & 1) !== 0
      const passed = absolute ? readClock(ambient, requireClock(clock)) : 0n
      clocks.push({ userdata, waitNs: timeout > passed ? timeout - passed : 0n })
    } else {
      ready.push(descriptorEvent(host, userdata, type, input.getUint32(at + 16, true)))
    }
  }
  if (ready.length === 0) {
    const first = clocks.reduce((least, clock) => (clock.waitNs < least ? clock.waitNs : least), clocks[0]?.waitNs ?? 0n)
    ambient.sleep(first)
    for (const clock of clocks) {
      if (clock.waitNs <= first) ready.push({ userdata: clock.userdata, errno: Errno.SUCCESS, type: 0, available: 0, hangup: false })
    }
  }
  writeEvents(host, events, ready)
  return ready.length
}

function descriptorEvent ({ guest, descriptors, stdinPosition }: WasiHost, userdata: bigint, type: number, fd: number): PollEvent {
  const target = descriptors.find(fd)?.target
  const left = target?.kind === 'stream' && target.stream === 'stdin' ? guest.stdin.length - stdinPosition : undefined
  return { userdata, errno: target === undefined ? Errno.BADF : Errno.SUCCESS, type, available: left ?? 0, hangup: left === 0 }
}

function writeEvents ({ memory }: WasiHost, pointer: number, events: PollEvent[]): void {
  const view = memory.view(pointer, events.length * EVENT_BYTES)
  events.forEach((event, index) => {
    const at = index * EVENT_BYTES
    view.setBigUint64(at, event.userdata, true)
    view.setUint16(at + 8, event.errno, true)
    view.setUint8(at + 10, event.type)
    view.setBigUint64(at + 16, BigInt(event.available), true)
    view.setUint16(at + 24, event.hangup ? 1 : 0, true)
  })
}
