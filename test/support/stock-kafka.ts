/** kafkajs as anybody uses it: for what tests do to topics and groups behind our own client's back. */
import { createRequire } from 'node:module'
import { type Admin, Kafka, type KafkaConfig, logLevel } from 'kafkajs'

/** Says nothing but by what it throws. */
export const stockKafka = (brokers: readonly string[], settings: Omit<KafkaConfig, 'brokers'> = {}): Kafka =>
  new Kafka({ logLevel: logLevel.NOTHING, ...settings, brokers: [...brokers] })

/** Does `work` over a connection of its own. */
export async function withStockAdmin<A>(brokers: readonly string[], work: (admin: Admin) => Promise<A>): Promise<A> {
  const admin = stockKafka(brokers).admin()
  await admin.connect()
  try {
    return await work(admin)
  } finally {
    await admin.disconnect()
  }
}

interface RequestQueue {
  readonly pending: readonly unknown[]
  scheduleCheckPendingRequests: (this: RequestQueue) => void
}

// After every answer kafkajs 2.2.4 sets a timer for requests that wait, with a negative time when none does, which Node warns of.
const queue = (createRequire(import.meta.url)('kafkajs/src/network/requestQueue/index.js') as { readonly prototype: RequestQueue }).prototype
const schedule = queue.scheduleCheckPendingRequests
queue.scheduleCheckPendingRequests = function () {
  if (this.pending.length > 0) schedule.call(this)
}
