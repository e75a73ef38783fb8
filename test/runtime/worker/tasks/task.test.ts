/** One task with its real stage and state: what is confirmed, what is pending, and the way back. */
import test from 'ava'
import { StreamJobError } from '../../../../runtime/errors.ts'
import { readHeaders } from '../../../../runtime/kafka/batch/headers.ts'
import { createStateStore } from '../../../../runtime/state/table-store.ts'
import { compileStage } from '../../../../runtime/transforms/compile.ts'
import { outcomeOf, resolveCommit } from '../../../../runtime/worker/commits/commit.ts'
import { TaskOutput } from '../../../../runtime/worker/tasks/outputs.ts'
import type { RecordAppender } from '../../../../runtime/worker/tasks/outputs.ts'
import { Task } from '../../../../runtime/worker/tasks/task.ts'
import type { CommitPoint } from '../../../../runtime/worker/tasks/task.ts'
import { TaskSet } from '../../../../runtime/worker/tasks/tasks.ts'
import { blockOf } from '../../../support/blocks.ts'
import { ScriptedKafka } from '../../../support/scripted-kafka.ts'
import { aggregate, eventTime, keyBy, processingTime, stageOf, tumbling } from '../../../support/stages.ts'
import type { Step } from '../../../support/stages.ts'

interface Made {
  readonly task: Task
  readonly results: unknown[]
}

function taskOf(
  confirmed: CommitPoint = { commit: 0, offset: 0, snapshot: null },
  sliceBytes = 1 << 20,
  time: Step = eventTime('t'),
  maxDriftMs: number | null = null,
): Made {
  const results: unknown[] = []
  const appender = {
    append: (...[, , , , , value]: Parameters<RecordAppender['append']>) => void results.push(JSON.parse(Buffer.from(value ?? []).toString())),
  }
  const topic = { topic: 'out', partitions: 1 }
  const output = new TaskOutput({
    input: { topic: 'input', partition: 0 },
    sinks: [{ ...topic, isStage: false }],
    late: topic,
    deadLetter: topic,
    maxDroppedBytes: 1_000,
    policies: { undecodable: 'Skip', processing: 'Skip', late: 'Skip' },
    producers: { outputs: appender, transactional: appender },
  })
  const store = createStateStore()
  const plan = stageOf([time, keyBy(), aggregate('n', tumbling(100), { n: { kind: 'count' } as never })])
  const stage = compileStage(plan, { store, output, clock: () => 0, readHeaders, maxFutureTimestampMs: Number.MAX_SAFE_INTEGER, sliceBytes })
  stage.restore(confirmed.snapshot)
  const input = { topic: 'input', topicId: 'id', partition: 0 }
  const task = new Task({
    id: { stage: 'source', partition: 0 },
    input,
    changelogTopic: 'c',
    store,
    stage,
    output,
    confirmed,
    mustCommit: false,
    since: 0,
    idleTimeoutMs: 1_000,
    maxDriftMs,
  })
  return { task, results }
}

const at = (t: number, k = 'a'): { key: string; value: object; timestamp: number } => ({ key: k, value: { k, t }, timestamp: t })

function finish(task: Task): void {
  while (task.busy) task.work(1_000)
}

test('the position follows the work, record by record', (t) => {
  const { task } = taskOf()
  task.accept(blockOf([at(1), at(2), { ...at(3), offset: 7 }]))
  t.is(task.work(1), 1)
  t.is(task.position, 1)
  task.work(1)
  t.is(task.position, 7)
  task.work(5)
  t.is(task.position, 8)
  t.false(task.busy)
})

test('a block without records moves the position', (t) => {
  const { task } = taskOf()
  task.accept({ ...blockOf([]), nextOffset: 30 })
  t.is(task.position, 30)
  t.false(task.busy)
  t.true(task.dirty)
})

test('a task takes one block at a time', (t) => {
  const { task } = taskOf()
  task.accept(blockOf([at(1)]))
  t.is(t.throws(() => task.accept(blockOf([at(2)])), { instanceOf: StreamJobError })?.code, 'internal')
})

