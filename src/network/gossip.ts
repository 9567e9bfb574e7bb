/** Gossip topics: every message is signed by its author and passes a validator before it is handed on. */
import type { GossipsubEvents } from '@chainsafe/libp2p-gossipsub'
import { TopicValidatorResult, type PubSub } from '@libp2p/interface'
import { toCorebrumError } from '../errors.ts'
import type { Network, Verdict } from './network.ts'

const RESULTS: Record<Verdict, TopicValidatorResult> = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject,
}

export interface Gossip {
  /** What the node's network offers of it. */
  ports: Pick<Network, 'publish' | 'subscribe'>
  /** Joins the topics that were subscribed before gossipsub ran. */
  start: () => void
}

export interface GossipComponents {
  pubsub: PubSub<GossipsubEvents>
  penalize: (peer: string, reason: string) => void
}

export function createGossip ({ pubsub, penalize }: GossipComponents): Gossip {
  const topics = new Set<string>()
  const ports: Gossip['ports'] = {
    async publish (topic, bytes) {
      try {
        const { recipients } = await pubsub.publish(topic, bytes)
        return recipients.length
      } catch (error) {
        throw toCorebrumError(error, 'ERR_STREAM_CLOSED')
      }
    },
    subscribe (topic, validate, deliver) {
      pubsub.topicValidators.set(topic, (source, message) => {
        if (message.type !== 'signed') return TopicValidatorResult.Reject
        const verdict = validate(message.data, message.from.toString())
        if (verdict === 'reject') penalize(source.toString(), `an invalid message on ${topic}`)
        return RESULTS[verdict]
      })
      pubsub.addEventListener('gossipsub:message', (event) => {
        const { msg } = event.detail
        if (msg.topic === topic && msg.type === 'signed') deliver(msg.data, msg.from.toString())
      })
      topics.add(topic)
    },
  }
  return { ports, start: () => { for (const topic of topics) pubsub.subscribe(topic) } }
}
