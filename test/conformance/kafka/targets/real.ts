/** The broker that tests find, asked over kafkajs' sockets. */
import { connectAdmin } from '../../../../runtime/kafka/kafkajs/admin.ts'
import { KafkajsTransport } from '../../../../runtime/kafka/kafkajs/transport.ts'
import { silent } from '../../../../runtime/kafka/log.ts'
import { systemTiming } from '../../../../runtime/kafka/timing.ts'
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
    // The cleaner of a real broker comes by itself.
    compact: () => undefined,
    async [Symbol.asyncDispose]() {
      await transport[Symbol.asyncDispose]()
      await admin[Symbol.asyncDispose]()
    },
  }
}
