import test from 'ava'
import { count, countWindow, job, kafka, otherwise, state, stream, t as types, tumbling } from '../../../runtime/index.ts'
import type { Plan, Stage } from '../../../runtime/plan/nodes.ts'
import { stagesOf } from '../../../runtime/plan/structure/stages.ts'
import { StageRun } from '../../support/stage-run.ts'
import { records } from '../../support/timeline.ts'

const Row = types.object({ k: types.string, at: types.timestamp, v: types.number.default(0) })
const source = stream.from(kafka({ topic: 'input', key: 'k', schema: Row }))
const timed = source.eventTime('at', { monotonous: true })
const to = (topic: string): ReturnType<typeof kafka> => kafka({ topic })

function firstStage(...ends: readonly [Plan, ...Plan[]]): Stage {
  return stagesOf(job(...ends))[0]!
}

/** Results in a sink as `a9`: key and timestamp. */
function shown(run: StageRun, sink: number): readonly string[] {
  return run.resultsIn(sink).map(({ key, timestamp }) => `${key}${timestamp}`)
}

test('a record goes to the first branch whose predicate holds, and to the rest when none does', (t) => {
  const asked: string[] = []
  const { big, even, rest } = timed.split({
    big: ({ v }) => (asked.push(`big ${v}`), v > 10),
    even: ({ v }) => (asked.push(`even ${v}`), v % 2 === 0),
    rest: otherwise,
  })
  const run = new StageRun(
    firstStage(big.to(to('big')), even.to(to('even')), rest.to(to('rest'))),
    records('a1=12', 'a2=4', 'a3=5', 'a4=20'),
  ).process()
  t.deepEqual([shown(run, 0), shown(run, 1), shown(run, 2)], [['a1', 'a4'], ['a2'], ['a3']])
  t.deepEqual(asked, ['big 12', 'big 4', 'even 4', 'big 5', 'even 5', 'big 20'])
})

test('what no branch takes is dropped where the program says so, and counts in the watermark all the same', (t) => {
  const { big } = timed.split({ big: ({ v }) => v > 10 }, { unmatched: 'drop' })
  const windows = big.keyBy('k').window(tumbling('10ms')).aggregate('n', { n: count() }).to(to('n'))
  const run = new StageRun(firstStage(windows), records('a1=12', 'a2=4', 'a10=5')).process()
  t.deepEqual(
    run.results.map(({ value }) => value),
    [{ key: 'a', windowStart: 0, windowEnd: 10, n: 1 }],
  )
  t.deepEqual([run.dead, run.late], [[], []])
})

test('a predicate that throws, or gives neither true nor false, makes a dead letter that names the branch', (t) => {
  const { odd, rest } = timed.split({
    odd: ({ v }) => {
      if (v === 1) throw new RangeError('not one')
      return v === 2 ? (null as never) : false
    },
    rest: otherwise,
  })
  const run = new StageRun(firstStage(odd.to(to('odd')), rest.to(to('rest'))), records('a1=1', 'a2=2', 'a3=3')).process()
  t.deepEqual(shown(run, 1), ['a3'])
  t.deepEqual(
    run.dead.map(({ offset }) => offset),
    [0, 1],
  )
  t.regex(run.dead[0]!.message, /branch "odd" of split "split-1": not one/)
  t.regex(run.dead[1]!.message, /branch "odd" of split "split-1": /)
})

test('each way out is promised what the windows on it hold back, and the least where several ways were merged', (t) => {
  //   a 30         the stage's watermark is 29
  //   windows      hold back 7
  const windows = timed
    .keyBy('k')
    .window(tumbling('10ms', { lateness: '7ms' }))
    .aggregate('n', { n: count() })
  const stage = firstStage(
    timed
      .keyBy('v', { name: 'by-v' })
      .process('p', { onRecord: () => {} })
      .to(to('p')),
    windows
      .keyBy('n', { name: 'by-n' })
      .process('q', { onRecord: () => {} })
      .to(to('q')),
    windows
      .map(({ n }) => n)
      .merge(timed.map(({ v }) => v))
      .map((n) => ({ n }))
      .keyBy('n', { name: 'by-both' })
      .process('r', { onRecord: () => {} })
      .to(to('r')),
  )
  const run = new StageRun(stage, records('a30')).process()
  const promised = Object.fromEntries(stage.sinks.map(({ uid }, sink) => [uid, run.stage.forwardedTo(sink)]))
  t.deepEqual(promised, { 'by-v': 29, 'by-n': 22, 'by-both': 22 })
  t.deepEqual(new StageRun(stage, records()).stage.forwardedTo(0), -Infinity)
})

