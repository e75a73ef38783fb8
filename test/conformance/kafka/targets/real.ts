/** The broker that tests find, asked over kafkajs' sockets. */
import { connectAdmin } from '../../../../runtime/kafka/kafkajs/admin.ts'
import { KafkajsTransport } from '../../../../runtime/kafka/kafkajs/transport.ts'
import { silent } from '../../../../runtime/kafka/log.ts'
import { systemTiming } from '../../../../runtime/kafka/timing.ts'
import type { RequestKind } from '../../../../runtime/kafka/wire/request.ts'
import type { Target } from '../target.ts'

/** One for all cases of a file, closed by whoever opened it. */
export function realTarget(brokers: readonly string[]): Target & AsyncDisposable {
  const clientId = 'conformance'
  const transport = new KafkajsTransport({ brokers: [...brokers] }, { clientId, log: silent })
  const admin = connectAdmin({ brokers: [...brokers] }, { clientId })
  return {
    nodes: brokers.length,
    transport,
    admin,
    timing: systemTiming,
    epochMs: Date.now,
    run: (work) => work(),
    async deleteRecords(topic, partition, before) {
      await using channel = transport.channel()
      const { leader } = (await channel.metadata([topic])).topics[0]!.partitions.find((found) => found.partition === partition)!
      const error = await channel.askNode(leader, deleteRecords, { topic, partition, before })
      if (error !== 0) throw new Error(`DeleteRecords of ${topic}-${partition}: error ${error}`)
    },
    // The cleaner of a real broker comes by itself.
    compact: () => undefined,
    async [Symbol.asyncDispose]() {
      await transport[Symbol.asyncDispose]()
      await admin[Symbol.asyncDispose]()
    },
  }
}

const deleteRecords: RequestKind<{ readonly topic: string; readonly partition: number; readonly before: number }, number> = {
  apiKey: 21,
  version: 1,
  name: 'DeleteRecords',
  flexible: false,
  encode: (w, { topic, partition, before }) =>
    w.array([topic], () => w.string(topic).array([partition], () => w.int32(partition).int64(before))).int32(10_000),
  decode(r) {
    r.int32()
    const errors = r.array(() => {
      r.string()
      return r.array(() => {
        r.int32()
        r.int64()
        return r.int16()
      })
    })
    return errors.flat()[0]!
  },
}
