/** Windows as data: how records are grouped, and when results are given. */
import { formatDuration } from '../../../crds/durations.ts'
import type { ProcessFunction, StateCell } from './process.ts'

export type WindowSpec = TimeWindowSpec | CountWindowSpec | GlobalWindowSpec

/** Windows on the time line, [start, end) in epoch ms. */
export type TimeWindowSpec = AlignedWindowSpec | CalendarWindowSpec

/** Aligned to the epoch plus offset. */
export interface AlignedWindowSpec {
  readonly kind: 'tumbling' | 'sliding'
  readonly sizeMs: number
  /** Equal to sizeMs for tumbling windows. */
  readonly slideMs: number
  readonly offsetMs: number
  readonly latenessMs: number
  /** Absent: one result, when the window is closed. */
  readonly emit?: Emission
}

/** Side by side, from midnight to midnight of a time zone. Days are counted from 1970-01-01, weeks begin on Monday. */
export interface CalendarWindowSpec {
  readonly kind: 'calendar'
  readonly unit: CalendarUnit
  /** How many of it a window is long; 1 for weeks and months. */
  readonly count: number
  /** IANA name. */
  readonly timeZone: string
  readonly latenessMs: number
  /** Absent: one result, when the window is closed. */
  readonly emit?: Emission
}

export type CalendarUnit = 'day' | 'week' | 'month'

/** So many records of a key, in the order of arrival. */
export interface CountWindowSpec {
  readonly kind: 'count'
  readonly size: number
}

/** All records of a key. */
export interface GlobalWindowSpec {
  readonly kind: 'global'
  /** When it fires: each time so many records have come, when the watermark comes to a multiple of an interval, or by functions of the author. Null: never, which is refused. */
  readonly trigger: { readonly kind: 'count'; readonly count: number } | { readonly kind: 'every'; readonly everyMs: number } | CustomTrigger | null
  /** Whether it begins anew when it has fired; functions say so themselves. */
  readonly purge: boolean
}

/** Functions of the author that say when a window fires, with state of their own for each window. */
export interface CustomTrigger {
  readonly kind: 'custom'
  readonly state: Readonly<Record<string, StateCell>>
  readonly onRecord: ProcessFunction
  readonly onTimer: ProcessFunction | null
}

/** What a trigger decides: whether the window gives a result, and whether it begins anew behind that. */
export type TriggerResult = 'continue' | 'fire' | 'purge' | 'fire-and-purge'

/** The one timer of a window, in event time. */
export interface WindowTimer {
  /** Calls onTimer when the watermark reaches the timestamp (epoch ms), in place of the moment it was set for. In onTimer: only later than that. */
  set(timestamp: number): void
  clear(): void
}

/** What a trigger may know and do. One object per transform, reused for every record: copy what you keep. */
export interface TriggerContext<S, T = WindowTimer> {
  /** Event time of the record, or of the timer; epoch ms. */
  readonly timestamp: number
  /** How many records the window has, with this one. */
  readonly count: number
  readonly state: S
  readonly timer: T
}

/** Of a window that fires more than once. */
export interface Emission {
  /** `final`: when the window is closed. `updates`: when the watermark comes to its end, and again for each later record within the lateness. */
  readonly then: 'final' | 'updates'
  /** Before that, what has changed, each time the watermark comes to a multiple of this; null: not. */
  readonly earlyMs: number | null
}

/** Which of the results of a window one is. */
export type Firing = 'early' | 'on-time' | 'late' | 'final'

/** Whether watermarks make it fire. */
export function needsEventTime(window: WindowSpec): boolean {
  if (window.kind === 'count') return false
  if (window.kind !== 'global' || window.trigger === null) return true
  return window.trigger.kind === 'every' || (window.trigger.kind === 'custom' && window.trigger.onTimer !== null)
}

/** How a window has several results per key, where it has. */
export function emissionOf(window: WindowSpec): Emission | null {
  return window.kind === 'count' || window.kind === 'global' ? null : (window.emit ?? null)
}

/** Where windows lie, in words that differ where their rows mean something else. */
export function describePlacement(window: TimeWindowSpec): string {
  if (window.kind === 'calendar') return `${window.count} ${window.unit} in ${window.timeZone}`
  return `${window.sizeMs} ms every ${window.slideMs} ms from ${window.offsetMs} ms`
}

/** What a count or a global window holds, likewise. */
export function describeRecords(window: CountWindowSpec | GlobalWindowSpec): string {
  if (window.kind === 'count') return `${window.size} records`
  if (window.trigger?.kind === 'custom') return 'all records since it was purged'
  return `all records${window.purge ? ' since it fired' : ''}`
}

/** In words, for explain. */
export function describeWindow(window: WindowSpec): string {
  switch (window.kind) {
    case 'count':
      return `window of ${window.size} records`
    case 'global':
      return `global window${describeTrigger(window)}`
    case 'tumbling':
    case 'sliding': {
      const slide = window.kind === 'sliding' ? ` every ${formatDuration(window.slideMs)}` : ''
      const offset = window.offsetMs === 0 ? '' : `, offset ${formatSigned(window.offsetMs)}`
      return `${window.kind} window ${formatDuration(window.sizeMs)}${slide}${offset}${describeOptions(window)}`
    }
    case 'calendar': {
      const size = window.count === 1 ? `1 ${window.unit}` : `${window.count} ${window.unit}s`
      return `tumbling window ${size} in ${window.timeZone}${describeOptions(window)}`
    }
  }
}

/** Lateness and emission, in words that go on a list. */
export function describeOptions({ latenessMs, emit }: Pick<TimeWindowSpec, 'latenessMs' | 'emit'>): string {
  const lateness = latenessMs === 0 ? '' : `, lateness ${formatDuration(latenessMs)}`
  if (emit === undefined) return lateness
  const early = emit.earlyMs === null ? '' : `early results every ${formatDuration(emit.earlyMs)}, then `
  return `${lateness}, ${early}${emit.then === 'final' ? 'final ones' : 'updates'}`
}

function describeTrigger({ trigger, purge }: GlobalWindowSpec): string {
  if (trigger === null) return ''
  if (trigger.kind === 'custom') {
    const names = Object.keys(trigger.state)
    const state = names.length === 0 ? 'no state' : `state ${names.join(', ')}`
    return `, results by a trigger with ${state}, ${trigger.onTimer === null ? 'no timer' : 'a timer'}`
  }
  const when = trigger.kind === 'count' ? `${trigger.count} records` : formatDuration(trigger.everyMs)
  return `, results every ${when}${purge ? ', beginning anew' : ''}`
}

function formatSigned(duration: number): string {
  return duration < 0 ? `-${formatDuration(-duration)}` : formatDuration(duration)
}