test('a rewind puts position, state and watermark where the last commit was', (t) => {
  const { task, results } = taskOf()
  task.accept(blockOf([at(1), at(2)]))
  finish(task)
  task.prepare()
  task.confirm(null)
  task.accept(blockOf([at(3), at(250), at(260)], { baseOffset: 2 }))
  task.work(2)
  t.is(results.length, 1)
  task.rewind()
  t.deepEqual(
    { position: task.position, watermark: task.stage.watermark, rows: task.store.rows, busy: task.busy },
    { position: 2, watermark: 1, rows: 1, busy: false },
  )
  task.accept(blockOf([at(3), at(250)], { baseOffset: 2 }))
  finish(task)
  t.deepEqual(results.at(-1), { key: 'a', windowStart: 0, windowEnd: 100, n: 3 })
})

test('a window half closed stays half closed through a commit, and a rewind goes back to exactly there', (t) => {
  const keys = Array.from({ length: 600 }, (_, i) => `k${i}`)
  const { task, results } = taskOf(undefined, 4_000)
  task.accept(blockOf([...keys.map((k) => at(1, k)), at(500, 'end')]))
  while (results.length === 0) task.work(1_000)
  t.true(task.busy && results.length < keys.length)
  const half = results.length
  task.prepare()
  task.confirm(null)
  finish(task)
  t.is(results.length, keys.length)
  task.rewind()
  results.length = half
  t.true(task.busy)
  finish(task)
  t.is(new Set(results.map((row) => (row as { key: string }).key)).size, keys.length)
  t.is(results.length, keys.length)
})

test('only a prepared commit can be confirmed', (t) => {
  const { task } = taskOf()
  t.is(t.throws(() => task.confirm(null), { instanceOf: StreamJobError })?.code, 'internal')
})

const [never, fifth] = [
  { commit: 0, offset: 3, snapshot: null },
  { commit: 5, offset: 40, snapshot: { maxTimestamp: 9, watermarks: {} } },
]
const mine = (n: number): string => JSON.stringify({ v: 1, n, w: 0 })
const others = (n: number): string => JSON.stringify({ v: 1, n, w: 1 })

for (const [what, confirmed, pending, offset, metadata, outcome] of [
  ['nothing was ever committed', never, false, -1, null, 'unchanged'],
  ['nothing was ever committed, and the first commit did not count', never, true, -1, null, 'unchanged'],
  ['the first commit counted', never, true, 41, mine(1), 'committed'],
  ['somebody set an offset by hand before the first commit', never, false, 3, '', 'lost'],
  ['the commit did not count', fifth, true, 40, mine(5), 'unchanged'],
  ['the commit counted', fifth, true, 41, mine(6), 'committed'],
  ['another worker made the commit with this number', fifth, true, 41, others(6), 'lost'],
  ['a commit with this number ends elsewhere', fifth, true, 44, mine(6), 'lost'],
  ['nothing is pending, and the group is where the task is', fifth, false, 40, others(5), 'unchanged'],
  ['nothing is pending, and others went on', fifth, false, 90, others(9), 'lost'],
  ['the group’s offset is gone', fifth, true, -1, null, 'lost'],
  ['somebody moved the offset by hand', fifth, false, 12, '', 'lost'],
  ['somebody moved the offset and kept the metadata', fifth, false, 12, mine(5), 'lost'],
] as const) {
  test(`after an unknown outcome, ${what}: ${outcome}`, (t) => {
    const { task } = taskOf(confirmed)
    if (pending) {
      task.accept({ ...blockOf([]), nextOffset: 41 })
      task.prepare()
    }
    t.is(outcomeOf(task, offset, metadata, 0), outcome)
  })
}

test('resolving confirms what counted, rewinds what did not, and names what is lost', async (t) => {
  const kafka = new ScriptedKafka()
  const [counted, failed, lost] = [taskOf(fifth).task, taskOf(fifth).task, taskOf(fifth).task]
  const tasks = [counted, failed, lost].map((task, partition) => Object.assign(task, { input: { ...task.input, partition } }))
  for (const task of tasks) {
    task.accept({ ...blockOf([]), nextOffset: 41 })
    task.prepare()
  }
  kafka.offsets.set('input-0', { offset: 41, metadata: mine(6) })
  kafka.offsets.set('input-1', { offset: 40, metadata: mine(5) })
  kafka.offsets.set('input-2', { offset: 77, metadata: others(8) })
  t.deepEqual(await resolveCommit(tasks, kafka.reader, 'g', 0), { lost: [lost], rewound: [failed] })
  t.deepEqual([counted.confirmed.commit, counted.position, counted.dirty], [6, 41, false])
  t.deepEqual([failed.confirmed.commit, failed.position, failed.dirty], [5, 40, false])
  t.is(failed.pending, null)
})

