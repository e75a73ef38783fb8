/** The job record as a worker sees it. */
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { StreamJobError } from '../../../../runtime/errors.ts'
import type { JobRecord } from '../../../../runtime/protocol.ts'
import { followJobRecord } from '../../../../runtime/worker/group/order.ts'
import type { JobOrder } from '../../../../runtime/worker/group/order.ts'
import { eventually } from '../../../support/eventually.ts'
import { ScriptedKafka } from '../../../support/scripted-kafka.ts'

const record: JobRecord = {
  formatVersion: 1,
  identity: { uid: 'one', kubernetesCluster: 'k', kafkaCluster: 'c' },
  epoch: 5,
  lineage: 1,
  planFingerprint: 'p',
  codeHash: 'c',
  parallelism: 1,
  stages: [],
  mode: 'run',
  operationId: null,
  restoresDone: [],
  standbys: 0,
}

interface Followed {
  readonly kafka: ScriptedKafka
  readonly order: JobOrder
  readonly errors: unknown[]
  readonly pauses: number[]
}

function follow(t: ExecutionContext, before: readonly JobRecord[] = [], hook: ScriptedKafka['hook'] = () => {}): Followed {
  const kafka = new ScriptedKafka()
  kafka.createTopic('job', 1)
  for (const value of before) kafka.put('job', 0, { key: 'job', value })
  kafka.hook = hook
  const errors: unknown[] = []
  const pauses: number[] = []
  const pause = (milliseconds: number): Promise<void> => {
    pauses.push(milliseconds)
    return new Promise((resolve) => setImmediate(resolve))
  }
  const order = followJobRecord({ reader: kafka.reader, topic: 'job', pause, onError: (error) => errors.push(error) })
  t.teardown(() => order[Symbol.asyncDispose]())
  return { kafka, order, errors, pauses }
}

test('nothing is said before the topic was read to its end', async (t) => {
  const end = Promise.withResolvers<void>()
  const { order } = follow(t, [record, { ...record, epoch: 6 }], ({ name, about }) =>
    name === 'read' && about === 'job-0@1' ? end.promise : undefined,
  )
  await new Promise((resolve) => setImmediate(resolve))
  t.false(order.caughtUp)
  t.is(order.current, null)
  end.resolve()
  await order.changed()
  t.true(order.caughtUp)
  t.is(order.current?.epoch, 6)
})

test('an empty topic says that there is no record yet', async (t) => {
  const { kafka, order } = follow(t)
  await order.changed()
  t.true(order.caughtUp)
  t.is(order.current, null)
  kafka.put('job', 0, { key: 'job', value: record })
  await order.changed()
  t.is(order.current?.epoch, 5)
})

test('an older epoch, the same one again and records of other keys change nothing', async (t) => {
  const { kafka, order } = follow(t, [record])
  await order.changed()
  const { current } = order
  kafka.put('job', 0, { key: 'job', value: { ...record, epoch: 4 } }, { key: 'job', value: { ...record, parallelism: 9 } })
  kafka.put('job', 0, { key: 'other', value: { ...record, epoch: 8 } }, { key: 'job', value: null })
  kafka.put('job', 0, { key: 'job', value: { ...record, epoch: 6 } })
  await order.changed()
  t.is(current?.epoch, 5)
  t.is(order.current?.epoch, 6)
})

test('a job that was deleted and made again begins with a low epoch', async (t) => {
  const { kafka, order } = follow(t, [record])
  await order.changed()
  kafka.put('job', 0, { key: 'job', value: { ...record, identity: { ...record.identity, uid: 'two' }, epoch: 1 } })
  await order.changed()
  t.is(order.current?.epoch, 1)
})

test('a record that can not be read is an error that stays visible, and the last good one stands', async (t) => {
  const { kafka, order, errors } = follow(t, [record])
  await order.changed()
  kafka.put('job', 0, { key: 'job', value: { ...record, formatVersion: 2, epoch: 6 } })
  await eventually(() => errors.length > 0)
  t.is((order.trouble as StreamJobError).code, 'kafka-protocol')
  t.regex((order.trouble as StreamJobError).message, /job, offset 1 can't be read.*newer operator/)
  t.is(order.current?.epoch, 5)
})

test('a topic that can not be read is asked for again after longer and longer pauses, until it can', async (t) => {
  let failures = 6
  const { order, pauses } = follow(t, [record], ({ name }) => {
    if (name === 'listOffset' && failures-- > 0) throw new StreamJobError('topic-missing', 'no such topic')
  })
  await order.changed()
  t.deepEqual(pauses, [1_000, 2_000, 4_000, 8_000, 10_000, 10_000])
  t.is(order.trouble, null)
  t.is(order.current?.epoch, 5)
})

test('the end of following wakes whoever waits, even while a request gets no answer', async (t) => {
  const { order } = follow(t, [], () => new Promise(() => {}))
  const changed = order.changed()
  await order[Symbol.asyncDispose]()
  await changed
  t.is(order.current, null)
})
