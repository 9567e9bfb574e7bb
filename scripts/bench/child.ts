/**
 * A second process of a benchmark, with typed calls over Node's IPC channel: the child serves an object of functions, the
 * parent calls them by name. Nothing travels on the channel while something is timed, except the call that is timed.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

type Methods = Record<string, (...args: never[]) => unknown>

interface Request { id: number, name: string, args: unknown[] }
interface Reply { id: number, value?: unknown, error?: string }

export interface Child<A extends Methods> {
  readonly pid: number
  call<K extends keyof A & string> (name: K, ...args: Parameters<A[K]>): Promise<Awaited<ReturnType<A[K]>>>
  /** Lets it end by itself, so that a profile is written. */
  stop (): Promise<void>
}

/** Starts `file`, a TypeScript module that calls `serveCalls`, with `args`. A `--cpu-prof` of this process holds for the child too. */
export async function startChild<A extends Methods> (file: URL, args: string[] = []): Promise<Child<A>> {
  const execArgv = ['--import', import.meta.resolve('tsx'), ...process.execArgv.filter((flag) => flag.startsWith('--cpu-prof'))]
  const child = fork(fileURLToPath(file), args, { execArgv, serialization: 'advanced' })
  const waiting = new Map<number, { resolve: (value: never) => void, reject: (error: Error) => void }>()
  let calls = 0
  child.on('message', (reply: Reply) => {
    const call = waiting.get(reply.id)
    waiting.delete(reply.id)
    if (reply.error === undefined) call?.resolve(reply.value as never)
    else call?.reject(new Error(reply.error))
  })
  const exited = once(child, 'exit')
  void exited.then(([code]) => { for (const { reject } of waiting.values()) reject(new Error(`the process ended with ${code}`)) })
  const call = (name: string, args: unknown[]): Promise<never> => new Promise((resolve, reject) => {
    const request: Request = { id: calls++, name, args }
    waiting.set(request.id, { resolve, reject })
    child.send(request)
  })
  await call('', [])
  return {
    pid: child.pid ?? 0,
    call: (name, ...args) => call(name, args),
    async stop () {
      child.disconnect()
      const late = setTimeout(() => child.kill('SIGKILL'), 5_000)
      await exited
      clearTimeout(late)
    },
  }
}

/** In the child: answers the parent's calls with `methods` until the parent lets go. */
export function serveCalls (methods: Methods): void {
  process.on('message', ({ id, name, args }: Request) => {
    const answer = async (): Promise<Reply> => ({ id, value: await methods[name]?.(...args as never[]) })
    void answer()
      .catch((error: Error): Reply => ({ id, error: error.stack ?? error.message }))
      .then((reply) => process.send?.(reply))
  })
  process.once('disconnect', () => process.exit(0))
}
