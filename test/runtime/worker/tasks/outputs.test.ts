/** Where the records of a task go, by which policy, and what they say about where they came from. */
import test from 'ava'
import { encodeKey, partitionFor } from '../../../../runtime/formats/key.ts'
import { StreamJobError } from '../../../../runtime/errors.ts'
import type { RecordHeader } from '../../../../runtime/kafka/records.ts'
import { TaskOutput } from '../../../../runtime/worker/tasks/outputs.ts'
import type { OutputOptions, RecordAppender } from '../../../../runtime/worker/tasks/outputs.ts'
import { blockOf } from '../../../support/blocks.ts'

interface Sent {
  readonly topic: string
  readonly partition: number
  readonly key: string | null
  readonly value: string | null
  readonly timestamp: number
  readonly headers: Readonly<Record<string, string>>
}

function appender(): { readonly to: RecordAppender; readonly sent: Sent[] } {
  const sent: Sent[] = []
  const text = (bytes: Uint8Array | null, start: number, end: number): string | null =>
    bytes === null ? null : Buffer.from(bytes).toString('utf8', start, end)
  const to: RecordAppender = {
    append(topic, partition, key, keyStart, keyEnd, value, valueStart, valueEnd, timestamp, headers) {
      const named = Object.fromEntries(headers.map((one: RecordHeader) => [one.key, Buffer.from(one.value ?? []).toString()]))
      sent.push({ topic, partition, key: text(key, keyStart, keyEnd), value: text(value, valueStart, valueEnd), timestamp, headers: named })
    },
  }
  return { to, sent }
}

function outputOf(options: Partial<OutputOptions> = {}): { output: TaskOutput; outputs: Sent[]; transactional: Sent[] } {
  const [outputs, transactional] = [appender(), appender()]
  const output = new TaskOutput({
    input: { topic: 'in', partition: 5 },
    sinks: [{ topic: 'out', partitions: 3, isStage: false }],
    late: { topic: 'late', partitions: 4 },
    deadLetter: { topic: 'dlq', partitions: 2 },
    policies: { undecodable: 'DeadLetter', processing: 'DeadLetter', late: 'DeadLetter' },
    producers: { outputs: outputs.to, transactional: transactional.to },
    maxDroppedBytes: 100,
    ...options,
  })
  output.block = blockOf([
    { key: 'k0', value: 'v0', timestamp: 10, offset: 40 },
    { key: null, value: null, timestamp: 11, offset: 42, headers: [{ key: 'trace', value: Buffer.from('abc') }] },
    { key: 'k2', value: 'x'.repeat(99), timestamp: 12, offset: 43 },
  ])
  return { output, outputs: outputs.sent, transactional: transactional.sent }
}

const late = {
  index: 0,
  transform: 'w',
  value: Buffer.from('{"a":1}'),
  key: Buffer.from('k0'),
  timestamp: 9,
  windowStart: 0,
  windowEnd: 10,
  watermark: 15,
}

test('a result goes to the partition of its key, by the partitioner of Kafka', (t) => {
  const { output, outputs } = outputOf()
  const key = encodeKey('customer-7')
  output.emit(0, key, 0, key.length, Buffer.from('{}'), 7, [])
  t.like(outputs[0], { topic: 'out', partition: partitionFor(key, 0, key.length, 3), key: 'customer-7', value: '{}', timestamp: 7 })
})

test('a result without key goes to the partition of its input, modulo the partitions of the sink', (t) => {
  const { output, outputs } = outputOf()
  output.emit(0, null, 0, 0, null, 7, [])
  t.like(outputs[0], { partition: 2, key: null, value: null })
})

