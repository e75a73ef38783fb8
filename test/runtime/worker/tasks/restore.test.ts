/** What a task is restored from, over a scripted Kafka. */
import test from 'ava'
import type { ExecutionContext } from 'ava'
import { names } from '../../../../runtime/protocol.ts'
import { PositionRow } from '../../../../runtime/worker/commits/positions.ts'
import { eventually } from '../../../support/eventually.ts'
import { app, countSteps, order, ScriptedWorker } from '../../../support/scripted-worker.ts'

const changelog = names.changelogTopic(app, 1, 'in')

/** A worker of another version of the program, with topics and offsets of the one before. */
async function upgraded(
  t: ExecutionContext,
  steps: readonly object[],
  prepare: (after: ScriptedWorker) => Promise<void> = () => Promise.resolve(),
): Promise<ScriptedWorker> {
  const before = await ScriptedWorker.start(t, { partitions: 1 })
  before.kafka.put('in', 0, order('a', 0), order('a', 10))
  await eventually(() => before.kafka.offsets.get('in-0')?.offset === 2)
  before.stop.abort()
  await before.ended
  const after = await ScriptedWorker.prepare(t, { partitions: 1, steps })
  after.kafka.put('in', 0, order('a', 0), order('a', 10))
  for (const [key, offset] of before.kafka.offsets) after.kafka.offsets.set(key, offset)
  after.kafka.log(changelog, 0).push(...before.kafka.log(changelog, 0))
  await prepare(after)
  after.go()
  return after
}

const [source, keyBy, window, aggregate, sink] = countSteps as [{ from: object; eventTime: object }, object, object, object, object]
const rest = [keyBy, window, aggregate, sink]

for (const [what, steps] of [
  ['computes something else', [source, keyBy, window, { aggregate: { name: 'n', fields: { n: { max: 'at' } } } }, sink]],
  ['has another size', [source, keyBy, { window: { tumbling: '2s', lateness: '0ms' } }, aggregate, sink]],
  ['slides', [source, keyBy, { window: { sliding: '1s', slide: '500ms', lateness: '0ms' } }, aggregate, sink]],
] as const) {
  test(`a window that keeps its name but ${what} does not go on with the rows of the one before`, async (t) => {
    const run = await upgraded(t, steps)
    await eventually(() => run.worker.status().error !== null)
    const { error } = run.worker.status()
    t.is(error?.code, 'changelog-corrupt')
    t.regex(error?.message ?? '', /"n".*another name/)
  })
}

test('a window goes on with its rows when only names of results and lateness have changed', async (t) => {
  const renamed = { aggregate: { name: 'n', fields: { records: { count: {} } } } }
  const run = await upgraded(t, [source, keyBy, { window: { tumbling: '1s', lateness: '5ms' } }, renamed, sink])
  run.kafka.put('in', 0, order('a', 1_500))
  await eventually(() => run.kafka.values('out').length > 0)
  t.deepEqual(run.kafka.values('out'), [{ key: 'a', windowStart: 0, windowEnd: 1_000, records: 2 }])
})

test('state that the program has no window for any more is named in the log', async (t) => {
  const other = { aggregate: { name: 'another', fields: { n: { count: {} } } } }
  const run = await upgraded(t, [source, keyBy, window, other, sink])
  const { fields } = await eventually(() => run.logged.find(({ message }) => message.includes('no longer has')))
  t.deepEqual(fields, { task: 'in/0', rows: { n: 1 } })
})

test('state of a window that has come into another stage is not left behind without a word', async (t) => {
  const stage = 'by-time'
  const run = await upgraded(t, [source, { keyBy: { field: 'at', name: stage } }, window, aggregate, sink], async (after) => {
    after.kafka.createTopic(names.repartitionTopic(app, 1, stage), 1)
    after.kafka.createTopic(names.changelogTopic(app, 1, stage), 1, 'its-changelog')
    const [first] = after.record.stages
    const source = { sourceTopic: names.repartitionTopic(app, 1, stage), writers: [{ stage: first!.name, partitions: 1 }] }
    await after.order({ stages: [first!, { name: stage, ...source, partitions: 1, changelogId: 'its-changelog' }] })
  })
  await eventually(() => run.worker.status().error !== null)
  const { error } = run.worker.status()
  t.is(error?.code, 'changelog-corrupt')
  t.regex(error?.message ?? '', /the state of "n" is kept in stage in, this program has it in stage by-time\. Give each keyBy/)
})

