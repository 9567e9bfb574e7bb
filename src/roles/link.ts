/** The two ends of a work stream as typed messages: over a network channel, or inside one node. */
import type { Channel } from '../network/network.ts'
import { CorebrumError, toCorebrumError } from '../errors.ts'
import { MAX_FRAME_REFS } from '../limits.ts'
import {
  refsIn, submitterMessageFromWire, submitterMessageToWire, workerMessageFromWire, workerMessageToWire,
  type SubmitterMessage, type WorkerMessage,
} from '../wire/messages.ts'

export interface Link<Out, In> {
  /** The peer at the other end; for a local link this node itself. */
  readonly peer: string
  readonly local: boolean
  /** The peer that kept in its mailbox what `peer` says; absent on a stream of its own. */
  readonly holder?: string
  readonly bufferedBytes: number
  send (message: Out): void
  /** Both are set by the owner before it returns to the event loop. */
  onMessages?: (messages: In[]) => void
  onClose?: (error?: Error) => void
  close (): Promise<void>
  /** Ends the link at once; the error names the rule that was broken. */
  abort (error: Error): void
}

/** A worker as its submitter sees it. */
export type WorkerLink = Link<SubmitterMessage, WorkerMessage>
/** A submitter as its worker sees it. */
export type SubmitterLink = Link<WorkerMessage, SubmitterMessage>

type Penalize = (peer: string, reason: string) => void

export function workerLink (channel: Channel, penalize: Penalize): WorkerLink {
  return channelLink(channel, submitterMessageToWire, workerMessageFromWire, penalize)
}

export function submitterLink (channel: Channel, penalize: Penalize): SubmitterLink {
  return channelLink(channel, workerMessageToWire, submitterMessageFromWire, penalize)
}

function channelLink<Out, In> (channel: Channel, toWire: (message: Out) => unknown, fromWire: (raw: unknown) => In | undefined, penalize: Penalize): Link<Out, In> {
  const link: Link<Out, In> = {
    peer: channel.peer,
    local: false,
    get bufferedBytes () { return channel.bufferedBytes },
    send (message) { channel.send(toWire(message)) },
    close: () => channel.close(),
    abort (error) {
      penalize(channel.peer, error.message)
      channel.abort(error)
    },
  }
  channel.onMessages = (raw) => {
    const messages: In[] = []
    try {
      let refs = 0
      for (const item of raw) {
        refs += refsIn(item)
        // A small frame can name so many that reading them takes seconds.
        if (refs > MAX_FRAME_REFS) throw new CorebrumError('ERR_PROTOCOL', `a frame names ${refs} leases or more; ${MAX_FRAME_REFS} are allowed`)
        const message = fromWire(item)
        if (message !== undefined) messages.push(message)
      }
    } catch (error) {
      link.abort(toCorebrumError(error, 'ERR_PROTOCOL'))
      return
    }
    link.onMessages?.(messages)
  }
  channel.onClose = (error) => { link.onClose?.(error) }
  return link
}

/** A link from this node's submitter to its own worker. Messages are handed over in batches, after the sender's turn. */
export function localLink (peer: string): { toWorker: WorkerLink, toSubmitter: SubmitterLink } {
  let closed = false
  const end = (error?: Error): void => {
    if (closed) return
    closed = true
    toWorker.onClose?.(error)
    toSubmitter.onClose?.(error)
  }
  const side = <Out, In>(other: () => Link<In, Out>): Link<Out, In> => {
    let queue: Out[] = []
    return {
      peer,
      local: true,
      bufferedBytes: 0,
      send (message) {
        if (closed || queue.push(message) > 1) return
        queueMicrotask(() => {
          const batch = queue
          queue = []
          if (!closed) other().onMessages?.(batch)
        })
      },
      close () {
        end()
        return Promise.resolve()
      },
      abort: end,
    }
  }
  const toWorker: WorkerLink = side<SubmitterMessage, WorkerMessage>(() => toSubmitter)
  const toSubmitter: SubmitterLink = side<WorkerMessage, SubmitterMessage>(() => toWorker)
  return { toWorker, toSubmitter }
}
