/** What a log does over time: forgetting, deleting, compacting. */
import test from 'ava'
import { decodeBatch } from '../../../../runtime/kafka/batch/decode.ts'
import { readBatchHeader } from '../../../../runtime/kafka/batch/header.ts'
import type { FetchedPartition } from '../../../../runtime/kafka/transport.ts'
import type { LoggedBatch } from '../../../../runtime/testing/broker/log/batch.ts'
import { batch, epoch, World } from './world.ts'

/** `offset key=value@time` of what stands in the batches, markers by their name, empty batches by their last offset. */
function shown(batches: readonly LoggedBatch[]): string[] {
  return batches.flatMap(({ bytes, marker, baseOffset, lastOffset, count, control }) => {
    if (marker !== null) return [`${baseOffset} ${marker}`]
    if (count === 0) return [`..${lastOffset} empty${control ? ' marker' : ''}`]
    const block = decodeBatch(readBatchHeader(bytes, 0)!, { topic: 't', partition: 0, from: 0 })
    const text = (from: Int32Array, to: Int32Array, i: number): string => (from[i]! < 0 ? 'null' : block.bytes.toString('utf8', from[i], to[i]))
    return Array.from({ length: block.count }, (_, i) => {
      const record = `${text(block.keyStart, block.keyEnd, i)}=${text(block.valueStart, block.valueEnd, i)}`
      return `${block.offsets[i]} ${record}@${block.timestamps[i]! - epoch}`
    })
  })
}

const logOf = (world: World): string[] => shown(world.cluster.partition('t', 0).batches)
const compacted = { 'cleanup.policy': 'compact', 'delete.retention.ms': '1000' }

async function fetched(world: World, offset: number, maxBytes: number): Promise<FetchedPartition> {
  const topicId = (await world.passing(world.channel.metadata(['t']))).topics[0]!.id
  const partitions = [{ topic: 't', topicId, partition: 0, offset, maxBytes }]
  return (await world.passing(world.channel.fetch(1, { maxWaitMs: 0, minBytes: 1, maxBytes, partitions }))).partitions[0]!
}

test('compaction keeps the last value of each key, at its offset and with its time', async (t) => {
  const world = new World()
  world.topic('t', { config: compacted })
  await world.write(
    't',
    batch([
      { key: 'a', value: '0', timestamp: epoch },
      { key: 'b', value: '1', timestamp: epoch + 7 },
      { key: 'c', value: '2', timestamp: epoch + 5 },
    ]),
  )
  await world.write('t', batch([{ key: 'a', value: '3' }]))
  world.cluster.compact('t')
  t.deepEqual(logOf(world), ['1 b=1@7', '2 c=2@5', '3 a=3@0'])
  t.like(world.cluster.partition('t', 0), { logStart: 0, highWatermark: 4 })
})

test('a tombstone stays for delete.retention.ms after the first pass that finds it, and records around it keep their times', async (t) => {
  const world = new World()
  world.topic('t', { config: compacted })
  await world.write('t', batch([{ key: 'a', value: '0' }]))
  await world.write(
    't',
    batch([
      { key: 'b', value: '1', timestamp: epoch + 20_000 },
      { key: 'a', value: null, timestamp: epoch + 3 },
    ]),
  )
  await world.write('t', batch([{ key: 'c', value: '2' }]))
  await world.pass(5_000)
  world.cluster.compact('t')
  const after = ['1 b=1@20000', '2 a=null@3', '3 c=2@0']
  t.deepEqual(logOf(world), after)
  await world.pass(999)
  world.cluster.compact('t')
  t.deepEqual(logOf(world), after)
  await world.pass(2)
  world.cluster.compact('t')
  t.deepEqual(logOf(world), ['1 b=1@20000', '3 c=2@0'])
})

test('compaction leaves what its producer may still be asked about: the batch with its last sequence, emptied', async (t) => {
  const world = new World()
  world.topic('t', { config: compacted })
  const producer = { producerId: 900, epoch: 0, transactional: false }
  await world.write('t', batch([{ key: 'a', value: '0' }], producer))
  await world.write('t', batch([{ key: 'a', value: '1' }], { ...producer, sequence: 1 }))
  await world.write('t', batch([{ key: 'a', value: '2' }]))
  world.cluster.compact('t')
  t.deepEqual(logOf(world), ['..1 empty', '2 a=2@0'])
  t.like(await world.write('t', batch([{ key: 'a', value: '1' }], { ...producer, sequence: 1 })), { error: 0, baseOffset: 1 })
})

