/** The real command as a process of its own, on a real broker: what goes in as files comes out as files, whatever happens to the workers. */
import { spawn } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import { dev, linesOf, main, partitionsOf, sampleOf, sequences } from '../../support/dev-command.ts'
import type { Sample } from '../../support/dev-command.ts'
import { eventually } from '../../support/eventually.ts'
import { brokers } from '../../support/kafka.ts'
import { randomOf } from '../../support/orders.ts'
import { windowOracle } from '../../support/window-oracle.ts'

interface Order {
  readonly customer: string
  readonly amount: number
  readonly at: number
}

/** Seeded orders, out of order by up to 8 s and some far more, a few of them broken; early in 1970, where the plain model is quick. */
async function writeOrders(sample: Sample, count: number, from = 0): Promise<string> {
  const random = randomOf(11)
  const lines = Array.from({ length: count }, (_, i) => {
    const odd = random()
    const at = Math.max(0, Math.floor(from + i * 100 - (odd < 0.01 ? 200_000 : random() * 8_000)))
    const order: Order = { customer: `customer-${Math.floor(random() * 20)}`, amount: Math.floor(random() * 100) - 5, at }
    const value = odd > 0.99 ? { base64: Buffer.from('{"customer":').toString('base64') } : order
    return JSON.stringify({ key: odd > 0.98 && odd <= 0.99 ? null : order.customer, value, timestamp: at })
  })
  await writeFile(join(sample.folder, 'orders.ndjson'), `${lines.join('\n')}\n`)
  return `${sample.input}=orders.ndjson`
}

test.serial('revenue.yaml gives what the plain model gives, and every other record is late or a dead letter', async (t) => {
  const sample = await sampleOf(t, 'revenue.yaml', 'orders', 'revenue-per-minute')
  const input = await writeOrders(sample, 4_000)
  const { code, err } = await dev(sample, '--input', input, '--until-idle', '--output', 'out')
  t.is(code, 0, err)
  const found = await linesOf(sample, 'out', sample.output)
  const late = await linesOf(sample, 'out', `default.${sample.name}.late`)
  const dead = await linesOf(sample, 'out', `default.${sample.name}.dlq`)
  const sent = (await readFile(join(sample.folder, 'orders.ndjson'), 'utf8')).trim().split('\n').length
  let expected: string[] = []
  let lateCount = 0
  let dropped = 0
  for (const lines of await partitionsOf(sample)) {
    // A dead letter has no effect. An order of nothing is dropped by the filter, before anybody asks for its key, and its time counts: the plain model sees
    // it under a key of its own.
    const orders = lines.flatMap(({ key, value }) => (key === null && (value as Order).amount > 0 ? [] : [value as Order]))
    const records = orders.map(({ customer, amount, at }) => ({ key: amount > 0 ? customer : '', timestamp: at, amount }))
    const window = { size: 60_000, slide: 60_000, offset: 0, lateness: 30_000 }
    const { results, late: lateRecords } = windowOracle(records, window, 10_000, true)
    dropped += records.filter(({ key }) => key === '').length
    lateCount += lateRecords.filter(({ index }) => records[index]?.key !== '').length
    expected = [
      ...expected,
      ...results
        .filter(({ key }) => key !== '')
        .map(({ key, windowStart, windowEnd, n, total }) => JSON.stringify({ key, windowStart, windowEnd, orders: n, total })),
    ]
  }
  t.true(expected.length > 100)
  t.deepEqual(found.map(({ value }) => JSON.stringify(value)).toSorted(), expected.toSorted())
  t.true(lateCount > 0)
  t.is(late.length, lateCount)
  t.true(
    found.every(
      ({ key, timestamp, value }) => key === (value as { key: string }).key && timestamp === (value as { windowEnd: number }).windowEnd - 1,
    ),
  )
  const counted = found.reduce((sum, { value }) => sum + (value as { orders: number }).orders, 0)
  t.is(counted + late.length + dead.length + dropped, sent)
  t.deepEqual(new Set(dead.map(({ headers }) => headers['streamjob.reason'])), new Set(['null-key', 'undecodable']))
})

