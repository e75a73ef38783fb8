/** What is used of kafkajs beyond its types. */
import test from 'ava'
import { logLevel } from 'kafkajs'
import { openBroker, openSeam } from '../../../runtime/kafka/kafkajs/seam.ts'
import type { SeamCluster } from '../../../runtime/kafka/kafkajs/seam.ts'

const config = { brokers: ['127.0.0.1:1'], logLevel: logLevel.NOTHING }
const address = { host: '127.0.0.1', port: 1 }

test('the kafkajs that is installed has all that is used', async (t) => {
  const [broker, connection] = await openBroker(openSeam(config), address)
  t.is(broker.versions, null)
  t.false(connection.isConnected())
})

test('another kafkajs is refused with the name of what it lacks', async (t) => {
  const cluster = openSeam(config)
  const other: SeamCluster = { ...cluster, connectionPoolBuilder: { build: async () => ({ pool: [] }) }, brokerPool: cluster.brokerPool }
  await t.throwsAsync(openBroker(other, address), { message: /ConnectionPool\.pool\.0.*exactly version 2\.2\.4/ })
})

test('the throttle timer is not armed while nothing waits', async (t) => {
  const [, connection] = await openBroker(openSeam(config), address)
  const queue = connection.requestQueue as unknown as {
    scheduleCheckPendingRequests(): void
    throttleCheckTimeoutId: unknown
    pending: unknown[]
    destroy(): void
  }
  queue.scheduleCheckPendingRequests()
  t.is(queue.throttleCheckTimeoutId, null)
  queue.pending.push({})
  queue.scheduleCheckPendingRequests()
  t.not(queue.throttleCheckTimeoutId, null)
  queue.destroy()
})