test('a task that rested with a block half done goes on behind that block', async (t) => {
  const kafka = new ScriptedKafka()
  kafka.createTopic('input', 1)
  kafka.put('input', 0, at(1), at(2), at(3), at(4))
  const { task, results } = taskOf()
  const tasks = new TaskSet(kafka.fetcher())
  const identity = { groupId: 'g', generation: 2, memberId: 'm', instanceId: 'm-0' }
  await tasks.keep([task.id], [task], kafka.reader, identity, 0)
  tasks.fetch()
  t.is(await tasks.next(0), task)
  task.work(2)
  const { commit, offset } = task.prepare()
  task.confirm(null)
  kafka.offsets.set('input-0', { offset, metadata: JSON.stringify({ v: 1, n: commit, w: 0 }) })
  tasks.rest()
  t.deepEqual(await tasks.keep([task.id], [], kafka.reader, identity, 0), [])
  tasks.fetch()
  const workOff = async (): Promise<void> => {
    for (let next = await tasks.next(0); next !== null; next = await tasks.next(0)) finish(next)
  }
  await workOff()
  kafka.put('input', 0, at(500))
  await workOff()
  t.deepEqual(results, [{ key: 'a', windowStart: 0, windowEnd: 100, n: 4 }])
  t.is(task.position, 5)
})

test('a task that waits for others is not worked on and gets nothing, but goes on with what it is closing, and no further', async (t) => {
  const kafka = new ScriptedKafka()
  kafka.createTopic('input', 1)
  kafka.put('input', 0, at(1), at(2, 'b'), at(3, 'c'), at(500), at(900))
  const { task, results } = taskOf(undefined, 1, eventTime('t'), 100)
  const tasks = new TaskSet(kafka.fetcher())
  await tasks.keep([task.id], [task], kafka.reader, { groupId: 'g', generation: 2, memberId: 'm', instanceId: 'm-0' }, 0)
  tasks.fetch()
  t.is(await tasks.next(0), task)
  task.work(2)
  task.hold?.look('source/1', true, 0, 0)
  tasks.fetch()
  t.is(await tasks.next(0), null)
  t.is(task.position, 2)
  task.hold?.look(null, true, 0, 0)
  tasks.fetch()
  t.is(await tasks.next(0), task)
  task.work(2)
  t.true(task.stage.closing)
  task.hold?.look('source/1', true, 0, 0)
  for (let next = await tasks.next(0); next !== null; next = await tasks.next(0)) next.work(1)
  t.is(results.length, 3)
  t.is(task.position, 4)
})

test('a task in which the clock closed a window has something to commit, though it read nothing', (t) => {
  const { task, results } = taskOf(undefined, undefined, processingTime())
  task.accept(blockOf([at(1)]))
  finish(task)
  task.prepare()
  task.confirm(null)
  t.false(task.dirty)
  task.stage.tick(99)
  t.deepEqual([results.length, task.dirty, task.busy], [0, false, false])
  task.stage.tick(100)
  t.deepEqual([results.length, task.dirty, task.busy], [1, true, false])
  task.prepare()
  task.confirm(null)
  t.false(task.dirty)
})

test('a window that the clock closes in slices is closed by the work of the task', (t) => {
  const { task, results } = taskOf(undefined, 1, processingTime())
  task.accept(blockOf(['a', 'b', 'c'].map((key) => at(1, key))))
  finish(task)
  task.stage.tick(100)
  t.deepEqual([results.length, task.busy], [1, true])
  t.is(task.stage.dueAt, Infinity)
  finish(task)
  t.deepEqual([results.length, task.store.rows], [3, 0])
})