for (const parallelism of [1, 2, 3]) {
  test.serial(`killed workers change nothing in what each key gets: ${parallelism} of them`, async (t) => {
    const sample = await sampleOf(t, 'revenue.ts', 'orders', 'revenue-per-minute')
    const input = await writeOrders(sample, 3_000)
    const calm = await dev(sample, '--input', input, '--until-idle', '--output', 'calm')
    t.is(calm.code, 0, calm.err)
    const wild = await dev(sample, '--input', input, '--until-idle', '--output', 'wild', '--crash-every', '250', '--parallelism', String(parallelism))
    t.is(wild.code, 0, wild.err)
    const kills = Number(/workers were killed (\d+) times/.exec(wild.err)?.[1])
    t.true(kills >= 5 && kills <= 24, wild.err)
    t.deepEqual(await sequences(sample, 'wild'), await sequences(sample, 'calm'))
  })
}

test.serial('alerts.yaml and alerts.ts give the same, written down here', async (t) => {
  for (const extension of ['yaml', 'ts']) {
    const sample = await sampleOf(t, `alerts.${extension}`, 'readings', 'alerts')
    const readings = [
      { key: 's1', value: { sensor: 's1', celsius: 90, tags: ['hall', 'north'] }, timestamp: 10, partition: 3 },
      { key: 's1', value: { sensor: 's1', celsius: 70, tags: ['hall'] }, timestamp: 20, partition: 3 },
      { key: 's1', value: { sensor: 's1', celsius: 30.5, limit: 30, tags: ['cellar'] }, timestamp: 30, partition: 3 },
      { key: 's2', value: { sensor: 's2' }, timestamp: 40, partition: 0, headers: { trace: '7f' } },
    ]
    await writeFile(join(sample.folder, 'in.ndjson'), readings.map((line) => JSON.stringify(line)).join('\n'))
    const { code, err } = await dev(sample, '--input', `${sample.input}=in.ndjson`, '--until-idle', '--output', 'out')
    t.is(code, 0, err)
    const found = await linesOf(sample, 'out', sample.output)
    t.deepEqual(
      found.map(({ key, value, timestamp }) => [key, value, timestamp]),
      [
        ['s1', { sensor: 's1', tag: 'hall', above: 10 }, 10],
        ['s1', { sensor: 's1', tag: 'north', above: 10 }, 10],
        ['s1', { sensor: 's1', tag: 'cellar', above: 0.5 }, 30],
      ],
    )
    const [dead, ...more] = await linesOf(sample, 'out', `default.${sample.name}.dlq`)
    t.like(dead, { key: 's2', value: { sensor: 's2' }, headers: { trace: '7f', 'streamjob.reason': 'undecodable', 'streamjob.partition': '0' } })
    t.is(more.length, 0)
  }
})

test.serial('the files of one run are the input of another', async (t) => {
  const sample = await sampleOf(t, 'alerts.yaml', 'readings', 'alerts')
  await writeFile(join(sample.folder, 'in.ndjson'), '{"key": "s", "value": {"sensor": "s"}, "headers": {"a": ["1", null]}}\n')
  await dev(sample, '--input', `${sample.input}=in.ndjson`, '--until-idle', '--output', 'first')
  const letters = `first/default.${sample.name}.dlq.ndjson`
  const { code, err } = await dev(sample, '--input', `${sample.input}=${letters}`, '--until-idle', '--output', 'second')
  t.is(code, 0, err)
  const [again] = await linesOf(sample, 'second', `default.${sample.name}.dlq`)
  t.is(again?.key, 's')
  t.deepEqual(again?.headers['a'], ['1', null] as unknown as string)
})

test.serial('with --no-fresh a run goes on where the last one ended, and the windows that it closed stay closed', async (t) => {
  const sample = await sampleOf(t, 'revenue.yaml', 'orders', 'revenue-per-minute')
  const send = async (name: string, ...orders: readonly Order[]): Promise<string> => {
    const lines = orders.map((value) => JSON.stringify({ key: value.customer, value, timestamp: value.at }))
    await writeFile(join(sample.folder, name), lines.join('\n'))
    return `${sample.input}=${name}`
  }
  const results = async (folder: string): Promise<unknown[]> => {
    const rows = (await linesOf(sample, folder, sample.output)).map(({ value }) => value as Readonly<Record<string, number>>)
    return rows.map((row) => [row['windowStart'], row['orders'], row['total']])
  }
  //   the first run closes [0, 60 s) at its end; 20 s is late then, 70 s opens the next window
  const first = await send('first.ndjson', { customer: 'a', amount: 1, at: 10_000 })
  t.is((await dev(sample, '--input', first, '--until-idle', '--output', 'one')).code, 0)
  t.deepEqual(await results('one'), [[0, 1, 1]])
  const second = await send('second.ndjson', { customer: 'a', amount: 2, at: 20_000 }, { customer: 'a', amount: 4, at: 100_000 })
  const { code, err } = await dev(sample, '--input', second, '--no-fresh', '--until-idle', '--output', 'two')
  t.is(code, 0, err)
  t.deepEqual(await results('two'), [
    [0, 1, 1],
    [60_000, 1, 4],
  ])
  t.is((await linesOf(sample, 'two', `default.${sample.name}.late`)).length, 1)
  t.is((await dev(sample, '--input', first, '--until-idle', '--output', 'three')).code, 0)
  t.deepEqual(await results('three'), [[0, 1, 1]], 'a run with --input starts afresh')
})

