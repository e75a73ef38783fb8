/** What is said when no broker answers: where, why, and what to do. */
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { KafkajsTransport } from '../../../runtime/kafka/kafkajs/transport.ts'
import { silent } from '../../../runtime/kafka/log.ts'

const advice = 'Check spec.kafka.brokers, network policies, and whether the brokers run'

/** The address of a listener on this machine; without `listener` nobody listens there. */
async function address(t: ExecutionContext, listener: ((socket: Socket) => void) | null): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    listener?.(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A server that listens on a port has an address of this kind.
  const { port } = server.address() as AddressInfo
  if (listener === null) await new Promise((resolve) => server.close(resolve))
  else t.teardown(() => server.close())
  return `127.0.0.1:${port}`
}

/** What each of so many attempts ends with. */
async function said(t: ExecutionContext, brokers: string[], attempts = 1): Promise<string[]> {
  const transport = new KafkajsTransport({ brokers }, { clientId: 'test', log: silent })
  t.teardown(() => transport[Symbol.asyncDispose]())
  const channel = transport.channel()
  const messages: string[] = []
  for (let attempt = 0; attempt < attempts; attempt++) messages.push((await t.throwsAsync(channel.metadata([]))).message)
  return messages
}

test('a broker that is not there is named once, with where its address stands', async (t) => {
  const nobody = await address(t, null)
  t.deepEqual(await said(t, [nobody]), [`No Kafka broker answered (${nobody}): connect ECONNREFUSED. ${advice}`])
})

test('of several brokers all are named, and why one of them does not answer; at every attempt the same', async (t) => {
  const asked = [await address(t, null), await address(t, null)]
  const [first, second] = asked.toSorted()
  const message = `No Kafka broker answered (${first}, ${second}): ${first}: connect ECONNREFUSED. ${advice}`
  t.deepEqual(await said(t, asked, 2), [message, message])
})

test('a broker that hangs up is there: what it may want is said instead', async (t) => {
  const rude = await address(t, (socket) => socket.once('data', () => socket.destroy()))
  const suspicion = 'A listener that wants TLS does this: then set spec.kafka.tls'
  t.deepEqual(await said(t, [rude]), [`No Kafka broker answered (${rude}): Closed connection. ${suspicion}`])
})