test('aborted records go at once, their marker after its time, committed markers with the last record of their transaction', async (t) => {
  const world = new World()
  world.topic('t', { config: compacted })
  const producer = await world.producer('p')
  const transaction = async (sequence: number, value: string, commit: boolean): Promise<void> => {
    await world.add(producer, 't')
    await world.write('t', batch([{ key: 'a', value }], { ...producer, sequence }), { transactionalId: 'p' })
    await world.end(producer, commit)
    await world.pass(20)
  }
  await transaction(0, 'aborted', false)
  await transaction(1, 'committed', true)
  await transaction(2, 'newer', true)
  world.cluster.compact('t')
  // The abort marker is found useless in the pass after the one that took its records.
  t.deepEqual(logOf(world), ['1 abort', '3 commit', '4 a=newer@0', '5 commit'])
  world.cluster.compact('t')
  await world.pass(1_001)
  world.cluster.compact('t')
  t.deepEqual(logOf(world), ['4 a=newer@0', '5 commit'])
})

test('what lies behind the last stable offset is not touched by compaction', async (t) => {
  const world = new World()
  world.topic('t', { config: compacted })
  const producer = await world.producer('p')
  await world.write('t', batch([{ key: 'a', value: '0' }]))
  await world.write('t', batch([{ key: 'a', value: '1' }]))
  await world.add(producer, 't')
  await world.write('t', batch([{ key: 'a', value: 'open' }], producer), { transactionalId: 'p' })
  await world.write('t', batch([{ key: 'a', value: '3' }]))
  world.cluster.compact('t')
  t.deepEqual(logOf(world), ['1 a=1@0', '2 a=open@0', '3 a=3@0'])
})

test('retention goes by the time of the records: old events are deleted by the next check', async (t) => {
  const world = new World()
  world.topic('t', { config: { 'retention.ms': '3600000' } })
  await world.write('t', batch([{ timestamp: epoch - 86_400_000 }]))
  t.is(world.cluster.partition('t', 0).logStart, 0)
  await world.pass(301_000)
  t.like(world.cluster.partition('t', 0), { logStart: 1, highWatermark: 1 })
})

test('a producer whose records are a day old is forgotten by the next check, and may then begin with any sequence', async (t) => {
  const world = new World()
  world.topic('t')
  const old = { producerId: 900, epoch: 0, transactional: false }
  await world.write('t', batch([{ timestamp: epoch - 86_400_000 }], old))
  t.is((await world.write('t', batch([{}], { ...old, sequence: 5 }))).error, 45)
  await world.pass(601_000)
  t.is((await world.write('t', batch([{}], { ...old, sequence: 5 }))).error, 0)
})

test('aborted transactions are listed as far as the sparse index of the log knows, not as far as the answer goes', async (t) => {
  const world = new World()
  world.topic('t')
  const [p, q] = [await world.producer('p'), await world.producer('q')]
  for (const producer of [p, q]) {
    await world.add(producer, 't')
    await world.write('t', batch([{ value: 'x'.repeat(100) }], producer), { transactionalId: producer.transactionalId })
    await world.end(producer, false)
    await world.pass(20)
  }
  const one = await fetched(world, 0, 1)
  t.is(one.records.length, world.cluster.partition('t', 0).batches[0]!.bytes.length)
  t.deepEqual(one.aborted, [
    { producerId: p.producerId, firstOffset: 0 },
    { producerId: q.producerId, firstOffset: 2 },
  ])
  t.deepEqual((await fetched(world, 2, 1)).aborted, [{ producerId: q.producerId, firstOffset: 2 }])
})

test('an answer does not go over the end of a segment', async (t) => {
  const world = new World()
  world.topic('t', { config: { 'segment.bytes': '200' } })
  for (let i = 0; i < 5; i++) await world.write('t', batch([{}]))
  const { batches } = world.cluster.partition('t', 0)
  const two = batches[0]!.bytes.length * 2
  t.is((await fetched(world, 0, 10_000)).records.length, two)
  t.is((await fetched(world, 4, 10_000)).records.length, two / 2)
})
