/** The measure of large state as tables, as a picture, and as files. */
import type { MeasuredState, RestartRun } from '../state/bench.ts'
import type { StateSize } from '../state/schedule.ts'
import { linesOf } from './lines.ts'
import { circumstances, shown, table } from './markdown.ts'
import { picture } from './picture.ts'
import { barsOf, type Bar } from './plot.ts'
import { nameOf, saveAs, type Circumstances } from './report.ts'
import { spreadOf, type Spread } from './statistics.ts'

export interface StateReport extends MeasuredState, Circumstances {
  readonly formatVersion: 1
}

export function stateReportOf(measured: MeasuredState, made: Circumstances): StateReport {
  return { formatVersion: 1, ...made, ...measured }
}

export function stateMarkdown(report: StateReport): string {
  const { built, size, takeOverSize, aborts, takeOvers } = report
  const of = (what: string): string => `### ${what}, ${sizeText(size)}`
  return [
    of('Restart'),
    'A worker is killed and started again, under a load of 1,000 records a second: from its local snapshots (files in the page cache) and the end of its changelogs, ' +
      'or without its volume. From the start of the process; CPU time and memory are all of the process.',
    restartTable(report),
    of('An aborted transaction'),
    'The producer is fenced under a load of 20,000 records a second: the worker goes back to its last commit and on from there. A commit is due every second.',
    abortTable(aborts),
    `### Take-over, ${sizeText(takeOverSize)} over two workers`,
    'One worker is killed for good, under a load of 4,000 records a second, and the other one takes its tasks. From the kill to the first commit of something new; ' +
      "the group waits for the dead worker's session first.",
    takeOverTable(takeOvers),
    `Every record was counted exactly once, which the results of the window showed in the end; behind a take-over every key was there. State of ${sizeText(size)} took ${built.cpuSeconds.toFixed(0)} CPU-seconds to come about, local snapshots included, ${mib(built.stateMiB)} MiB in ` +
      `tables (${bytesPerRow(built.stateMiB, size)} bytes a row) and ${mib(built.peakMemoryMiB)} MiB of memory at most.`,
    `Each cell: median (least to most).\n${circumstances(report)}`,
  ].join('\n\n')
}

export function stateSvg({ size, restarts, takeOvers, takeOverSize }: StateReport): string {
  const bars = groupsOf(restarts).map(({ label, runs }): Bar => {
    const { median, least, most } = spread(runs, ({ secondsToCommit }) => secondsToCommit)
    return { label, value: median, range: [least, most], digits: 1, ours: !label.includes('before') }
  })
  const chart = linesOf({
    title: `a worker is killed for good: ${sizeText(takeOverSize)} over two workers`,
    unit: 'records of its tasks that are committed, over the seconds since the kill',
    lines: firstOfEach(takeOvers).map((one) => ({ label: standbysText(one), points: one.timeline })),
  })
  const restart = { title: `restart of a worker, ${sizeText(size)}`, unit: 'seconds from the start of the process to the first new commit', bars }
  return picture('Large state: restarts and take-overs', [barsOf(restart), ...(takeOvers.length > 0 ? [chart] : [])])
}

export function saveState(report: StateReport): Promise<readonly string[]> {
  const name = `${nameOf(report)}-state`
  const md = `${stateMarkdown(report)}\n\n![restarts and take-overs](${name}.svg)\n`
  return saveAs(name, { json: report, md, svg: stateSvg(report) })
}

function restartTable({ restarts }: StateReport): string {
  const rows = groupsOf(restarts).map(({ label, runs }) => [
    label,
    String(runs.length),
    cell(runs, ({ seconds }) => seconds, 1),
    cell(runs, ({ secondsToCommit }) => secondsToCommit, 1),
    cell(runs, ({ cpuSeconds }) => cpuSeconds, 1),
    cell(runs, ({ rows: restored, cpuSeconds }) => restored / cpuSeconds / 1e6, 2),
    cell(runs, ({ changelogRows }) => changelogRows, 0),
    cell(runs, ({ peakMemoryMiB }) => peakMemoryMiB, 0),
    cell(runs, ({ stateMiB }) => stateMiB, 0),
  ])
  return table(
    [
      'from',
      'runs',
      's to its tasks',
      's to a commit',
      'CPU-s to its tasks',
      'M rows per CPU-s',
      'rows of the changelogs',
      'peak RSS MiB',
      'state MiB',
    ],
    rows,
  )
}

function abortTable(aborts: StateReport['aborts']): string {
  const cost = ({ pauseSeconds, usualSeconds }: StateReport['aborts'][number]): number => pauseSeconds - usualSeconds
  const cells = [cell(aborts, ({ pauseSeconds }) => pauseSeconds, 2), cell(aborts, ({ usualSeconds }) => usualSeconds, 2), cell(aborts, cost, 2)]
  return table(['', 'aborts', 's without a commit', 's between commits else', 's more'], [['one worker', String(aborts.length), ...cells]])
}

function takeOverTable(takeOvers: StateReport['takeOvers']): string {
  const rows = [...Map.groupBy(takeOvers, ({ standbys }) => standbys).values()].map((runs) => [
    standbysText(runs[0]!),
    String(runs.length),
    cell(runs, ({ seconds }) => seconds, 1),
    cell(runs, ({ sessionSeconds }) => sessionSeconds, 0),
    cell(runs, ({ seconds, sessionSeconds }) => seconds - sessionSeconds, 1),
    cell(runs, ({ stateMiB }) => stateMiB, 0),
    cell(runs, ({ peakMemoryMiB }) => peakMemoryMiB, 0),
  ])
  return table(['', 'runs', 's to a commit', 's of the session', 's behind it', 'state MiB of the dead one', 'peak RSS MiB behind it'], rows)
}

function groupsOf(restarts: readonly RestartRun[]): readonly { readonly label: string; readonly runs: readonly RestartRun[] }[] {
  const several = new Set(restarts.map(({ variant }) => variant)).size > 1
  const groups = Map.groupBy(restarts, ({ from, variant }) => `${from}${several ? `, ${variant}` : ''}`)
  return Array.from(groups, ([label, runs]) => ({ label, runs }))
}

const firstOfEach = (takeOvers: StateReport['takeOvers']): StateReport['takeOvers'] =>
  [...Map.groupBy(takeOvers, ({ standbys }) => standbys).values()].map((runs) => runs[0]!)

const standbysText = ({ standbys }: { readonly standbys: number }): string => (standbys === 0 ? 'no standby' : `${standbys} standby`)
const sizeText = ({ keys, keyBytes }: StateSize): string => `${(keys / 1e6).toFixed(0)} million keys of ${keyBytes} bytes`
const bytesPerRow = (stateMiB: number, { keys }: StateSize): string => ((stateMiB * 2 ** 20) / keys).toFixed(0)
const mib = (value: number): string => value.toFixed(0)

function spread<A>(runs: readonly A[], value: (run: A) => number): Spread {
  return spreadOf(runs.map(value))
}

const cell = <A>(runs: readonly A[], value: (run: A) => number, digits: number): string => shown(spread(runs, value), digits)
