/** Lines over seconds: how something grows. */
import { escape, head, headHeight, margin, width, type Drawing } from './picture.ts'

export interface Line {
  readonly label: string
  /** Ascending. */
  readonly points: readonly (readonly [seconds: number, value: number])[]
}

export interface Chart {
  readonly title: string
  readonly unit: string
  readonly lines: readonly Line[]
}

const left = margin + 70
const right = width - margin - 20
const plotHeight = 200
const axisHeight = 30
const legendHeight = 20

/** A drawing of up to two lines. A value stands until the next one comes. */
export function linesOf({ title, unit, lines }: Chart): Drawing {
  const points = lines.flatMap(({ points: own }) => own)
  const [from, to] = [Math.min(...points.map(([at]) => at)), Math.max(...points.map(([at]) => at))]
  const most = Math.max(1, ...points.map(([, value]) => value))
  return {
    height: headHeight + plotHeight + axisHeight + lines.length * legendHeight + margin,
    draw: (top) => {
      const bottom = top + headHeight + plotHeight
      const x = (at: number): string => (left + ((at - from) / (to - from)) * (right - left)).toFixed(1)
      const y = (value: number): string => (bottom - (value / most) * plotHeight).toFixed(1)
      const drawn = lines.map(({ label, points: own }, i) => {
        const kind = i === 0 ? 'line' : 'line other'
        const path = own.map(([at, value], k) => (k === 0 ? `M${x(at)} ${y(value)}` : `H${x(at)}V${y(value)}`)).join('')
        const legend = bottom + axisHeight + (i + 1) * legendHeight
        return [
          `<path d="${path}" class="${kind}"/>`,
          `<line x1="${left}" x2="${left + 24}" y1="${legend - 4}" y2="${legend - 4}" class="${kind}"/>`,
          `<text x="${left + 32}" y="${legend}">${escape(label)}</text>`,
        ].join('')
      })
      const ticks = ticksBetween(from, to).map((at) => `<text x="${x(at)}" y="${bottom + 18}" class="middle">${at} s</text>`)
      const axes = `<path d="M${left} ${top + headHeight}V${bottom}H${right}" class="line axis"/>`
      const values = [0, most].map((value) => `<text x="${left - 8}" y="${Number(y(value)) + 4}" class="label">${Math.round(value)}</text>`)
      return [head(title, unit, top), axes, ...ticks, ...values, ...drawn].join('\n')
    },
  }
}

function ticksBetween(from: number, to: number): readonly number[] {
  const step = [1, 2, 5, 10, 20, 50, 100, 200].find((one) => (to - from) / one <= 12) ?? 500
  const first = Math.ceil(from / step) * step
  return Array.from({ length: Math.floor((to - first) / step) + 1 }, (_, i) => first + i * step)
}
