/** Transactions on a real broker: what is seen after commit, abort, takeover and lost answers. */
import test from 'ava'
import type { ExecutionContext } from 'ava'
import type { GroupIdentity, GroupMember, KafkaClient } from '../../../runtime/kafka/client.ts'
import { partitionKey } from '../../../runtime/kafka/records.ts'
import { uniqueName } from '../../support/kafka.ts'
import { codeOf, connect, createTopic, put, valuesOf } from './broker.ts'
import { losing } from './faults.ts'

test('a commit makes records and offsets visible together', async (t) => {
  const { client, topic, group } = await setUp(t)
  const producer = client.transactionalProducer(topic)
  await producer.init()
  put(producer, topic, 'a')
  put(producer, topic, 'b', { partition: 1 })
  t.true(producer.open)
  await producer.commit([{ topic, partition: 0, offset: 5, metadata: 'commit 1' }], group)
  t.false(producer.open)
  t.is(producer.bufferedBytes, 0)
  t.deepEqual(await valuesOf(client, topic), ['a'])
  t.deepEqual(await valuesOf(client, topic, 1), ['b'])
  t.deepEqual(await committed(client, group, topic), { offset: 5, metadata: 'commit 1' })
})

test('an abort leaves no trace, and the same producer goes on', async (t) => {
  const { client, topic, group } = await setUp(t)
  const producer = client.transactionalProducer(topic)
  await producer.init()
  put(producer, topic, 'lost')
  await producer.flush()
  put(producer, topic, 'never sent')
  await producer.abort()
  t.false(producer.open)
  put(producer, topic, 'kept')
  await producer.commit([{ topic, partition: 0, offset: 1, metadata: '' }], group)
  t.deepEqual(await valuesOf(client, topic), ['kept'])
})

test('a commit of offsets alone is a transaction too', async (t) => {
  const { client, topic, group } = await setUp(t)
  const producer = client.transactionalProducer(topic)
  await producer.init()
  await producer.commit([{ topic, partition: 0, offset: 3, metadata: 'x' }], group)
  t.deepEqual(await committed(client, group, topic), { offset: 3, metadata: 'x' })
})

test('who takes over a transactional id aborts what is open and fences the producer before', async (t) => {
  const { client, topic, group } = await setUp(t)
  const old = client.transactionalProducer(topic)
  await old.init()
  put(old, topic, 'of the old one')
  await old.flush()
  await client.reader.fence(topic)
  t.deepEqual(await valuesOf(client, topic), [])
  put(old, topic, 'more')
  t.is(await codeOf(old.commit([{ topic, partition: 0, offset: 9, metadata: '' }], group)), 'producer-fenced')
  t.true(old.failed)
  t.is(await codeOf(old.flush()), 'transaction-lost')
  const heir = client.transactionalProducer(topic)
  await heir.init()
  put(heir, topic, 'of the heir')
  await heir.commit([{ topic, partition: 0, offset: 2, metadata: '' }], group)
  t.deepEqual(await valuesOf(client, topic), ['of the heir'])
  t.is((await committed(client, group, topic))?.offset, 2)
})

test('a member that was replaced cannot commit', async (t) => {
  const { client, topic, group } = await setUp(t)
  const replaced = await memberOf(client, group.groupId).join(Buffer.alloc(0))
  t.is(replaced.identity.generation, group.generation)
  const producer = client.transactionalProducer(topic)
  await producer.init()
  put(producer, topic, 'of a zombie')
  t.is(await codeOf(producer.commit([{ topic, partition: 0, offset: 1, metadata: '' }], group)), 'member-fenced')
  t.is(await codeOf(commitOnce(client, topic, { ...replaced.identity, generation: group.generation - 1 })), 'membership-lost')
  t.is(await codeOf(commitOnce(client, topic, { ...replaced.identity, memberId: 'nobody', instanceId: null })), 'membership-lost')
  for (const id of [topic, `${topic}-once`]) await client.reader.fence(id)
  t.deepEqual(await valuesOf(client, topic), [])
  t.is((await committed(client, group, topic))?.offset, -1)
})

test('offsets are read only when the transaction that holds them has ended', async (t) => {
  const commitSent = Promise.withResolvers<void>()
  const mayEnd = Promise.withResolvers<void>()
  const { client, topic, group } = await setUp(t)
  const { transport } = client
  const slow = connect(t, {
    around: (given) => ({
      channel: () => {
        const channel = given.channel()
        const endTxn = channel.endTxn.bind(channel)
        channel.endTxn = async (node, request) => {
          commitSent.resolve()
          await mayEnd.promise
          return endTxn(node, request)
        }
        return channel
      },
      [Symbol.asyncDispose]: () => given[Symbol.asyncDispose](),
    }),
  })
  const producer = slow.transactionalProducer(topic)
  await producer.init()
  const committing = producer.commit([{ topic, partition: 0, offset: 7, metadata: '' }], group)
  await commitSent.promise
  let answered = false
  const reading = committed(client, group, topic).finally(() => (answered = true))
  // The coordinator has answered others meanwhile, so the wait is for the transaction.
  for (let i = 0; i < 5; i++) await transport.channel().metadata([topic])
  t.false(answered)
  mayEnd.resolve()
  await committing
  t.is((await reading)?.offset, 7)
})

