/** What the log cleaner leaves. */
import type { TestRecord } from '../client/batches.ts'
import { batchesIn } from '../client/batches.ts'
import type { KafkaUnderTest } from '../client/kafka.ts'
import type { RawTopic } from '../client/topic.ts'
import type { Behaviour } from '../suite.ts'

/** Batches further apart in time than that stand in segments of their own, and all but the newest segment are cleaned. */
const segmentMs = 1_000
const config = { 'cleanup.policy': 'compact', 'segment.ms': `${segmentMs}`, 'min.cleanable.dirty.ratio': '0.01' }

export function compactionCases(behaviour: Behaviour): void {
  behaviour('of each key the last value stays, at its offset, and the ends of the log are where they were', async (t, kafka) => {
    const log = await compactedLog(kafka)
    for (const [i, key] of ['a', 'b', 'a', 'c', 'b'].entries()) await log.append([{ key, value: `${i}` }])
    const records = await log.cleaned(3)
    t.deepEqual(
      records.map(({ offset, key, value }) => [offset, key, value]),
      [
        [2, 'a', '2'],
        [3, 'c', '3'],
        [4, 'b', '4'],
      ],
    )
    t.like(await log.topic.fetch(), { logStart: 0, error: 'NONE' })
    t.is(await log.topic.end(), 7)
  })

  behaviour('a fetch at an offset that was cleaned away begins with the next batch there is', async (t, kafka) => {
    const log = await compactedLog(kafka)
    for (const [i, key] of ['a', 'a', 'a', 'b'].entries()) await log.append([{ key, value: `${i}` }])
    await log.cleaned(2)
    t.is(batchesIn((await log.topic.fetch({ offset: 1 })).records)[0]?.lastOffset, 2)
  })

  behaviour('a batch that loses records keeps its last offset', async (t, kafka) => {
    const log = await compactedLog(kafka)
    await log.append(['a', 'b', 'c'].map((key) => ({ key, value: 'old' })))
    await log.append(['a', 'c'].map((key) => ({ key, value: 'new' })))
    await log.cleaned(3)
    t.like(batchesIn((await log.topic.fetch()).records)[0], { lastOffset: 2, count: 1 })
  })

  behaviour('an open transaction holds the cleaner back', async (t, kafka) => {
    const [log, watched] = [await compactedLog(kafka), await compactedLog(kafka)]
    const producer = await kafka.producer()
    await log.append([{ key: 'a', value: '0' }])
    await producer.addAndWrite(log.topic, log.stamped([{ key: 'b', value: 'open' }]))
    for (const value of ['1', '2']) await log.append([{ key: 'a', value }])
    for (const value of ['0', '1', '2']) await watched.append([{ key: 'a', value }])
    await log.close()
    await watched.cleaned(1)
    await producer.end('commit')
    await log.topic.settled()
    t.deepEqual((await log.topic.values()).slice(0, 3), ['0', 'open', '1'])
  })

  behaviour('aborted records are cleaned away, and read as nothing before and after', async (t, kafka) => {
    const log = await compactedLog(kafka)
    const producer = await kafka.producer()
    await producer.addAndWrite(log.topic, log.stamped([{ key: 'lost', value: 'x' }]))
    await producer.end('abort')
    await log.topic.settled()
    for (const [i, key] of ['a', 'a', 'b'].entries()) await log.append([{ key, value: `${i}` }])
    t.false((await log.topic.values()).includes('x'))
    const records = await log.cleaned(2)
    t.deepEqual(
      records.map(({ value }) => value),
      ['1', '2'],
    )
    const batches = batchesIn((await log.topic.fetch()).records)
    t.false(batches.some(({ baseOffset, count }) => baseOffset === 0 && count > 0))
  })

  behaviour('an aborted value does not displace the one before it, a committed value does', async (t, kafka) => {
    const log = await compactedLog(kafka)
    const producer = await kafka.producer()
    for (const value of ['0', '1']) await log.append(['a', 'b', 'c'].map((key) => ({ key, value })))
    for (const [key, outcome] of [
      ['a', 'abort'],
      ['b', 'commit'],
    ] as const) {
      await producer.addAndWrite(log.topic, log.stamped([{ key, value: outcome }]))
      await producer.end(outcome)
      await log.topic.settled()
    }
    const records = await log.cleaned(3)
    t.deepEqual(
      records.map(({ key, value }) => `${key}: ${value}`),
      ['a: 1', 'c: 1', 'b: commit'],
    )
  })

  behaviour('a tombstone stays for the time that the topic says, so that readers learn of it, and is then cleaned away', async (t, kafka) => {
    const log = await compactedLog(kafka, { 'delete.retention.ms': '1500' })
    await log.append([{ key: 'a', value: '0' }])
    await log.append([{ key: 'a', value: null }])
    t.deepEqual(
      (await log.cleaned(1)).map(({ key, value }) => [key, value]),
      [['a', null]],
    )
    await kafka.target.timing.sleep(2_000)
    await log.cleaned(0)
  })
}

interface KeyedRecord {
  readonly key: string
  readonly value: string | null
}

/** A compacted topic in which each batch stands in a segment of its own. */
async function compactedLog(kafka: KafkaUnderTest, more: Readonly<Record<string, string>> = {}) {
  const topic: RawTopic = await kafka.topic({ config: { ...config, ...more } })
  let time = kafka.target.epochMs()
  const stamped = (records: readonly KeyedRecord[]): readonly TestRecord[] => {
    time += 2 * segmentMs
    return records.map((record) => ({ ...record, timestamp: time }))
  }
  const append = async (records: readonly KeyedRecord[]): Promise<void> => {
    await topic.write(stamped(records))
  }
  /** The newest segment is not cleaned, so what is there already is followed by two more. */
  const close = async (): Promise<void> => {
    for (const key of closing) await append([{ key, value: '' }])
    kafka.target.compact(topic.topic)
  }
  return {
    topic,
    stamped,
    append,
    close,
    /** Waits until the cleaner has left so many of the records that were written, and answers them. */
    async cleaned(left: number) {
      await close()
      return kafka.until('the cleaner has been there', async () => {
        const records = (await topic.committed()).filter(({ key }) => !closing.includes(key ?? ''))
        return records.length === left ? records : null
      })
    },
  }
}

const closing = ['closes a segment', 'is never cleaned']