test('a branch without a time knows nothing of the one that another has, and keeps the timestamps of its records', (t) => {
  const seen: number[] = []
  const stage = firstStage(
    timed.keyBy('k').window(tumbling('10ms')).aggregate('n', { n: count() }).to(to('n')),
    source
      .keyBy('k')
      .process('p', { onRecord: (_, { watermark }) => void seen.push(watermark) })
      .to(to('p')),
    source.keyBy('k').window(countWindow(2)).aggregate('pairs', { n: count() }).to(to('pairs')),
    source.to(to('copies')),
  )
  const input = records('a1', 'a11', 'a25').map((record, i) => ({ ...record, timestamp: 1_000 + i }))
  const run = new StageRun(stage, input).process().endOfInput()
  t.deepEqual(seen, [-Infinity, -Infinity, -Infinity])
  t.deepEqual(shown(run, 0), ['a9', 'a19', 'a29'])
  t.deepEqual(shown(run, 2), ['a1001'])
  t.deepEqual(shown(run, 3), ['a1000', 'a1001', 'a1002'])
})

test('results that a record brings about at once in one branch are of no matter in the others', (t) => {
  const stage = firstStage(
    timed
      .keyBy('k')
      .window(tumbling('10ms', { lateness: '20ms', emit: 'updates' }))
      .aggregate('n', { n: count() })
      .to(to('n')),
    timed.keyBy('k').window(tumbling('30ms')).aggregate('wide', { n: count() }).to(to('wide')),
    timed
      .keyBy('v', { name: 'by-v' })
      .process('p', { onRecord: () => {} })
      .to(to('p')),
    timed.to(to('copies')),
  )
  const run = new StageRun(stage, records('a5=1', 'a15=2', 'a7=3')).process()
  t.deepEqual(
    run.resultsIn(0).map(({ value }) => (value as { firing: string }).firing),
    ['on-time', 'late'],
  )
  t.deepEqual(shown(run, 3), ['a5', 'a15', 'a7'])
  t.deepEqual(shown(run, 2), ['15', '215', '37'])
  t.deepEqual(
    run
      .endOfInput()
      .resultsIn(1)
      .map(({ value }) => value),
    [{ key: 'a', windowStart: 0, windowEnd: 30, n: 3 }],
  )
})

test('a time that is assigned behind what keeps state holds from there on', (t) => {
  //   a1 a2 a12 | commit, crash | a30        the window behind the function closes at 10, the way out is at the stage's watermark
  const passed = source
    .keyBy('k')
    .process('p', { emits: Row, onRecord: (value, { emit }) => emit(value) })
    .eventTime('at', { monotonous: true })
  const stage = firstStage(
    passed.keyBy('k').window(tumbling('10ms')).aggregate('n', { n: count() }).to(to('n')),
    passed
      .keyBy('v', { name: 'by-v' })
      .process('q', { onRecord: () => {} })
      .to(to('q')),
  )
  const run = new StageRun(stage, records('a1', 'a2', 'a12', 'a30'), { sliceBytes: 1 }).process(3)
  t.is(run.stage.forwardedTo(1), 11)
  run.commit().crash()
  run.process().settle()
  t.deepEqual(
    run.resultsIn(0).map(({ value }) => value),
    [
      { key: 'a', windowStart: 0, windowEnd: 10, n: 2 },
      { key: 'a', windowStart: 10, windowEnd: 20, n: 1 },
    ],
  )
  t.is(run.stage.forwardedTo(1), 29)
})

test('an error of the task on one way leaves nothing on the others once it is rolled back', (t) => {
  const counting = source
    .keyBy('k')
    .process('p', {
      state: { n: state.value(types.number, { initial: 0 }) },
      onRecord(_, { state: { n }, emit }) {
        n.update((before) => before + 1)
        emit({ n: n.get() })
      },
    })
    .to(to('counts'))
  let left = Infinity
  const beforeEmit = (): void => {
    if (left-- === 0) throw new Error('refused')
  }
  const run = new StageRun(firstStage(source.to(to('copies')), counting), records('a1', 'a2', 'a3', 'a4'), { beforeEmit })
  run.process(1).commit().process(2)
  left = 0
  t.throws(() => run.process(1), { message: 'refused' })
  left = Infinity
  run.rollback().process()
  t.deepEqual(
    run.resultsIn(1).map(({ value }) => value),
    [{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }],
  )
})
