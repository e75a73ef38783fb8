/** What must hold for windows and the aggregates in them. */
import { isTimeZone } from '../../time/time-zone.ts'
import {
  needsEventTime,
  type AlignedWindowSpec,
  type CalendarWindowSpec,
  type GlobalWindowSpec,
  type TimeWindowSpec,
  type WindowSpec,
} from '../nodes/windows.ts'
import { checkRange, type Finding, type Surroundings } from './findings.ts'
import { checkTriggerFunctions } from './triggers.ts'

/** A record is kept once in each window it belongs to. */
const mostWindowsPerRecord = 1_000

/** Why a lateness makes no sense where time is that of the clock. */
export const neverLate = 'by processing time no record is late: leave lateness out, or use eventTime'

/** What stands before everything that keeps state by key and in event time; `what` is how it is called. */
export function checkKeyedTime(at: string | undefined, what: string, around: Surroundings): readonly Finding[] {
  const place = at === undefined ? {} : { at }
  const findings: Finding[] = []
  if (!around.hasEventTime) findings.push({ kind: 'invalid', ...place, message: `${what} needs event time: add eventTime behind the source` })
  if (around.keyedBy === null) {
    const message = `${what} needs a key: put keyBy before it, with nothing between that changes the record`
    findings.push({ kind: 'invalid', ...place, message })
  }
  return findings
}

/** A window, and what must stand before it. */
export function checkWindow(window: WindowSpec, around: Surroundings): readonly Finding[] {
  const findings: Finding[] = []
  if (!around.hasEventTime && needsEventTime(window)) {
    findings.push({ kind: 'invalid', at: 'window', message: 'a window needs event time: add eventTime behind the source' })
  }
  if (around.byProcessingTime && 'latenessMs' in window && window.latenessMs > 0) {
    findings.push({ kind: 'invalid', at: 'window.lateness', message: neverLate })
  }
  if (around.keyedBy === null) {
    findings.push({
      kind: 'invalid',
      at: 'window',
      message: 'a window needs a key: put keyBy before it, with nothing between that changes the record',
    })
  }
  return [...findings, ...checkKind(window)]
}

function checkKind(window: WindowSpec): readonly Finding[] {
  switch (window.kind) {
    case 'count':
      return checkCount('window.count', window.size)
    case 'global':
      return checkTrigger(window.trigger)
    case 'calendar':
      return checkCalendar(window)
    case 'tumbling':
    case 'sliding':
      return checkAligned(window)
  }
}

function checkCalendar(window: CalendarWindowSpec): readonly Finding[] {
  const { unit, count, timeZone } = window
  const findings: Finding[] = []
  if (unit === 'day' && count > mostDays) findings.push({ kind: 'invalid', at: 'window.tumbling', message: `must be from 1d to ${mostDays}d` })
  if (!isTimeZone(timeZone)) {
    const message = `${JSON.stringify(timeZone)} is no time zone: write its IANA name, such as Europe/Berlin`
    findings.push({ kind: 'invalid', at: 'window.timeZone', message })
  }
  return [...findings, ...checkOptions(window, { day: count, week: 7, month: 31 }[unit] * dayMs)]
}

function checkAligned(window: AlignedWindowSpec): readonly Finding[] {
  const findings: Finding[] = []
  const sizes = [...checkRange(`window.${window.kind}`, window.sizeMs, 1), ...checkRange('window.slide', window.slideMs, 1)]
  findings.push(...sizes, ...checkOptions(window, window.sizeMs))
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
  if (!Number.isInteger(window.offsetMs) || Math.abs(window.offsetMs) >= window.slideMs) {
    findings.push({ kind: 'invalid', at: 'window.offset', message: 'must be less than the distance of two windows, forward or back' })
  }
  return findings
}

function checkOptions({ latenessMs, emit }: TimeWindowSpec, sizeMs: number): readonly Finding[] {
  const lateness = checkRange('window.lateness', latenessMs, 0)
  if (emit === undefined || emit.earlyMs === null) return lateness
  const early = checkRange('window.emit.early', emit.earlyMs, 1)
  if (early.length > 0 || emit.earlyMs < sizeMs) return [...lateness, ...early]
  return [...lateness, { kind: 'invalid', at: 'window.emit.early', message: 'must be less than the size of the window, or it would be over before' }]
}

function checkTrigger(trigger: GlobalWindowSpec['trigger']): readonly Finding[] {
  if (trigger === null) {
    return [
      {
        kind: 'invalid',
        at: 'window.global',
        message: 'a global window without a trigger never fires: give count: 100, or every: 1h; in TypeScript also a trigger',
      },
    ]
  }
  if (trigger.kind === 'custom') return checkTriggerFunctions(trigger)
  return trigger.kind === 'count' ? checkCount('window.global.count', trigger.count) : checkRange('window.global.every', trigger.everyMs, 1)
}

function checkCount(at: string, count: number): readonly Finding[] {
  if (Number.isInteger(count) && count >= 1 && count <= mostRecords) return []
  return [{ kind: 'invalid', at, message: `must be a whole number from 1 to ${mostRecords}` }]
}

const dayMs = 86_400_000
const mostDays = 366
const mostRecords = 1_000_000_000
