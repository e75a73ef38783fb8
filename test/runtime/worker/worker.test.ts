/** The life of a worker over a scripted Kafka: what a real broker does only once in a blue moon. */
import test from 'ava'
import { StreamJobError } from '../../../runtime/errors.ts'
import { names } from '../../../runtime/protocol.ts'
import { isReady } from '../../../runtime/worker/status.ts'
import { eventually } from '../../support/eventually.ts'
import { app, order, ScriptedWorker } from '../../support/scripted-worker.ts'

const changelog = names.changelogTopic(app, 1, 'in')
const never = (): Promise<void> => new Promise(() => {})

/** Windows [0, 1000) of both partitions closed; one result each. */
function feed(run: ScriptedWorker): void {
  run.kafka.put('in', 0, order('a', 0), order('a', 10), order('a', 1_500))
  run.kafka.put('in', 1, order('b', 0), order('b', 1_500))
}

const results = [
  { key: 'a', windowStart: 0, windowEnd: 1_000, n: 2 },
  { key: 'b', windowStart: 0, windowEnd: 1_000, n: 1 },
]

const keyOf = (value: unknown): string => (value as { readonly key: string }).key

async function committed(run: ScriptedWorker, offsets: readonly number[] = [3, 2]): Promise<void> {
  await eventually(() => offsets.every((offset, partition) => run.kafka.offsets.get(`in-${partition}`)?.offset === offset))
}

test('a worker takes its tasks over, works, commits, and stops when it is asked to', async (t) => {
  const run = await ScriptedWorker.start(t)
  feed(run)
  await committed(run)
  t.true(isReady(run.worker.status()))
  run.stop.abort()
  await run.ended
  t.deepEqual(run.kafka.values('out'), results)
  t.is(run.worker.status().state, 'stopping')
})

test('what was not committed yet is committed when the process is asked to stop', async (t) => {
  const run = await ScriptedWorker.start(t, { processing: { commitIntervalMs: 600_000 } })
  feed(run)
  await eventually(() => run.worker.status().tasks.every(({ position }) => position !== '0') && run.worker.status().tasks.length === 2)
  t.is(run.kafka.offsets.size, 0)
  run.stop.abort()
  await run.ended
  t.deepEqual([run.kafka.offsets.get('in-0')?.offset, run.kafka.offsets.get('in-1')?.offset], [3, 2])
})

test('a worker that is asked to stop ends after a while although its commit gets no answer', async (t) => {
  const run = await ScriptedWorker.start(t)
  const grace = Promise.withResolvers<void>()
  run.kafka.hook = ({ name }) => (name === 'commit' ? never() : undefined)
  run.pause = (milliseconds) => (milliseconds >= 1_000 ? grace.promise : new Promise((resolve) => setImmediate(resolve)))
  feed(run)
  await eventually(() => run.count('commit') > 0)
  run.stop.abort()
  await eventually(() => run.pauses.includes(4_000))
  grace.resolve()
  await run.ended
  t.is(run.kafka.offsets.size, 0)
  t.true(run.logged.some(({ message }) => message.includes('will be done again')))
})

for (const stuck of ['init', 'join', 'committedOffsets', 'describeTopics', 'fence', 'read', 'listOffset']) {
  test(`a worker that is asked to stop while ${stuck} gets no answer ends at once`, async (t) => {
    const run = await ScriptedWorker.prepare(t)
    await run.order({ parallelism: 2 })
    run.kafka.put(changelog, 0, { key: '\u0000position', value: '{}' })
    const { reader } = run.kafka
    const jobTopic = names.jobTopic(app)
    run.kafka.hook = ({ name, about }) => (name === stuck && !about.startsWith(jobTopic) ? never() : undefined)
    t.is(typeof reader, 'object')
    run.go()
    await eventually(() => run.count(stuck) > 0)
    run.stop.abort()
    await run.ended
    t.false(run.pauses.includes(4_000))
  })
}

test('a commit that fails once is made again at once, and nobody hears of it', async (t) => {
  const run = await ScriptedWorker.prepare(t)
  let failures = 1
  run.kafka.hook = ({ name }) => {
    if (name === 'commit' && failures-- > 0) throw new StreamJobError('transaction-lost', 'EndTxn: the answer was lost')
  }
  feed(run)
  run.go()
  await committed(run)
  t.deepEqual(run.kafka.values('out'), results)
  t.is(run.worker.telemetry.rewinds, 1)
  t.is(run.worker.telemetry.joins, 1)
  t.is(run.worker.status().error, null)
})

