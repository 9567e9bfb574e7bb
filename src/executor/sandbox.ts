/**
 * The host's side of one sandbox process: what it was handed, what it runs now, when that must end.
 * A report of one call means that the next one has begun, so each report also moves the deadline.
 */
import { MAX_LOG_BYTES, MAX_OUTPUT_BYTES } from '../limits.ts'
import { MAX_SANDBOX_STDERR_BYTES, SANDBOX_START_MS, SLOW_CALL_MS } from './limits.ts'
import type { HttpResponse } from '../task/http.ts'
import { AlarmClock } from './alarm-clock.ts'
import { CommandPipe } from './command-pipe.ts'
import { FrameReader } from './frame-reader.ts'
import { HandedCall } from './handed-call.ts'
import type { Job } from './job.ts'
import type { SandboxChild } from './launch.ts'
import { Event, type Failure, Op, type Report, decodeEvent } from './protocol.ts'
import { Warm } from './warm.ts'

/** A byte of a log that is not UTF-8 takes three as U+FFFD. */
const MAX_REPORT_BYTES = MAX_OUTPUT_BYTES + 3 * MAX_LOG_BYTES + 65_536

/** The calls of a process that ended. */
export interface Orphans {
  /** The one that it ran, unless nobody waits for it any more. */
  running: Job | undefined
  /** Those that it had not begun, in order. */
  waiting: Job[]
}

/** What the pool wants to know. None of these may throw. */
export interface SandboxOwner {
  onReady (sandbox: Sandbox): void
  /** One call ended; `cold` when its time includes compiling. */
  onReport (sandbox: Sandbox, job: Job, report: Report, cold: boolean): void
  /** All that one chunk held has been reported: there may be room for more. */
  onRoom (sandbox: Sandbox): void
  /** The running call waits for an HTTP answer. */
  onRequest (sandbox: Sandbox, job: Job, request: unknown): void
  /** The running call is past its time limit. */
  onOverdue (sandbox: Sandbox, job: Job): void
  /** The running call is slow and others wait behind it. */
  onSlow (sandbox: Sandbox): void
  /** The process is gone without having been told to; `why` is the tail of what it wrote to stderr. */
  onCrash (sandbox: Sandbox, why: string): void
}

export class Sandbox {
  readonly exited: Promise<void>
  readonly warm: Warm
  ready = false
  /** False once it was killed or died. */
  alive = true
  /** A module is on its way from the store for a call that has this sandbox to itself. */
  loading = false
  private readonly child: SandboxChild
  private readonly pipe: CommandPipe
  private readonly owner: SandboxOwner
  private readonly frames = new FrameReader(MAX_REPORT_BYTES)
  private readonly clock: AlarmClock
  private entries: HandedCall[] = []
  private sequence = 0
  private stderr = ''

  constructor (child: SandboxChild, owner: SandboxOwner) {
    this.child = child
    this.pipe = new CommandPipe(child.stdin)
    this.owner = owner
    this.warm = new Warm((command) => this.pipe.send(command))
    this.clock = new AlarmClock((now) => this.check(now))
    this.exited = new Promise((resolve) => child.once('close', () => resolve()))
    child.once('error', (error) => { this.stderr += error.message })
    // 'close' and not 'exit': by then everything that the process wrote has been read.
    child.once('close', (code, signal) => this.closed(`${this.stderr.trim()} (${signal ?? `exit code ${code}`})`.trim()))
    child.stdout.on('data', (chunk: Buffer) => this.receive(chunk))
    child.stderr.on('data', (chunk: Buffer) => { this.stderr = (this.stderr + chunk.toString()).slice(-MAX_SANDBOX_STDERR_BYTES) })
    child.unref()
    for (const stream of [child.stdin, child.stdout, child.stderr]) unrefStream(stream)
  }

  /** Calls handed over and not reported, those given back included. */
  get backlog (): number {
    return this.entries.length
  }

  get running (): Job | undefined {
    return this.entries[0]?.job
  }

  /** How long what it was handed is expected to take. */
  get backlogMs (): number {
    return this.entries.reduce((sum, entry) => sum + entry.estimateMs, 0)
  }

  /** How long the running call has run, milliseconds. */
  runningMs (now: number): number {
    const startedAt = this.entries[0]?.startedAt
    return startedAt === undefined ? 0 : now - startedAt
  }

  addModule (key: string, maxPages: number, bytes: Uint8Array): void {
    this.warm.addModule(key, bytes.length)
    this.pipe.sendModule(key, maxPages, bytes)
  }

  /** Hands over a call whose module the sandbox holds. `cold`: the module was just sent. */
  hand (job: Job, estimateMs: number, cold: boolean): void {
    const { id, isNew } = this.warm.program(job.program.key)
    if (isNew) this.pipe.send([Op.PROGRAM, id, job.program.spec])
    const entry = new HandedCall(job, this.sequence++, estimateMs, cold)
    this.entries.push(entry)
    job.sandbox = this
    this.pipe.send(job.extras === undefined ? [Op.CALL, entry.sequence, id, job.values] : [Op.CALL, entry.sequence, id, job.values, job.extras])
    if (this.entries.length === 1) this.startFirst()
    else this.clock.soon()
  }