test('what rows mean is kept for windows that are away for a version', async (t) => {
  const other = { aggregate: { name: 'another', fields: { n: { max: 'at' } } } }
  const run = await upgraded(t, [source, keyBy, window, other, sink])
  run.kafka.put('in', 0, order('a', 20))
  await eventually(() => run.kafka.offsets.get('in-0')?.offset === 3)
  const row = run.kafka.log(changelog, 0).at(-1)?.value
  const { state } = PositionRow.parse(JSON.parse(String(row)))
  t.deepEqual(state, { n: 'count over 1000 ms every 1000 ms from 0 ms', another: 'max(at) over 1000 ms every 1000 ms from 0 ms' })
})

for (const [startFrom, start] of [
  ['Latest', { startFrom: 'Latest' }],
  ['Timestamp', { startFrom: 'Timestamp', startTimestamp: '2100-01-01T00:00:00Z' }],
] as const) {
  test(`with startFrom: ${startFrom} a partition that came later is read from its beginning, the others are not`, async (t) => {
    const run = await ScriptedWorker.prepare(t, {
      partitions: 2,
      steps: [{ from: { ...source.from, ...start }, eventTime: source.eventTime }, ...rest],
    })
    await run.order({ stages: [{ ...run.record.stages[0]!, partitionsAtStart: 1 }] })
    for (const partition of [0, 1]) run.kafka.put('in', partition, order(`p${partition}`, 0))
    run.go()
    await eventually(() => run.worker.status().tasks.length === 2 && run.kafka.offsets.size === 2)
    for (const partition of [0, 1]) run.kafka.put('in', partition, order(`p${partition}`, 1), order(`p${partition}`, 1_500))
    await eventually(() => run.kafka.values('out').length === 2)
    t.deepEqual(
      run.kafka.values('out').map((value) => {
        const { key, n } = value as { key: string; n: number }
        return `${key}: ${n}`
      }),
      ['p0: 1', 'p1: 2'],
    )
  })
}

test('a commit of somebody else that comes between two looks of a take-over is no reason to ask for a human', async (t) => {
  const before = await ScriptedWorker.start(t, { partitions: 1 })
  before.kafka.put('in', 0, order('a', 0), order('a', 10))
  await eventually(() => before.kafka.offsets.get('in-0')?.offset === 2)
  const [older, rows] = [before.kafka.offsets.get('in-0')!, [...before.kafka.log(changelog, 0)]]
  before.kafka.put('in', 0, order('a', 20))
  await eventually(() => before.kafka.offsets.get('in-0')?.offset === 3)
  before.stop.abort()
  await before.ended
  const newer = before.kafka.offsets.get('in-0')!

  const run = await ScriptedWorker.prepare(t, { partitions: 1 })
  run.kafka.put('in', 0, order('a', 0), order('a', 10), order('a', 20))
  run.kafka.offsets.set('in-0', older)
  run.kafka.log(changelog, 0).push(...rows)
  run.kafka.hook = ({ name, about }) => {
    if (name !== 'listOffset' || about !== `${changelog}-0` || run.kafka.log(changelog, 0).length > rows.length) return
    run.kafka.log(changelog, 0).push(...before.kafka.log(changelog, 0).slice(rows.length))
    run.kafka.offsets.set('in-0', newer)
  }
  run.go()
  await eventually(() => run.worker.status().tasks.length === 1)
  t.is(run.worker.status().tasks[0]?.committedOffset, '3')
  t.deepEqual(
    run.logged.filter(({ message }) => message === 'The job needs a human'),
    [],
  )
})
