/** Connections to a real broker, and to none. */
import { execFile } from 'node:child_process'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { logLevel } from 'kafkajs'
import { connectKafka } from '../../../runtime/kafka/connect.ts'
import { Credentials } from '../../../runtime/kafka/kafkajs/credentials.ts'
import { KafkajsChannel } from '../../../runtime/kafka/kafkajs/channel.ts'
import { parseAddress } from '../../../runtime/kafka/kafkajs/line.ts'
import { openSeam } from '../../../runtime/kafka/kafkajs/seam.ts'
import { KafkajsTransport } from '../../../runtime/kafka/kafkajs/transport.ts'
import { silent } from '../../../runtime/kafka/log.ts'
import { brokers } from '../../support/kafka.ts'
import { codeOf, connect, createTopic } from './broker.ts'

test('topics are described with their id and partitions, and those that do not exist are left out', async (t) => {
  const client = connect(t)
  const topic = await createTopic(t, 3)
  const found = await client.reader.describeTopics([topic, `${topic}.missing`])
  t.deepEqual([...found.keys()], [topic])
  t.like(found.get(topic), { topic, partitions: 3 })
  t.regex(found.get(topic)!.id, /^[0-9a-f]{32}$/)
  t.true((await client.reader.clusterId()).length > 0)
})

test('the next broker of the list is asked when the first does not answer', async (t) => {
  const client = connectKafka({ brokers: [await deadAddress(), ...brokers()] }, { clientId: 'test' })
  t.teardown(() => client[Symbol.asyncDispose]())
  t.true((await client.reader.clusterId()).length > 0)
})

test('brokers that do not answer are named', async (t) => {
  const address = await deadAddress()
  const client = connectKafka({ brokers: [address] }, { clientId: 'test', patienceMs: 0 })
  t.teardown(() => client[Symbol.asyncDispose]())
  await t.throwsAsync(client.reader.clusterId(), { message: new RegExp(`No Kafka broker answered \\(${address}\\)`) })
})

test('a broker that accepts connections and never says a word is given up', async (t) => {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const transport = new KafkajsTransport({ brokers: [`127.0.0.1:${port}`] }, { clientId: 'test', log: silent, connectionTimeoutMs: 200 })
  t.teardown(() => transport[Symbol.asyncDispose]())
  t.is(await codeOf(transport.channel().metadata([])), 'kafka-unreachable')
})

test('a broker that has moved is found again by whoever goes on asking it', async (t) => {
  const topic = await createTopic(t)
  const { leader, listOffsets, findCoordinator, known } = await movedBroker(t, topic)
  t.is(await codeOf(listOffsets()), 'kafka-unreachable')
  t.is(await codeOf(listOffsets()), null)
  known.nodes.set(leader, parseAddress(await deadAddress()))
  await findCoordinator()
  t.is(await codeOf(listOffsets()), null)
})

test('an address that is none is refused before anything is connected', (t) => {
  for (const address of ['nowhere', 'host:port', 'http://host:9092', ':9092']) {
    t.throws(() => connectKafka({ brokers: [address] }, { clientId: 'test' }), { message: /is not host:port/ })
  }
})

test('closing ends every wait at once', async (t) => {
  const client = connect(t, { patienceMs: 60_000 })
  const topic = await createTopic(t)
  const fetcher = client.fetcher()
  fetcher.assign([{ topic, partition: 0, offset: 0 }])
  const member = client.member({ groupId: topic, instanceId: 'w-0', sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 3_000, assign: () => new Map() })
  await member.join(Buffer.alloc(0))
  const joining = member.join(Buffer.alloc(0)).catch(() => undefined)
  const waits = [codeOf(fetcher.next(60_000)), codeOf(client.reader.committedOffsets(topic, [{ topic, partition: 0 }])), joining]
  const before = performance.now()
  await fetcher[Symbol.asyncDispose]()
  await member[Symbol.asyncDispose]()
  await client[Symbol.asyncDispose]()
  await Promise.all(waits)
  t.true(performance.now() - before < 30_000, 'long before they would end by themselves')
})

test('an idle client lets the process sleep, warns of nothing, and lets the process end when it is closed', async (t) => {
  const program = `
    import { connectKafka } from './runtime/kafka/connect.ts'
    const client = connectKafka({ brokers: ${JSON.stringify(brokers())} }, { clientId: 'idle' })
    await client.reader.clusterId()
    const member = client.member({ groupId: 'idle.' + process.pid, instanceId: 'w-0', sessionTimeoutMs: 10000, rebalanceTimeoutMs: 3000, assign: () => new Map() })
    await member.join(Buffer.alloc(0))
    const turns = () => performance.nodeTiming.uvMetricsInfo.loopCount
    const before = turns()
    await new Promise((resolve) => setTimeout(resolve, 2000))
    console.log(turns() - before)
    await client[Symbol.asyncDispose]()
  `
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--input-type=module-typescript', '-e', program], { timeout: 90_000 })
  t.is(stderr, '')
  // The timer loop that is guarded against turns every millisecond, for each connection.
  t.true(Number(stdout) < 1_000, `${stdout} turns of the event loop`)
})

/** Of a port that nobody listens at any more. */
async function deadAddress(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return `127.0.0.1:${port}`
}

/** A channel that knows an address of the broker where it is no more. */
async function movedBroker(t: ExecutionContext, topic: string) {
  const client = connect(t)
  const { leader } = (await client.transport.channel().metadata([topic])).topics[0]!.partitions[0]!
  const nodes = new Map([[leader, parseAddress(await deadAddress())]])
  const seam = openSeam({ brokers: brokers(), logLevel: logLevel.NOTHING, retry: { retries: 0 } })
  const known = {
    seam,
    credentials: new Credentials({ brokers: [...brokers()] }),
    bootstrap: brokers().map(parseAddress),
    nodes,
    silent: new Set<number>(),
    requestTimeoutMs: 10_000,
    openTimeoutMs: 10_000,
  }
  const channel = new KafkajsChannel(known)
  t.teardown(() => channel[Symbol.asyncDispose]())
  return {
    leader,
    known,
    listOffsets: () => channel.listOffsets(leader, { partitions: [{ topic, partition: 0, timestamp: -1 }] }),
    findCoordinator: () => channel.findCoordinator('group', topic),
  }
}