test('records whose acknowledgement is lost are sent again and stored once', async (t) => {
  const { topic, group } = await setUp(t)
  const client = connect(t, { around: losing((request, before) => request === 'produce' && before % 2 === 0) })
  const producer = client.transactionalProducer(topic)
  await producer.init()
  for (let i = 0; i < 3; i++) {
    put(producer, topic, `r${i}`)
    await producer.flush()
  }
  await producer.commit([{ topic, partition: 0, offset: 1, metadata: '' }], group)
  t.deepEqual(await valuesOf(client, topic), ['r0', 'r1', 'r2'])
})

test('a commit whose last answer is lost has an unknown outcome: the producer fails, and its successor finds what became of it', async (t) => {
  const { topic, group } = await setUp(t)
  const client = connect(t, { around: losing((request) => request === 'endTxn') })
  const producer = client.transactionalProducer(topic)
  await producer.init()
  put(producer, topic, 'a')
  t.is(await codeOf(producer.commit([{ topic, partition: 0, offset: 1, metadata: '42' }], group)), 'transaction-lost')
  t.true(producer.failed)
  await client.transactionalProducer(topic).init()
  t.deepEqual(await committed(client, group, topic), { offset: 1, metadata: '42' })
  t.deepEqual(await valuesOf(client, topic), ['a'])
})

test('a record that is too large for the topic is refused with its place and size', async (t) => {
  const client = connect(t)
  const topic = await createTopic(t, 1, { 'max.message.bytes': '5000' })
  const producer = client.transactionalProducer(topic)
  await producer.init()
  put(producer, topic, 'x'.repeat(6_000))
  const error = await t.throwsAsync(producer.flush(), { message: new RegExp(`Writing 1 record of \\d+ bytes to ${topic}-0.*MESSAGE_TOO_LARGE`) })
  t.like(error, { code: 'record-refused', fields: { topic, partition: 0 } })
})

test('small records are written although a whole batch of them would be too large for the topic', async (t) => {
  const client = connect(t)
  const topic = await createTopic(t, 1, { 'max.message.bytes': '5000' })
  const producer = client.outputProducer()
  const values = Array.from({ length: 100 }, (_, i) => `${i} ${'x'.repeat(500)}`)
  for (const value of values) put(producer, topic, value)
  await producer.flush()
  t.deepEqual(await valuesOf(client, topic), values)
})

test('a timestamp that the broker refuses is named in its words', async (t) => {
  const client = connect(t)
  const topic = await createTopic(t, 1, { 'message.timestamp.after.max.ms': '3600000' })
  const producer = client.outputProducer()
  put(producer, topic, 'from the future', { timestamp: 4_000_000_000_000 })
  const error = await t.throwsAsync(producer.flush(), { message: /INVALID_TIMESTAMP/ })
  t.like(error, { code: 'record-refused' })
})

for (const compression of ['none', 'gzip', 'lz4', 'zstd'] as const) {
  test(`batches with compression ${compression} are accepted by the broker and read back`, async (t) => {
    const client = connect(t, { compression })
    const topic = await createTopic(t, 3)
    const producer = client.outputProducer()
    const values = Array.from({ length: 3_000 }, (_, i) => `${i} ${'payload '.repeat(10)}`)
    for (const [i, value] of values.entries()) put(producer, topic, value, { partition: i % 3 })
    await producer.flush()
    const read = await Promise.all([0, 1, 2].map((partition) => valuesOf(client, topic, partition)))
    t.deepEqual(
      read,
      [0, 1, 2].map((partition) => values.filter((_, i) => i % 3 === partition)),
    )
  })
}

async function setUp(t: ExecutionContext): Promise<{ client: ReturnType<typeof connect>; topic: string; group: GroupIdentity }> {
  const client = connect(t)
  const topic = await createTopic(t, 2)
  const { identity } = await memberOf(client, uniqueName(t)).join(Buffer.alloc(0))
  return { client, topic, group: identity }
}

function memberOf(client: KafkaClient, groupId: string): GroupMember {
  return client.member({ groupId, instanceId: 'w-0', sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 3_000, assign: () => new Map() })
}

async function committed(client: KafkaClient, group: GroupIdentity, topic: string) {
  return (await client.reader.committedOffsets(group.groupId, [{ topic, partition: 0 }])).get(partitionKey(topic, 0))
}

async function commitOnce(client: KafkaClient, topic: string, group: GroupIdentity): Promise<void> {
  await using producer = client.transactionalProducer(`${topic}-once`)
  await producer.init()
  put(producer, topic, 'of a zombie')
  await producer.commit([{ topic, partition: 0, offset: 1, metadata: '' }], group)
}
