/** A report as one picture: a panel of horizontal bars for each round, with the range of its runs. SVG 1.1, no script, light and dark. */
import type { Report } from './report.ts'
import { latencySummaries, summaries } from './summary.ts'

interface Panel {
  readonly title: string
  readonly unit: string
  readonly bars: readonly Bar[]
}

interface Bar {
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
  const drawn: string[] = []
  let top = margin
  for (const panel of panels) {
    drawn.push(draw(panel, top))
    top += heightOf(panel)
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${top}" width="${width}" height="${top}" role="img">
<title>CPU time per million records, and latency</title>
<style>${style}</style>
<rect width="100%" height="100%" class="paper"/>
${drawn.join('\n')}
</svg>
`
}

const bar = (label: string, value: number, range: Bar['range'], digits: number): Bar => ({
  label,
  value,
  range,
  digits,
  ours: label.startsWith('streamjob'),
})

const width = 900
const margin = 20
const labelWidth = 290
const valueWidth = 60
const rowHeight = 20
const headHeight = 44
const barLeft = margin + labelWidth
const barWidth = width - barLeft - valueWidth - margin

const heightOf = ({ bars }: Panel): number => headHeight + bars.length * rowHeight + margin

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
  const head = `<text x="${margin}" y="${top + 16}" class="title">${escape(title)}</text><text x="${margin}" y="${top + 33}" class="unit">${escape(unit)}</text>`
  return [head, ...rows].join('\n')
}

const style = [
  'text{font:12px system-ui,sans-serif;fill:#222}',
  '.title{font-weight:600;font-size:13px}',
  '.unit{fill:#666}',
  '.label{text-anchor:end}',
  '.paper{fill:#fff}',
  '.ours{fill:#2563eb}',
  '.peer{fill:#a8b1bf}',
  '.range{stroke:#111;stroke-width:1.5}',
  '@media(prefers-color-scheme:dark){text{fill:#ddd}.unit{fill:#999}.paper{fill:#161b22}.peer{fill:#58616d}.range{stroke:#eee}}',
].join('')

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
