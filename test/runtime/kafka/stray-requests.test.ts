/** Requests of a transaction whose answers are lost. They may be carried out later, in another transaction of the same epoch, so none is sent twice. */
import test from 'ava'
import { StreamJobError } from '../../../runtime/errors.ts'
import { clientOver } from '../../../runtime/kafka/connect.ts'
import type { KafkaChannel, KafkaTransport } from '../../../runtime/kafka/transport.ts'
import { VirtualCluster } from '../../../runtime/testing/broker/cluster.ts'
import { seededRandom } from '../../../runtime/testing/time/random.ts'
import { systemEndpoint, systemScheduler } from '../../../runtime/testing/time/scheduler.ts'

const nobody = { groupId: 'group', generation: -1, memberId: '', instanceId: null }

for (const request of ['addPartitionsToTxn', 'addOffsetsToTxn', 'txnOffsetCommit', 'endTxn'] as const) {
  test(`a lost answer to ${request} ends the producer; the next one of its id goes on with a clean transaction`, async (t) => {
    const cluster = new VirtualCluster({ scheduler: systemScheduler, clock: Date.now, random: seededRandom(1) })
    cluster.createTopic({ topic: 'in', partitions: 1, replicationFactor: -1, config: {} })
    cluster.createTopic({ topic: 'out', partitions: 1, replicationFactor: -1, config: {} })
    const sent: string[] = []
    let lost = false
    const transport = losing(cluster.transport(systemEndpoint), (name) => {
      sent.push(name)
      if (name !== request || lost) return false
      return (lost = true)
    })
    await using kafka = clientOver(transport, {})
    const first = kafka.transactionalProducer('id')
    await first.init()
    write(first)
    const error = await t.throwsAsync(first.commit([{ topic: 'in', partition: 0, offset: 5, metadata: '' }], nobody), { instanceOf: StreamJobError })
    t.is(error.code, 'transaction-lost')
    t.true(first.failed)
    t.is(sent.filter((name) => name === request).length, 1)
    const second = kafka.transactionalProducer('id')
    await second.init()
    write(second)
    await second.commit([{ topic: 'in', partition: 0, offset: 6, metadata: '' }], nobody)
    const offsets = await kafka.reader.committedOffsets('group', [{ topic: 'in', partition: 0 }])
    t.is(offsets.get('in-0')?.offset, 6)
  })
}

function write(producer: ReturnType<ReturnType<typeof clientOver>['transactionalProducer']>): void {
  const value = Buffer.from('v')
  producer.append('out', 0, null, 0, 0, value, 0, value.length, 1, [])
}

/** The same, but answers that `loses` names are thrown away although the request was carried out. */
function losing(transport: KafkaTransport, loses: (request: string) => boolean): KafkaTransport {
  return {
    channel: () => {
      const channel = transport.channel()
      return new Proxy(channel, {
        get(target, name) {
          const method = Reflect.get(target, name) as unknown
          if (typeof method !== 'function') return method
          return async (...parameters: unknown[]) => {
            const lost = typeof name === 'string' && loses(name)
            const answer = (await Reflect.apply(method, target, parameters)) as unknown
            if (lost) throw new StreamJobError('kafka-unreachable', 'the connection was closed')
            return answer
          }
        },
      }) satisfies KafkaChannel
    },
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  }
}
