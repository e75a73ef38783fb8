/** Windows as a program writes them. */
import type { Firing } from '../plan/nodes/windows.ts'
import type { Trigger, TriggerFunctions } from './triggers.ts'
import type { Duration } from './values.ts'

/** How records are grouped. `F` are the firings that its results tell apart; never where there is one. */
export interface Window<F extends Firing = Firing> {
  readonly needs: 'event time'
  readonly draft: WindowDraft
  /** Never there; carries the firings for inference. */
  readonly firings?: F
  /** It takes records of any type. */
  readonly takes?: never
}

/** A window that fires by the number of its records, for which it takes no event time. */
export interface CountWindow {
  readonly needs: 'records'
  readonly draft: WindowDraft
  /** It takes records of any type. */
  readonly takes?: never
}

/** A window with a trigger of the author, for records of V. */
export interface TriggeredWindow<V, N extends 'records' | 'event time'> {
  readonly needs: N
  readonly draft: WindowDraft
  /** Never there; carries V for checking. */
  readonly takes?: (value: V) => void
}

/** A window as it was written, right or wrong. */
export type WindowDraft =
  | ({ readonly kind: 'tumbling'; readonly size: string; readonly timeZone?: string | undefined } & OptionsDraft)
  | ({ readonly kind: 'sliding'; readonly size: string; readonly slide: string } & OptionsDraft)
  | { readonly kind: 'count'; readonly size: number }
  | ({ readonly kind: 'global' } & TriggerDraft)

export interface OptionsDraft {
  readonly lateness?: string | undefined
  readonly offset?: string | undefined
  readonly emit?: string | { readonly early: string; readonly then?: string | undefined } | undefined
}

export interface TriggerDraft {
  readonly count?: number | undefined
  readonly every?: string | undefined
  readonly trigger?: TriggerFunctions | undefined
  readonly purge?: boolean | undefined
}

/**
 * When a window gives results. `final`: once, when it is closed. `updates`: when the watermark comes to its end, and again for each later record within the
 * lateness. `early`: before that too, what has changed, each time the watermark comes to a multiple of the duration.
 */
export type Emit = 'final' | 'updates' | { readonly early: Duration; readonly then?: 'final' | 'updates' }

/** The firings that the results of an emission tell apart. */
export type FiringsOf<E extends Emit> = E extends 'final'
  ? never
  : E extends 'updates'
    ? Late
    : E extends { readonly then: 'updates' }
      ? 'early' | Late
      : 'early' | 'final'
type Late = 'on-time' | 'late'

export interface WindowOptions<E extends Emit = Emit> {
  /** How long a window stays open for late records behind its end. @default '0s' */
  readonly lateness?: Duration
  /** Shifts all windows, back with a minus; without it they are aligned to the epoch (UTC). @default '0s' */
  readonly offset?: Duration
  /** @default 'final': one row per key, when the window is closed */
  readonly emit?: E
}

export interface CalendarOptions {
  /** Windows of whole days, weeks and months go from midnight to midnight of this zone. `Europe/Berlin` @default for week and month 'UTC' */
  readonly timeZone?: string
}

/** What a window may be long: a duration, or a week from Monday on, or a month. */
export type CalendarSize = Duration | 'week' | 'month'

/** Windows side by side: each record is in one. `tumbling('1m', { lateness: '30s' })`, `tumbling('1d', { timeZone: 'Europe/Berlin' })` */
export function tumbling<const E extends Emit = 'final'>(size: CalendarSize, options: WindowOptions<E> & CalendarOptions = {}): Window<FiringsOf<E>> {
  return timed({ kind: 'tumbling', size, ...options })
}

/** Windows of `size`, one beginning every `slide`: each record is in size / slide of them. `sliding('10m', '1m')` */
export function sliding<const E extends Emit = 'final'>(size: Duration, slide: Duration, options: WindowOptions<E> = {}): Window<FiringsOf<E>> {
  return timed({ kind: 'sliding', size, slide, ...options })
}

/** So many records of a key, in the order of arrival, then as many again. */
export function countWindow(size: number): CountWindow {
  return Object.freeze({ needs: 'records', draft: Object.freeze({ kind: 'count', size }) })
}

export interface CountTrigger {
  /** Fires each time so many records of a key have come. */
  readonly count: number
  /** Begins anew when it has fired. @default false */
  readonly purge?: boolean
}

export interface TimeTrigger {
  /** Fires for the keys that have changed, each time the watermark comes to a multiple of it. */
  readonly every: Duration
  /** Begins anew when it has fired. @default false */
  readonly purge?: boolean
}

/** All records of a key, in one window without an end, which gives results when the trigger says so. State is kept for each key until that purges it. */
export function global<V, N extends 'records' | 'event time'>(options: { readonly trigger: Trigger<V, N> }): TriggeredWindow<V, N>
/** All records of a key, in one window without an end. State is kept for each key for ever, unless it is purged. */
export function global(trigger: CountTrigger): CountWindow
/** All records of a key, in one window without an end. State is kept for each key for ever, unless it is purged. */
export function global(trigger: TimeTrigger): Window<never>
export function global(options: CountTrigger | TimeTrigger | { readonly trigger: Trigger<never, 'records' | 'event time'> }): AnyGlobal {
  if ('trigger' in options) {
    // Untyped code may give nothing; that is refused with the plan.
    const given: Partial<typeof options.trigger> | undefined | null = options.trigger
    const draft: WindowDraft = Object.freeze({ kind: 'global', ...options, trigger: given?.functions })
    return Object.freeze({ needs: given?.needs ?? 'records', draft })
  }
  const draft: WindowDraft = Object.freeze({ kind: 'global', ...options })
  return 'every' in options ? timed(draft) : Object.freeze({ needs: 'records', draft })
}

type AnyGlobal = CountWindow | Window<never> | TriggeredWindow<never, 'records' | 'event time'>

function timed<F extends Firing>(draft: WindowDraft): Window<F> {
  return Object.freeze({ needs: 'event time', draft: Object.freeze(draft) })
}
