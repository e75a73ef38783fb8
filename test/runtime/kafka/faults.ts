/** Faults between the data plane and a real broker: the request is carried out, its answer is lost. */
import { StreamJobError } from '../../../runtime/errors.ts'
import type { KafkaChannel, KafkaTransport } from '../../../runtime/kafka/transport.ts'

/** Loses the answer of a request when `lose` says so; called with the name of each request and how many of them there were before. */
export function losing(lose: (request: keyof KafkaChannel, before: number) => boolean): (transport: KafkaTransport) => KafkaTransport {
  const counts = new Map<keyof KafkaChannel, number>()
  return (transport) => ({
    channel: () => lossy(transport.channel(), counts, lose),
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  })
}

function lossy(
  channel: KafkaChannel,
  counts: Map<keyof KafkaChannel, number>,
  lose: (request: keyof KafkaChannel, before: number) => boolean,
): KafkaChannel {
  return new Proxy(channel, {
    get(target, name: keyof KafkaChannel) {
      const method = target[name] as (...given: unknown[]) => Promise<unknown>
      return async (...given: unknown[]) => {
        const answer = await method.apply(target, given)
        const before = counts.get(name) ?? 0
        counts.set(name, before + 1)
        if (lose(name, before)) throw new StreamJobError('kafka-unreachable', `The answer to ${String(name)} was lost`)
        return answer
      }
    },
  })
}
