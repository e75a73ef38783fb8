import test from 'ava'
import { linesOf } from '../../hack/benchmarks/report/lines.ts'
import { stateMarkdown, stateReportOf, stateSvg } from '../../hack/benchmarks/report/state.ts'
import { longestPause } from '../../hack/benchmarks/state/advances.ts'
import { everyKey } from '../../hack/benchmarks/state/input.ts'
import { fullState, quickState, type StateSize } from '../../hack/benchmarks/state/schedule.ts'

test('the input has every key exactly once, in an order that is not theirs', (t) => {
  const size: StateSize = { keys: 10_000, keyBytes: 36 }
  const keys = [...everyKey(size)]
  t.is(new Set(keys).size, size.keys)
  t.true(keys.every((key) => key.length === size.keyBytes))
  t.notDeepEqual(keys, keys.toSorted())
})

test('no schedule has a number of keys that its order of keys would not reach', (t) => {
  for (const { restarts, takeOver } of [fullState, quickState]) for (const { keys } of [restarts, takeOver]) t.not(keys % 7_368_787, 0)
})

test('the pause is the longest time between two advances, whenever it was', (t) => {
  const at = (...times: number[]) => times.map((time, i) => ({ at: time, committed: i }))
  t.deepEqual(longestPause(at(10, 20, 50, 60)), { from: 20, to: 50 })
  t.deepEqual(longestPause(at(10, 60, 61)), { from: 10, to: 60 })
  t.deepEqual(longestPause(at(10)), { from: 0, to: 0 })
})

const report = stateReportOf(
  {
    size: { keys: 2_000_000, keyBytes: 13 },
    takeOverSize: { keys: 3_000_000, keyBytes: 36 },
    built: { cpuSeconds: 4, peakMemoryMiB: 500, stateMiB: 152.587890625 },
    restarts: [['snapshot', 1, 700] as const, ...[2, 4, 8].map((cpuSeconds) => ['changelog', cpuSeconds, 2_000_100] as const)].map(
      ([from, cpuSeconds, changelogRows], i) => ({
        from,
        variant: 'this',
        repetition: i + 1,
        rows: 2_000_000,
        changelogRows,
        seconds: cpuSeconds,
        secondsToCommit: cpuSeconds + 1,
        cpuSeconds,
        peakMemoryMiB: 400,
        stateMiB: 160,
      }),
    ),
    aborts: [{ pauseSeconds: 1.5, usualSeconds: 1 }],
    takeOvers: [
      {
        standbys: 0,
        stateMiB: 1_000,
        seconds: 25,
        sessionSeconds: 20,
        peakMemoryMiB: 2_000,
        timeline: [
          [-1, 0],
          [25, 500],
        ],
      },
    ],
    cores: null,
  },
  {
    at: '2026-01-02T03:04:05.000Z',
    commit: 'abcdef0',
    minutes: 9,
    versions: { Node: 'v24' },
    machine: { cpu: 'a CPU', cores: 2, memoryGiB: 16, kernel: '6', load: [1, 1, 1] },
  },
)

test('the tables say what a restart, an aborted transaction and a take-over cost', (t) => {
  const text = stateMarkdown(report)
  t.regex(
    text,
    /^\| changelog \| 3 \| 4\.0 \(2\.0 to 8\.0\) \| 5\.0 \(3\.0 to 9\.0\) \| 4\.0 \(2\.0 to 8\.0\) \| 0\.50 \(0\.25 to 1\.00\) \| 2000100 \(2000100 to 2000100\) \| 400/m,
  )
  t.regex(text, /^\| snapshot \| 1 \| 1\.0 \| 2\.0 \| 1\.0 \| 2\.00 \| 700 \| 400/m)
  t.regex(text, /^\| one worker \| 1 \| 1\.50 \| 1\.00 \| 0\.50 \|$/m)
  t.regex(text, /^\| no standby \| 1 \| 25\.0 \| 20 \| 5\.0 \| 1000 \| 2000 \|$/m)
  t.regex(text, / 153 MiB in tables \(80 bytes a row\)/)
})

test('the picture has a bar for each way to restart and a line for each take-over', (t) => {
  const picture = stateSvg(report)
  t.regex(picture, /<rect [^>]*class="ours"/)
  t.regex(picture, /no standby/)
})

test('a line stands at its value until the next one comes', (t) => {
  const line = {
    label: 'a',
    points: [
      [0, 0],
      [5, 10],
      [10, 20],
    ] as const,
  }
  const [, path = ''] = /<path d="(M[^"]*)" class="line"/.exec(linesOf({ title: 't', unit: 'u', lines: [line] }).draw(0)) ?? []
  t.regex(path, /^M[\d.]+ [\d.]+H[\d.]+V[\d.]+H[\d.]+V[\d.]+$/)
})
