/** One Go program while it runs: its values, its events, and the way back into it. */
import { CorebrumError } from '../../../errors.ts'
import { GO_ARGUMENT_BYTES } from '../../limits.ts'
import { type Guest, ProgramExit } from '../guest.ts'
import { exitError } from '../wasi-command.ts'
import { makeGlobal } from './globals.ts'
import { makeArray } from './lists.ts'
import { GoMemory } from './memory.ts'
import { Realm } from './realm.ts'
import { RefTable } from './ref-table.ts'
import { type Inert, type Native, Thing, makeFunction, makeObject } from './thing.ts'

/** Where the runtime looks for the arguments. */
const ARGUMENTS_AT = 4096
const PROGRAM_NAME = 'js'
/** The event that makes Go's runtime look whether anything can still happen. */
const NO_EVENT = 0
const encoder = new TextEncoder()

const programs = new WeakMap<Guest, GoProgram>()

/** The program that a guest runs; made when its first import is bound. */
export function programOf (guest: Guest): GoProgram {
  const program = programs.get(guest) ?? new GoProgram(guest)
  programs.set(guest, program)
  return program
}

export class GoProgram {
  readonly realm: Realm
  readonly memory: GoMemory
  readonly global = makeGlobal()
  readonly refs: RefTable
  private readonly guest: Guest
  /** Go's side of a call into it. */
  private readonly go: Thing

  constructor (guest: Guest) {
    this.guest = guest
    this.realm = new Realm(guest)
    this.memory = new GoMemory(guest)
    const wrap: Native = (_realm, _self, [id]) => this.wrapper(id)
    this.go = new Thing('Object', { methods: new Map([['_makeFuncWrapper', wrap]]) })
    this.go.fields.set('_pendingEvent', null)
    this.refs = new RefTable(this.realm, this.global, this.go)
  }

  /** Runs main until it ends or waits. Throws ERR_INPUT for arguments and an environment that do not fit. */
  start (): void {
    const { args, env } = this.guest
    const list = [PROGRAM_NAME, ...args]
    const variables = Object.keys(env).sort().map((name) => `${name}=${env[name] ?? ''}`)
    this.guest.call('run', list.length, this.writeArguments(list, variables))
  }

  /** Gives the program its turn. */
  resume (): void {
    this.guest.call('resume')
  }

  /** Runs a part of the program. Throws ERR_EXIT_CODE when it ends with a code other than 0, ProgramExit when with 0. */
  run (part: () => void): void {
    try {
      part()
    } catch (thrown) {
      if (!(thrown instanceof ProgramExit) || thrown.exitCode === 0) throw thrown
      const { code, message } = exitError(thrown.exitCode, this.guest)
      const missed = message.includes('on undefined') ? this.realm.missedGlobal : undefined
      throw new CorebrumError(code, missed === undefined ? message : `${message}\nThe last global that the program asked for and that is not there is ${missed}; where it registers functions on that, name them ${missed}.NAME`)
    }
  }

  /** The error of a program that waits for what cannot happen; Go's runtime writes where each goroutine stands to the log. */
  deadlock (advice: string): CorebrumError {
    this.go.fields.set('_pendingEvent', makeObject([['id', NO_EVENT]]))
    try {
      this.resume()
    } catch (thrown) {
      if (!(thrown instanceof ProgramExit)) throw thrown
    }
    return new CorebrumError('ERR_EXIT_CODE', `all goroutines of the program are asleep, and nothing can wake them${advice}`)
  }

  private wrapper (id: Inert): Thing {
    this.realm.spend(100)
    return makeFunction((realm, self, args) => {
      const event = makeObject([['id', id], ['this', self], ['args', makeArray(realm, [...args])]])
      this.go.fields.set('_pendingEvent', event)
      this.resume()
      return event.fields.get('result')
    })
  }

  /** Strings, then the list of pointers to them: the arguments, 0, the environment, 0. Gives the address of the list. */
  private writeArguments (args: readonly string[], variables: readonly string[]): number {
    const texts = [...args, ...variables].map((text) => encoder.encode(`${text}\0`))
    const total = texts.reduce((sum, text) => sum + aligned(text.length) + 8, 16)
    if (total > GO_ARGUMENT_BYTES) throw new CorebrumError('ERR_INPUT', `the arguments and the environment take ${total} bytes; a Go program has room for ${GO_ARGUMENT_BYTES}`)
    const view = this.memory.view(ARGUMENTS_AT, total)
    let at = ARGUMENTS_AT
    const pointers = texts.map((text) => {
      const start = at
      this.memory.bytes(start, text.length).set(text)
      at += aligned(text.length)
      return start
    })
    pointers.splice(args.length, 0, 0)
    pointers.push(0)
    pointers.forEach((pointer, index) => { view.setBigUint64(at + 8 * index, BigInt(pointer), true) })
    return at
  }
}

function aligned (length: number): number {
  return Math.ceil(length / 8) * 8
}
