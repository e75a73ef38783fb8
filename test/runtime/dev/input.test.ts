import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { checkInput, sendInput } from '../../../runtime/dev/input.ts'
import type { OutputProducer } from '../../../runtime/kafka/client.ts'

const folder = await mkdtemp(join(tmpdir(), 'streamjob-input-'))
test.after.always(() => rm(folder, { recursive: true, force: true }))

async function fileOf(name: string, text: string): Promise<string> {
  const file = join(folder, name)
  await writeFile(file, text)
  return file
}

/** Takes down what it is given. */
function producerOf(sent: string[]): OutputProducer & { flushes: number } {
  return {
    flushes: 0,
    failed: false,
    bufferedBytes: 0,
    append(topic, partition, key, _keyStart, _keyEnd, value, _valueStart, _valueEnd, timestamp) {
      sent.push(`${topic}/${partition} ${key === null ? '-' : Buffer.from(key).toString()} ${Buffer.from(value ?? []).toString()} @${timestamp}`)
    },
    flush() {
      this.flushes++
      return Promise.resolve()
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  }
}

let files = 0

async function send(text: string, options: { batchRecords?: number } = {}): Promise<{ sent: string[]; count: number; flushes: number }> {
  const file = await fileOf(`${files++}.ndjson`, text)
  const sent: string[] = []
  const producer = producerOf(sent)
  const { signal } = new AbortController()
  const count = await sendInput({ topic: 't', file }, { partitions: 4, producer, batchRecords: options.batchRecords ?? 100, clock: () => 5, signal })
  return { sent, count, flushes: producer.flushes }
}

test('records go where their key belongs, without a key in turn, or where they say', async (t) => {
  const { sent, count } = await send(
    '{"key": "foobar", "value": 1, "timestamp": 9}\n{"value": 2}\n{"value": 3}\n\n{"key": "foobar", "value": 4, "partition": 3}\n',
  )
  t.is(count, 4)
  // Kafka's hash of "foobar" is -790332482, of which the lower 31 bits modulo 4 are 2.
  t.deepEqual(sent, ['t/2 foobar 1 @9', 't/1 - 2 @5', 't/2 - 3 @5', 't/3 foobar 4 @5'])
})

test('empty lines, carriage returns, a byte order mark and a missing last line feed are fine', async (t) => {
  const { sent } = await send('\uFEFF{"value": 1}\r\n\r\n{"value": "\u2028"}')
  t.deepEqual(sent, ['t/0 - 1 @5', 't/1 - "\u2028" @5'])
})

test('a batch holds no more records than it may', async (t) => {
  const { flushes } = await send('{"value": 1}\n'.repeat(10), { batchRecords: 3 })
  t.is(flushes, 4)
})

test('every broken line is named by file and line', async (t) => {
  const file = await fileOf('broken.ndjson', '{"value": 1}\n\n{"value": \n{"value": 2, "partition": 4}\n{"key": 1}\n')
  const error = await t.throwsAsync(checkInput([{ topic: 't', file }], 4), { name: 'BadInput' })
  const lines = error.message.split('\n')
  t.true(lines[0]?.startsWith(`${file}:3: no JSON: `))
  t.is(lines[1], `${file}:4: partition 4: the topic has 4, from 0 to 3; see --partitions`)
  t.is(lines[2], `${file}:5: value is missing; null is a tombstone`)
})

test('a file that is missing or a folder is named', async (t) => {
  const missing = join(folder, 'missing.ndjson')
  await t.throwsAsync(checkInput([{ topic: 't', file: missing }], 4), { name: 'BadInput', message: `${missing}: there is no such file` })
  await t.throwsAsync(checkInput([{ topic: 't', file: folder }], 4), { name: 'BadInput', message: `${folder}: it is a folder` })
})
