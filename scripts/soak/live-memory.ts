/**
 * Resident memory of a Node process right after its garbage was collected, by the inspector protocol. What lies there until the
 * collector finds time for it, which may be a hundred MiB on a busy machine, says nothing of a leak.
 */
import { once } from 'node:events'
import { WebSocket } from 'undici'
import { residentBytes } from '../bench/memory.ts'

/** For the environment of a process that is to be asked. */
export const INSPECTED = { NODE_OPTIONS: '--inspect=127.0.0.1:0' }

export interface LiveMemory {
  bytes (): Promise<number>
  close (): void
}

/** `log`: what the process wrote to stderr, which names the address of its inspector. */
export async function openLiveMemory (pid: number, log: string): Promise<LiveMemory> {
  const address = /Debugger listening on (ws:\S+)/.exec(log)?.[1]
  if (address === undefined) throw new Error(`process ${pid} has no inspector:\n${log}`)
  const socket = new WebSocket(address)
  await once(socket, 'open')
  let id = 0
  return {
    async bytes () {
      const answered = once(socket, 'message')
      socket.send(JSON.stringify({ id: ++id, method: 'HeapProfiler.collectGarbage' }))
      await answered
      return await residentBytes(pid)
    },
    close () { socket.close() },
  }
}
