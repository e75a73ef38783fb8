/** Taking a task over from a changelog that ends in what was aborted, however often that is interrupted. */
import test from 'ava'
import type { Message } from 'kafkajs'
import { names } from '../../runtime/protocol.ts'
import { isRowKey } from '../../runtime/state/changelog-row.ts'
import { eventually } from '../support/eventually.ts'
import { assertExact } from '../support/exact.ts'
import { FaultyBroker } from '../support/faulty-broker.ts'
import { JobRun } from '../support/job-run.ts'
import { brokers } from '../support/kafka.ts'
import { orders } from '../support/orders.ts'
import { stockKafka } from '../support/stock-kafka.ts'

const start = 1_700_000_000_000
const offsetFetch = 9

test.serial(
  'a restore skips what was aborted at the tail of the changelog, may be ended in its middle, and gives position and rows as committed',
  async (t) => {
    const proxy = await FaultyBroker.before(t, brokers()[0]!)
    const run = await new JobRun(t, { brokersOf: () => [proxy.address], processing: { outputLingerMs: 5 } }).createTopics()
    const job = await run.start(1)
    // In two portions: a window that opens and closes within one commit leaves nothing in the changelog.
    for (const round of [0, 1]) {
      await run.send(orders({ count: 2_500, partitions: 4, from: start + round * 2_500, seed: round + 1 }))
      await run.drained()
    }
    const held = (): unknown =>
      job.statuses[0]?.tasks
        .map(({ partition, position, stateRows }) => ({ partition, position, stateRows }))
        .toSorted((a, b) => a.partition - b.partition)
    const before = held()
    await job.crash(0)

    const changelog = names.changelogTopic(run.applicationId, 1, run.input)
    const rows = await rowsOf(run, changelog)
    t.true(
      rows.some(({ newest, older }) => newest === null && older !== null),
      'windows were closed',
    )
    t.true(
      rows.some(({ newest }) => newest !== null),
      'windows are open',
    )
    const otherwise = rows.map(({ partition, key, newest, older }) => ({ partition, key, value: newest === null ? older : null }))
    const unreadable = [0, 1, 2, 3].map((partition) => ({ partition, key: 'what no restore can read', value: 'poison' }))
    const producer = stockKafka(brokers()).producer({ transactionalId: `${run.applicationId}.stranger`, maxInFlightRequests: 1, idempotent: true })
    t.teardown(() => producer.disconnect())
    await producer.connect()
    const append = async (messages: Message[], end: 'commit' | 'abort'): Promise<void> => {
      const transaction = await producer.transaction()
      await transaction.send({ topic: changelog, messages })
      await transaction[end]()
    }
    for (let round = 0; round < 3; round++) await append([...otherwise, ...unreadable], 'abort')

    let fetched = 0
    proxy.lose = (request) => {
      if (request === offsetFetch && fetched++ === 0) proxy.freeze()
      return false
    }
    job.startWorker(0)
    await eventually(() => fetched > 0 && job.statuses[0]?.state === 'restoring', { what: 'A restore that is under way' })
    await job.stopWorker(0)
    proxy.cut()
    proxy.thaw()

    job.startWorker(0)
    await eventually(() => job.statuses[0]?.state === 'running' && job.statuses[0].tasks.length === 4, { what: 'The restored tasks' })
    t.deepEqual(held(), before)
    await assertExact(t, run, 5_000)

    // The same rows, had they counted.
    await job.crash(0)
    await append(otherwise, 'commit')
    job.startWorker(0)
    await eventually(() => job.statuses[0]?.state === 'running' && job.statuses[0].tasks.length === 4, { what: 'The tasks with other rows' })
    t.notDeepEqual(held(), before)
    await job.crash(0)
    await append(unreadable, 'commit')
    job.startWorker(0)
    await eventually(() => job.statuses[0]?.error?.code === 'changelog-corrupt', { what: 'The refusal of what is no row' })
  },
)

test.serial(
  'a worker that crashes right after its restore, with output of a transaction already in the log, restores what was committed',
  async (t) => {
    const run = await new JobRun(t, { processing: { commitIntervalMs: 2_000, outputLingerMs: 5 } }).createTopics()
    const job = await run.start(1)
    await run.send(orders({ count: 2_000, partitions: 4 }))
    await run.drained()
    const ends = async (): Promise<number> => {
      const offsets = await Promise.all([0, 1, 2, 3].map((partition) => run.kafka.reader.listOffset(run.output, partition, 'highWatermark')))
      return offsets.reduce((sum, offset) => sum + offset, 0)
    }
    for (let round = 1; round <= 3; round++) {
      const [output, committed] = [await ends(), await run.committed()]
      await job.crash(0)
      await run.send(orders({ count: 2_000, partitions: 4, from: start + round * 2_000, seed: round }))
      job.startWorker(0)
      // The marker of an aborted transaction is one record in each partition.
      await eventually(async () => (await ends()) > output + 4, { what: 'Output of the open transaction' })
      await job.crash(0)
      t.deepEqual(await run.committed(), committed, 'the crash came before the commit')
      job.startWorker(0)
      await run.drained()
    }
    await assertExact(t, run, 8_000)
  },
)

interface Row {
  readonly partition: number
  readonly key: Buffer
  /** Null: it is gone. */
  readonly newest: Buffer | null
  /** The newest value before it was gone. */
  readonly older: Buffer | null
}

/** Of a changelog of state; position rows are left out. */
async function rowsOf({ kafka: { reader } }: JobRun, changelog: string): Promise<readonly Row[]> {
  const rows = new Map<string, Row>()
  for (const partition of [0, 1, 2, 3]) {
    const end = await reader.listOffset(changelog, partition, 'highWatermark')
    const start = await reader.listOffset(changelog, partition, 'earliest')
    for await (const block of reader.readRange(changelog, partition, start, end, new AbortController().signal)) {
      for (let i = 0; i < block.count; i++) {
        if (!isRowKey(block.bytes, block.keyStart[i]!)) continue
        const key = Buffer.from(block.bytes.subarray(block.keyStart[i], block.keyEnd[i]))
        const newest = block.valueStart[i]! < 0 ? null : Buffer.from(block.bytes.subarray(block.valueStart[i], block.valueEnd[i]))
        const place = `${partition} ${key.toString('hex')}`
        const known = rows.get(place)
        rows.set(place, { partition, key, newest, older: newest ?? known?.newest ?? known?.older ?? null })
      }
    }
  }
  return [...rows.values()]
}
