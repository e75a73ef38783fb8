/** Windows of a program, checked as they are written, as the plan has them. */
import type { CalendarUnit, Emission, TimeWindowSpec, WindowSpec } from '../plan/nodes/windows.ts'
import type { Addition } from './draft.ts'
import { customTrigger } from './triggers.ts'
import type { OptionsDraft, TriggerDraft, WindowDraft } from './windows.ts'

export function windowSpec(add: Addition, draft: WindowDraft): WindowSpec {
  // Untyped code may say so.
  if (draft.kind !== 'global' && 'trigger' in draft) add.invalid('window.trigger', 'only a global window has a trigger: global({ trigger })')
  switch (draft.kind) {
    case 'count':
      return { kind: 'count', size: draft.size }
    case 'global':
      return { kind: 'global', trigger: triggerOf(add, draft), purge: draft.purge ?? false }
    case 'sliding': {
      const sizeMs = add.duration('window.sliding', draft.size, fallbackSize)
      return {
        kind: 'sliding',
        sizeMs,
        slideMs: add.duration('window.slide', draft.slide, sizeMs),
        offsetMs: offsetOf(add, draft.offset),
        ...optionsOf(add, draft),
      }
    }
    case 'tumbling':
      return tumblingSpec(add, draft)
  }
}

function tumblingSpec(add: Addition, draft: Extract<WindowDraft, { kind: 'tumbling' }>): TimeWindowSpec {
  const { size, timeZone, offset } = draft
  const unit = calendarUnit(size)
  if (unit === null && timeZone === undefined) {
    const sizeMs = add.duration('window.tumbling', size, fallbackSize)
    return { kind: 'tumbling', sizeMs, slideMs: sizeMs, offsetMs: offsetOf(add, offset), ...optionsOf(add, draft) }
  }
  const days = /^([1-9]\d{0,3})d$/.exec(size)?.[1]
  if (unit === null && days === undefined) {
    add.invalid('window.timeZone', 'a time zone matters to days, weeks and months: leave it out, or give a size such as 1d, week or month')
  }
  if (offset !== undefined) add.invalid('window.offset', 'windows of days, weeks and months begin at midnight: leave the offset out')
  return { kind: 'calendar', unit: unit ?? 'day', count: Number(days ?? 1), timeZone: timeZone ?? 'UTC', ...optionsOf(add, draft) }
}

function calendarUnit(size: string): Exclude<CalendarUnit, 'day'> | null {
  return size === 'week' || size === 'month' ? size : null
}

function optionsOf(add: Addition, { lateness, emit }: OptionsDraft): { readonly latenessMs: number; readonly emit?: Emission } {
  const emission = emissionSpec(add, emit)
  return { latenessMs: add.duration('window.lateness', lateness, 0), ...(emission && { emit: emission }) }
}

/** Null: one result, when the window is closed. */
export function emissionSpec(add: Addition, emit: OptionsDraft['emit']): Emission | null {
  if (emit === undefined || emit === 'final') return null
  if (typeof emit === 'string') return { then: thenOf(add, 'window.emit', emit), earlyMs: null }
  const earlyMs = add.duration('window.emit.early', emit.early, fallbackSize)
  return { then: thenOf(add, 'window.emit.then', emit.then ?? 'final'), earlyMs }
}

function thenOf(add: Addition, at: string, then: string): Emission['then'] {
  if (then === 'final' || then === 'updates') return then
  if (then === 'complete') add.refuse(at, then)
  else add.invalid(at, `${JSON.stringify(then)} is no emission: give final, updates, or early: 10s`)
  return 'final'
}

function triggerOf(add: Addition, { count, every, trigger, purge }: TriggerDraft): Extract<WindowSpec, { kind: 'global' }>['trigger'] {
  if ([count, every, trigger].filter((one) => one !== undefined).length > 1) add.invalid('window.global', 'give one of them: count, every or trigger')
  if (trigger !== undefined) {
    if (purge !== undefined) add.invalid('window.purge', 'a trigger says itself when its window is purged: leave purge out')
    return customTrigger(add, trigger)
  }
  if (count !== undefined) return { kind: 'count', count }
  return every === undefined ? null : { kind: 'every', everyMs: add.duration('window.global.every', every, fallbackSize) }
}

/** May be negative. */
function offsetOf(add: Addition, offset: string | undefined): number {
  if (typeof offset !== 'string' || !offset.startsWith('-')) return add.duration('window.offset', offset, 0)
  return -add.duration('window.offset', offset.slice(1), 0)
}

/** Stands in for a size that was reported as wrong. */
const fallbackSize = 60_000
