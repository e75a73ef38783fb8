/** A report as one picture: a panel of horizontal bars for each round, with the range of its runs. */
import { escape, head, headHeight, margin, picture, width, type Drawing } from './picture.ts'
import type { Report } from './report.ts'
import { latencySummaries, summaries } from './summary.ts'

export interface Panel {
  readonly title: string
  readonly unit: string
  readonly bars: readonly Bar[]
}

export interface Bar {
  readonly label: string
  readonly value: number
  /** A line from one to the other. */
  readonly range: readonly [number, number]
  readonly digits: number
  readonly ours: boolean
}

export function svg(report: Report): string {
  const panels = [
    ...report.rounds.map((round) => ({
      title: `${round.title}: ${round.case.title}`,
      unit: 'CPU-seconds per million records, steady',
      bars: summaries(round).map(({ label, steadyCpu: { median, least, most } }) => bar(label, median, [least, most], 2)),
    })),
    ...report.latency.map((latency) => ({
      title: `latency at ${latency.recordsPerSecond} records/s`,
      unit: 'p99 in ms; the line goes from p50 to p99.9',
      bars: latencySummaries(latency).map(({ label, p50, p99, p999 }) => bar(label, p99.median, [p50.median, p999.median], 0)),
    })),
  ].filter(({ bars }) => bars.length > 0)
  return picture('CPU time per million records, and latency', panels.map(barsOf))
}

const bar = (label: string, value: number, range: Bar['range'], digits: number): Bar => ({
  label,
  value,
  range,
  digits,
  ours: label.startsWith('streamjob'),
})

const labelWidth = 290
const valueWidth = 60
const rowHeight = 20
const barLeft = margin + labelWidth
const barWidth = width - barLeft - valueWidth - margin

/** A drawing of horizontal bars. */
export function barsOf(panel: Panel): Drawing {
  return { height: headHeight + panel.bars.length * rowHeight + margin, draw: (top) => draw(panel, top) }
}

function draw({ title, unit, bars }: Panel, top: number): string {
  const most = Math.max(...bars.map(({ value, range }) => Math.max(value, range[1])))
  const x = (value: number): string => (barLeft + (value / most) * barWidth).toFixed(1)
  const rows = bars.map(({ label, value, range, digits, ours }, i) => {
    const y = top + headHeight + i * rowHeight
    const middle = y + rowHeight / 2
    return [
      `<text x="${barLeft - 8}" y="${middle + 4}" class="label">${escape(label)}</text>`,
      `<rect x="${barLeft}" y="${y + 3}" width="${(Number(x(value)) - barLeft).toFixed(1)}" height="${rowHeight - 6}" class="${ours ? 'ours' : 'peer'}"/>`,
      `<line x1="${x(range[0])}" x2="${x(range[1])}" y1="${middle}" y2="${middle}" class="range"/>`,
      `<text x="${(Number(x(Math.max(value, range[1]))) + 6).toFixed(1)}" y="${middle + 4}">${value.toFixed(digits)}</text>`,
    ].join('')
  })
  return [head(title, unit, top), ...rows].join('\n')
}
