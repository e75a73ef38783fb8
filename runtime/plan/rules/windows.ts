/** What must hold for windows and the aggregates in them. */
import type { WindowSpec } from '../nodes.ts'
import { checkRange, type Finding, type Surroundings } from './findings.ts'

/** A record is kept once in each window it belongs to. */
const mostWindowsPerRecord = 1_000

/** A window, and what must stand before it. */
export function checkWindow(window: WindowSpec, around: Surroundings): readonly Finding[] {
  const findings: Finding[] = []
  if (!around.hasEventTime) findings.push({ kind: 'invalid', at: 'window', message: 'a window needs event time: add eventTime behind the source' })
  if (around.byProcessingTime && window.latenessMs > 0) {
    findings.push({ kind: 'invalid', at: 'window.lateness', message: 'by processing time no record is late: leave lateness out, or use eventTime' })
  }
  if (around.keyedBy === null) {
    findings.push({
      kind: 'invalid',
      at: 'window',
      message: 'a window needs a key: put keyBy before it, with nothing between that changes the record',
    })
  }
  const sizes = [...checkRange(`window.${window.kind}`, window.sizeMs, 1), ...checkRange('window.slide', window.slideMs, 1)]
  findings.push(...sizes, ...checkRange('window.lateness', window.latenessMs, 0))
  if (sizes.length > 0) return findings
  if (window.slideMs > window.sizeMs) {
    findings.push({ kind: 'invalid', at: 'window.slide', message: 'a slide longer than the size would leave records out: make it at most the size' })
  }
  if (window.sizeMs / window.slideMs > mostWindowsPerRecord) {
    findings.push({
      kind: 'invalid',
      at: 'window.slide',
      message: `a record would be in more than ${mostWindowsPerRecord} windows: make the slide longer`,
    })
  }
  if (!Number.isInteger(window.offsetMs) || window.offsetMs < 0 || window.offsetMs >= window.slideMs) {
    findings.push({ kind: 'invalid', at: 'window.offset', message: 'must be at least 0s and less than the distance of two windows' })
  }
  return findings
}