  /** Gives the running call what it waits for. */
  respond (response: HttpResponse | Failure): void {
    this.entries[0]?.noteAnswer()
    if (this.alive) this.pipe.send([Op.RESPONSE, response])
  }

  /** Takes back every call that has not begun. */
  takeBack (): Job[] {
    const jobs: Job[] = []
    for (const entry of this.entries.slice(1)) {
      if (entry.revoked || entry.job.sandbox !== this) continue
      entry.revoked = true
      entry.job.sandbox = undefined
      if (!entry.job.settled) jobs.push(entry.job)
    }
    return jobs
  }

  /** Ends the process at once; returns the calls that were still its own. */
  kill (): Orphans {
    this.alive = false
    this.clock.stop()
    this.child.kill('SIGKILL')
    const own = this.entries.filter((entry) => entry.job.sandbox === this)
    for (const { job } of own) job.sandbox = undefined
    const [first] = this.entries
    this.entries = []
    const jobs = own.map((entry) => entry.job).filter((job) => !job.settled)
    const running = jobs[0] === first?.job ? jobs.shift() : undefined
    return { running, waiting: jobs }
  }

  private closed (why: string): void {
    if (!this.alive) return
    this.alive = false
    this.clock.stop()
    this.owner.onCrash(this, why)
  }

  private startFirst (): void {
    const [first] = this.entries
    if (first === undefined) {
      this.clock.set(Infinity)
      return
    }
    const now = performance.now()
    if (this.ready && !first.cold) this.begin(first, now)
    // Where the process has to get ready first, the limit counts from when it says so; this only bounds the wait.
    else this.clock.set(now + first.job.program.timeLimitMs + SANDBOX_START_MS)
  }

  private begin (entry: HandedCall, now: number): void {
    entry.startedAt = now
    this.clock.set(now + entry.job.program.timeLimitMs)
    if (this.holdsUp(entry)) this.clock.soon()
    if (entry.job.sandbox === this) entry.job.begin()
  }

  /** True when others wait behind this call, or nobody waits for it. */
  private holdsUp ({ job }: HandedCall): boolean {
    return this.entries.length > 1 || job.sandbox !== this || job.settled
  }

  private check (now: number): void {
    const [first] = this.entries
    if (first === undefined || !this.alive) return
    if (this.clock.due(now)) {
      this.owner.onOverdue(this, first.job)
    } else if (this.holdsUp(first)) {
      this.clock.soon()
      if (this.runningMs(now) >= SLOW_CALL_MS) this.owner.onSlow(this)
    }
  }

  private receive (chunk: Buffer): void {
    if (!this.alive) return
    try {
      this.frames.push(chunk, (body) => this.handle(body))
    } catch (error) {
      this.alive = false
      this.owner.onCrash(this, error instanceof Error ? error.message : String(error))
      return
    }
    this.owner.onRoom(this)
  }

  private handle (body: Buffer): void {
    const event = decodeEvent(body)
    const [first] = this.entries
    if (event.event === Event.READY) {
      if (this.ready) throw new Error('the sandbox said twice that it is ready')
      this.ready = true
      this.startFirst()
      this.owner.onReady(this)
    } else if (first === undefined || event.sequence !== first.sequence) {
      throw new Error('the sandbox reported a call that it was not to run')
    } else if (event.event === Event.STARTED) {
      // The limit of a call that has begun already does not begin anew.
      if (first.startedAt === undefined) this.begin(first, performance.now())
    } else if (event.event === Event.LOG) {
      first.job.log(event.text)
    } else if (event.event === Event.REQUEST) {
      first.noteRequest(this.child.stdin.writableLength)
      this.owner.onRequest(this, first.job, event.request)
    } else if (event.event === Event.NAMES) {
      first.noteNames()
      this.pipe.send([Op.NAMES, first.job.program.names(first.job.call)])
    } else {
      this.entries.shift()
      if (event.asks) this.resume()
      this.startFirst()
      this.owner.onReport(this, first.job, event, first.cold)
    }
  }

  /** Answers a sandbox that asks which of the calls it holds it is still to run. */
  private resume (): void {
    const revoked = this.entries.filter((entry) => entry.revoked || entry.job.settled)
    this.entries = this.entries.filter((entry) => !revoked.includes(entry))
    this.pipe.send([Op.RESUME, revoked.map((entry) => entry.sequence)])
  }
}

/** Pipes to a child are sockets, which can let the process end; the stream's type does not say so. */
function unrefStream (stream: unknown): void {
  if (typeof stream === 'object' && stream !== null && 'unref' in stream && typeof stream.unref === 'function') stream.unref()
}