test('a dead letter has the original key, value and headers, and its coordinates', (t) => {
  const { output, outputs, transactional } = outputOf()
  output.deadLetter(0, 'undecodable', 'no JSON')
  output.deadLetter(1, 'null-key', 'the key is null')
  t.deepEqual(outputs, [])
  const place = { 'streamjob.topic': 'in', 'streamjob.partition': '5' }
  t.deepEqual(transactional, [
    {
      topic: 'dlq',
      partition: 1,
      key: 'k0',
      value: 'v0',
      timestamp: 10,
      headers: { ...place, 'streamjob.reason': 'undecodable', 'streamjob.offset': '40', 'streamjob.timestamp': '10', 'streamjob.message': 'no JSON' },
    },
    {
      topic: 'dlq',
      partition: 1,
      key: null,
      value: null,
      timestamp: 11,
      headers: {
        trace: 'abc',
        ...place,
        'streamjob.reason': 'null-key',
        'streamjob.offset': '42',
        'streamjob.timestamp': '11',
        'streamjob.message': 'the key is null',
      },
    },
  ])
})

test('a dead letter that is too large keeps its coordinates and says how large it was', (t) => {
  const { output, transactional } = outputOf()
  output.deadLetter(2, 'processing', 'boom')
  t.like(transactional[0], { key: null, value: null, timestamp: 12 })
  t.like(transactional[0]?.headers, { 'streamjob.offset': '43', 'streamjob.truncated': '101', 'streamjob.reason': 'processing' })
})

test('a late record that is too large keeps its coordinates too', (t) => {
  const { output, transactional } = outputOf()
  output.late({ ...late, value: Buffer.alloc(200) })
  t.like(transactional[0], { topic: 'late', key: null, value: null })
  t.like(transactional[0]?.headers, { 'streamjob.offset': '40', 'streamjob.truncated': '202', 'streamjob.window-start': '0' })
})

test('a long message is cut', (t) => {
  const { output, transactional } = outputOf()
  output.deadLetter(0, 'processing', 'y'.repeat(5_000))
  t.is(transactional[0]?.headers['streamjob.message']?.length, 1_000)
})

test('the result of a window that failed has no offset: it comes from no record alone', (t) => {
  const { output, transactional } = outputOf()
  output.deadLetter(-1, 'processing', 'the result of window w failed')
  t.like(transactional[0], { key: null, value: null })
  t.deepEqual(
    Object.keys(transactional[0]?.headers ?? {}).toSorted(),
    ['message', 'partition', 'reason', 'topic'].map((name) => `streamjob.${name}`),
  )
})

test('a late record says which window it missed, and at which watermark', (t) => {
  const { output, transactional } = outputOf()
  output.late(late)
  t.like(transactional[0], { topic: 'late', partition: 1, key: 'k0', value: '{"a":1}', timestamp: 9 })
  t.like(transactional[0]?.headers, {
    'streamjob.reason': 'late',
    'streamjob.transform': 'w',
    'streamjob.window-start': '0',
    'streamjob.window-end': '10',
    'streamjob.watermark': '15',
    'streamjob.offset': '40',
  })
})

test('Skip keeps nothing, and needs no topics', (t) => {
  const skip = { undecodable: 'Skip', processing: 'Skip', late: 'Skip' } as const
  const { output, transactional } = outputOf({ policies: skip, late: null, deadLetter: null })
  output.late(late)
  for (const reason of ['undecodable', 'null-key', 'key-mismatch', 'bad-timestamp', 'future-timestamp', 'processing'] as const)
    output.deadLetter(0, reason, '')
  t.deepEqual(transactional, [])
})

test('Fail is an error that names the record and what can be done', (t) => {
  const { output } = outputOf({ policies: { undecodable: 'Fail', processing: 'DeadLetter', late: 'Fail' } })
  const undecodable = t.throws(() => output.deadLetter(1, 'null-key', 'the key is null'), { instanceOf: StreamJobError })
  t.is(undecodable?.code, 'record-failed')
  t.regex(undecodable?.message ?? '', /in, partition 5, offset 42 failed \(null-key\): the key is null\. .*spec\.errors/)
  t.regex(t.throws(() => output.late(late))?.message ?? '', /offset 40 failed \(late\): its window \[0, 10\) closed at watermark 15/)
  t.notThrows(() => output.deadLetter(0, 'processing', ''))
})