test.serial('without --output each result is a line on standard output', async (t) => {
  const sample = await sampleOf(t, 'revenue.yaml', 'orders', 'revenue-per-minute')
  const input = await writeOrders(sample, 100)
  const { code, out, err } = await dev(sample, '--input', input, '--until-idle')
  t.is(code, 0, err)
  const lines = out
    .trim()
    .split('\n')
    .filter((line) => line.startsWith(sample.output))
  t.true(lines.length > 5)
  for (const line of lines) t.regex(line, / {2}1970-01-01T[0-9:.]+Z {2}customer-\d+ {2}\{"key":"customer-\d+",.*\}$/)
})

test.serial('Ctrl-C commits and ends', async (t) => {
  const sample = await sampleOf(t, 'alerts.ts', 'readings', 'alerts')
  await writeFile(join(sample.folder, 'in.ndjson'), '{"key": "s", "value": {"sensor": "s", "celsius": 90, "tags": ["t"]}}\n'.repeat(50))
  const args = [main, 'dev', sample.file, '--kafka', brokers().join(','), '--input', `${sample.input}=in.ndjson`]
  const child = spawn(process.execPath, args, { cwd: sample.folder, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = Promise.withResolvers<number | null>()
  child.on('close', ended.resolve)
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
  await eventually(() => out.includes(sample.output), { timeoutMs: 60_000 })
  child.kill('SIGINT')
  t.is(await ended.promise, 0)
  t.is(out.trim().split('\n').length, 50)
  const next = await dev(sample, '--until-idle')
  t.is(next.code, 0, next.err)
  t.is(next.out, '', 'nothing is left to be done')
})

test.serial('a topic that something else has made is not touched', async (t) => {
  const sample = await sampleOf(t, 'alerts.yaml', 'readings', 'alerts')
  const { connectAdmin } = await import('../../../runtime/kafka/kafkajs/admin.ts')
  await using admin = connectAdmin({ brokers: brokers() }, { clientId: 'test' })
  await admin.createTopic({ topic: sample.input, partitions: 1, replicationFactor: 1, config: {} })
  await writeFile(join(sample.folder, 'in.ndjson'), '{"value": 1}\n')
  const args = ['--input', `${sample.input}=in.ndjson`, '--until-idle', '--output', 'out']
  const refused = await dev(sample, ...args)
  t.is(refused.code, 2)
  t.regex(refused.err, new RegExp(`^The topic ${sample.input} exists and was not made by streamjob dev`))
  const added = await dev(sample, ...args, '--no-fresh')
  t.is(added.code, 0, added.err)
  t.is((await linesOf(sample, 'out', `default.${sample.name}.dlq`)).length, 1)
})

test.serial('a topic that does not exist, and brokers that do not answer, are named', async (t) => {
  const sample = await sampleOf(t, 'alerts.yaml', 'readings', 'alerts')
  const missing = await dev(sample, '--until-idle')
  t.is(missing.code, 2)
  t.regex(missing.err, new RegExp(`^The topic ${sample.input} does not exist; make it, or give its records: --input ${sample.input}=FILE`))
  const nowhere = await dev(sample, '--kafka', '127.0.0.1:1')
  t.is(nowhere.code, 1)
  t.regex(nowhere.err, /^kafka-unreachable: .*127\.0\.0\.1:1/)
})

test.serial('a record that fails although it must not ends the run with the reason', async (t) => {
  const sample = await sampleOf(t, 'alerts.yaml', 'readings', 'alerts')
  await writeFile(sample.file, `${await readFile(sample.file, 'utf8')}  errors: { undecodable: Fail }\n`)
  await writeFile(join(sample.folder, 'in.ndjson'), '{"value": "no reading"}\n')
  const { code, err } = await dev(sample, '--input', `${sample.input}=in.ndjson`, '--until-idle')
  t.is(code, 1)
  t.regex(err, /record-failed: The record at .*, partition 0, offset 0 failed \(undecodable\)/)
})