test('a commit that fails again and again is tried after longer and longer pauses, and the worker says so and is not ready', async (t) => {
  const run = await ScriptedWorker.prepare(t)
  const cause = new StreamJobError('kafka-authorization', 'AddPartitionsToTxn: the broker answered TOPIC_AUTHORIZATION_FAILED (29)')
  let allowed = false
  run.kafka.hook = ({ name }) => {
    if (name === 'commit' && !allowed) throw new StreamJobError('transaction-lost', 'The producer gave up', { cause })
  }
  feed(run)
  run.go()
  await eventually(() => run.count('commit') >= 7)
  const { error, state } = run.worker.status()
  t.deepEqual({ error, state }, { state: 'running', error: { code: 'kafka-authorization', message: cause.message } })
  t.false(isReady(run.worker.status()))
  t.deepEqual(run.pauses.filter((milliseconds) => milliseconds > 125).slice(0, 5), [500, 1_000, 2_000, 4_000, 8_000])
  allowed = true
  await committed(run)
  await eventually(() => isReady(run.worker.status()))
  t.deepEqual(run.kafka.values('out'), results)
})

test('brokers that can not be reached at the start are in the status', async (t) => {
  const run = await ScriptedWorker.prepare(t)
  const cause = new StreamJobError('kafka-unreachable', 'No Kafka broker answered (scripted:1)')
  let down = true
  run.kafka.hook = ({ name }) => {
    if (down && name === 'init') throw new StreamJobError('transaction-lost', 'The producer gave up', { cause })
  }
  run.go()
  await eventually(() => run.worker.status().error?.code === 'kafka-unreachable')
  t.false(isReady(run.worker.status()))
  down = false
  feed(run)
  await committed(run)
  t.is(run.worker.status().error, null)
})

test('a job topic that can not be read is in the status', async (t) => {
  const jobTopic = names.jobTopic(app)
  const run = await ScriptedWorker.prepare(t, {
    hook: ({ name, about }) => {
      if (name === 'listOffset' && about.startsWith(jobTopic)) throw new StreamJobError('topic-missing', `The topic ${jobTopic} does not exist.`)
    },
  })
  run.go()
  await eventually(() => run.worker.status().error?.code === 'topic-missing')
  t.is(run.worker.status().state, 'waiting-for-record')
  run.kafka.hook = () => {}
  await eventually(() => isReady(run.worker.status()))
})

test('when one task can not be restored yet, the restoring of the others goes on', async (t) => {
  const run = await ScriptedWorker.prepare(t)
  const { id } = (await run.kafka.reader.describeTopics(['in'])).get('in')!
  const position = { formatVersion: 1, writer: 0, epoch: 1, inputs: [{ topic: 'in', topicId: id, partition: 1, offset: 0 }] }
  const snapshot = { maxTimestamp: null, watermarks: {} }
  const rows = Array.from({ length: 50 }, (_, i) => ({ key: '\u0000position', value: { ...position, snapshot, commit: i + 1 } }))
  run.kafka.put(changelog, 1, ...rows)
  const reads: number[] = []
  let broken = true
  run.kafka.hook = async ({ name, about }) => {
    const [place = '', offset] = about.split('@')
    if (name === 'read' && place === `${changelog}-1`) {
      reads.push(Number(offset))
      await new Promise((resolve) => setImmediate(resolve))
    }
    if (broken && name === 'listOffset' && place === `${changelog}-0`) {
      await eventually(() => reads.length > 0)
      broken = false
      throw new StreamJobError('kafka-retriable', 'NOT_LEADER_OR_FOLLOWER')
    }
  }
  run.go()
  feed(run)
  await committed(run)
  t.false(broken)
  t.deepEqual(
    reads,
    rows.map((_, i) => i),
  )
  t.is(run.count('init'), 1)
  t.deepEqual(
    run.kafka.values('out').toSorted((a, b) => keyOf(a).localeCompare(keyOf(b))),
    results,
  )
})

test('another lineage is another history: nothing in memory goes on in it', async (t) => {
  const run = await ScriptedWorker.start(t)
  feed(run)
  await committed(run)
  await run.order({ lineage: 2 })
  // The group's offsets are those of the old history, which the changelog of the new one knows nothing of.
  await eventually(() => run.worker.status().error?.code === 'position-mismatch')
  t.is(run.kafka.log(names.changelogTopic(app, 2, 'in'), 0).length, 0)
})

test('a worker whose task was committed by another joins again before it goes on', async (t) => {
  const run = await ScriptedWorker.prepare(t)
  let once = true
  run.kafka.hook = ({ name }) => {
    if (name !== 'commit' || !once) return
    once = false
    run.kafka.offsets.set('in-0', { offset: 1, metadata: JSON.stringify({ v: 1, n: 7, w: 5 }) })
    throw new StreamJobError('producer-fenced', 'PRODUCER_FENCED')
  }
  feed(run)
  run.go()
  // Nobody wrote the position that belongs to that commit, so the worker stops; what counts is that it asked the group first.
  await eventually(() => run.worker.status().error?.code === 'position-mismatch')
  t.is(run.kafka.members[0]?.joins.length, 2)
})

test('a process that was replaced under its instance id does not fence its successor', async (t) => {
  const run = await ScriptedWorker.start(t)
  feed(run)
  await committed(run)
  const inits = run.count('init')
  run.kafka.hook = ({ name }) => {
    if (name !== 'commit') return
    run.kafka.members[0]?.turn('fenced')
    throw new StreamJobError('producer-fenced', 'PRODUCER_FENCED')
  }
  run.kafka.put('in', 0, order('a', 2_500))
  const error = await t.throwsAsync(run.ended, { instanceOf: StreamJobError })
  t.is(error?.code, 'member-fenced')
  t.is(run.count('init'), inits)
  t.is(run.worker.status().state, 'failed')
})

test('policy Fail aborts the transaction, holds the worker, and a new job record lets it try again', async (t) => {
  const run = await ScriptedWorker.prepare(t, { errors: { undecodable: 'Fail' } })
  const hold = Promise.withResolvers<void>()
  run.pause = (milliseconds) => (milliseconds === 60_000 ? hold.promise : new Promise((resolve) => setImmediate(resolve)))
  run.kafka.put('in', 0, { key: 'a', value: '{' })
  run.go()
  await eventually(() => run.pauses.includes(60_000))
  const { state, error, tasks } = run.worker.status()
  t.deepEqual({ state, code: error?.code, tasks }, { state: 'failed', code: 'record-failed', tasks: [] })
  t.is(run.kafka.calls.filter(({ name }) => name === 'init' || name === 'commit').at(-1)?.name, 'init')
  const inits = run.count('init')
  await run.order({ planFingerprint: 'another' })
  await eventually(() => run.count('init') > inits)
  hold.resolve()
})

test('much changed state is committed before its time', async (t) => {
  const run = await ScriptedWorker.start(t, { processing: { commitIntervalMs: 600_000 } })
  const long = 'x'.repeat(1_000_000)
  for (let i = 0; i < 80; i++) run.kafka.put('in', 0, order(`${i}${long}`, 0))
  await eventually(() => (run.kafka.offsets.get('in-0')?.offset ?? 0) > 0)
  t.true((run.kafka.offsets.get('in-0')?.offset ?? 0) < 80)
})

test('closing all windows at the end of the input commits once they are closed', async (t) => {
  const run = await ScriptedWorker.start(t, { processing: { commitIntervalMs: 600_000 } })
  feed(run)
  await eventually(() => run.worker.status().tasks.every(({ position }) => position !== '0') && run.worker.status().tasks.length === 2)
  await Promise.all([run.worker.closeWindows('in'), run.worker.closeWindows('in')])
  t.deepEqual(run.kafka.values('out').slice(0, 2), results)
  t.is(run.kafka.values('out').length, 4)
})

test('closing all windows goes on after the commit that held it was lost', async (t) => {
  const run = await ScriptedWorker.start(t)
  feed(run)
  await committed(run)
  let lost = 1
  run.kafka.hook = ({ name }) => {
    if (name === 'commit' && lost-- > 0) throw new StreamJobError('transaction-lost', 'lost')
  }
  await run.worker.closeWindows('in')
  t.is(run.kafka.values('out').length, 4)
})
